//! Stacks of errors, as the SDK and browsers write them.
