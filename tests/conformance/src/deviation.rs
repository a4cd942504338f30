//! The differences that are meant: each rule cites the row of `docs/compatibility.md` that says why.

use crate::compare::Difference;

mod calls;
mod recordings;
mod requests;
mod stories;

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
    /// A generated request and how both answered.
    Request(&'a crate::differential::Case, Statuses),
    /// The access line of a generated request and the statuses that both tell there.
    AccessLine(&'a crate::differential::Case, Statuses),
    /// A generated log call.
    Call(&'a serde_json::Value),
}

/// The statuses of two answers to the same request; 0 where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statuses {
    /// Node's.
    pub node: u16,
    /// Ours.
    pub ours: u16,
}

/// A difference that is meant.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What to call it.
    pub name: &'static str,
    /// The first cell of its row in `docs/compatibility.md`.
    pub row: &'static str,
    /// Whether the difference is this one, by what was asked and by both values.
    pub covers: fn(&Subject<'_>, &Difference) -> bool,
}

/// All rules.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    stories::RULES.iter().chain(requests::RULES).chain(calls::RULES).chain(recordings::RULES)
}

/// The name of the rule that covers a difference.
pub fn explains(subject: &Subject<'_>, difference: &Difference) -> Option<&'static str> {
    rules().find(|rule| (rule.covers)(subject, difference)).map(|rule| rule.name)
}

/// Whether the text holds what `util.format` replaces.
fn has_printf_token(text: &str) -> bool {
    text.as_bytes().windows(2).any(|two| two[0] == b'%' && b"scdjifoO%".contains(&two[1]))
}

/// A line is there on one side only.
fn is_line(d: &Difference) -> bool {
    d.what.ends_with(" line")
}

/// A field is in our line only.
fn is_kept_field(d: &Difference) -> bool {
    d.what.starts_with("field ") && d.recorded.is_none()
}
