//! What the documents show, compiled and run by tests.
//!
//! Each program in `src/bin` is whole: copy it, and it runs. [`document`] holds the documents to them.

pub mod document;
pub mod doors;
pub mod notes;

/// The plugin that the README shows.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
