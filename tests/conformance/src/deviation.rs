//! The differences that are meant: each rule cites the row of `docs/compatibility.md` that says why.

use crate::compare::Difference;

mod rules;

pub use rules::RULES;

/// What was compared.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A step of a story.
    Story {
        /// The story's name.
        story: &'a str,
        /// Its request (`GET /path`), or what else was compared (`exit`).
        request: &'a str,
    },
    /// The log of a story.
    Log {
        /// The story's name.
        story: &'a str,
    },
    /// A generated request, as text.
    Request(&'a crate::differential::Case),
    /// The access line of a generated request.
    AccessLine(&'a crate::differential::Case),
    /// A generated log call.
    Call(&'a serde_json::Value),
}

/// A difference that is meant.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What to call it.
    pub name: &'static str,
    /// The first cell of its row in `docs/compatibility.md`.
    pub row: &'static str,
    /// Whether the difference is this one.
    pub covers: fn(&Subject<'_>, &Difference) -> bool,
}

/// The name of the rule that covers a difference.
pub fn explains(subject: &Subject<'_>, difference: &Difference) -> Option<&'static str> {
    RULES.iter().find(|rule| (rule.covers)(subject, difference)).map(|rule| rule.name)
}
