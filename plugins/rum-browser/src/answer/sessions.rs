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

#[cfg(test)]
mod tests {
    use super::sessions;

    #[test]
    fn one_and_none_are_said_as_people_say_them() {
        let said = |began, open, met| sessions(began, open, met, "7d").sentence.replace('\u{a0}', " ");
        assert_eq!(
            said(1085, 41, 86),
            "1,085 sessions in the last 7 days; 41 are open now and 86 met an error."
        );
        assert_eq!(said(1, 1, 0), "1 session in the last 7 days; one is open now and none met an error.");
        assert_eq!(said(2, 0, 1), "2 sessions in the last 7 days; none is open now and one met an error.");
    }
}
