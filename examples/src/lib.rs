//! What the documents show, compiled and run by tests.
