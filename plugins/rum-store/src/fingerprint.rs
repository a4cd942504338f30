//! By what errors are one group.
