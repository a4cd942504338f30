//! The sentence that a page begins with, and the lines below it: what the data says, in words.

mod errors;
mod resources;
mod session;
mod sessions;
mod vitals;

pub(crate) use self::{
    errors::{error, errors},
    resources::resources,
    session::{Slowest, cause, session},
    sessions::sessions,
    vitals::{vitals, worst_route},
};

/// What is said first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// State, since when, because of what.
    pub(crate) sentence: String,
    /// How much, where, and what it rests on.
    pub(crate) details: Vec<String>,
}

impl Answer {
    fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), details: vec![] }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }
}
