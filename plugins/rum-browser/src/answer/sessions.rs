//! Who was here.

use super::Answer;
use crate::words::{count, counted, span};

/// Of sessions that began in a time: how many, how many of them are open, and how many met an error.
pub(crate) fn sessions(began: i64, open: i64, with_errors: i64, t: &str) -> Answer {
    let open = match open {
        0 => "none is open now".to_owned(),
        1 => "one is open now".to_owned(),
        open => format!("{} are open now", count(open)),
    };
    let met = match with_errors {
        0 => "none met an error".to_owned(),
        1 => "one met an error".to_owned(),
        met => format!("{} met an error", count(met)),
    };
    Answer::new(format!("{} in {}; {open} and {met}.", counted(began, "session", "sessions"), span(t))).detail(
        "Newest first. Names are not stored; a session is known by its id only, and ends after 15 minutes without an event.",
    )
}
