//! Who was here.

use greenroom_plugin_rum_store::queries::{Has, Met, SessionCounts};

use super::Answer;
use crate::words::{count, counted, span};

/// Of sessions that began in a time and met what was asked: how many, how many of them are open, and how many met an error.
pub(crate) fn sessions(counts: SessionCounts, met: &Met, t: &str) -> Answer {
    let has = match met.has {
        None => "",
        Some(Has::Errors) => " with an error",
        Some(Has::Frustration) => " with a frustration",
        Some(Has::SlowView) => " with a slow view",
    };
    let group = if met.error.is_some() { " that met this error" } else { "" };
    let met_all = met.has == Some(Has::Errors) || met.error.is_some();
    let SessionCounts { sessions, open, with_errors } = counts;
    let sentence = if sessions == 0 {
        format!("No session{has}{group} in {}.", span(t))
    } else {
        let open = match open {
            0 => "none is open now".to_owned(),
            1 => "one is open now".to_owned(),
            open => format!("{} are open now", count(open)),
        };
        let errors = match with_errors {
            // What all of them were asked for is said already.
            _ if met_all => String::new(),
            0 => " and none met an error".to_owned(),
            1 => " and one met an error".to_owned(),
            met => format!(" and {} met an error", count(met)),
        };
        let counted = counted(sessions, "session", "sessions");
        format!("{counted}{has}{group} in {}; {open}{errors}.", span(t))
    };
    Answer::new(sentence).detail(
        "Newest first. Names are not stored; a session is known by its id only, and ends after 15 minutes without an event.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(counts: (i64, i64, i64), met: Met) -> String {
        let (sessions, open, with_errors) = counts;
        let counts = SessionCounts { sessions, open, with_errors };
        super::sessions(counts, &met, "7d").sentence.replace('\u{a0}', " ")
    }

    #[test]
    fn one_and_none_are_said_as_people_say_them() {
        let said = |sessions, open, with_errors| said((sessions, open, with_errors), Met::default());
        assert_eq!(
            said(1085, 41, 86),
            "1,085 sessions in the last 7 days; 41 are open now and 86 met an error."
        );
        assert_eq!(said(1, 1, 0), "1 session in the last 7 days; one is open now and none met an error.");
        assert_eq!(said(2, 0, 1), "2 sessions in the last 7 days; none is open now and one met an error.");
        assert_eq!(said(0, 0, 0), "No session in the last 7 days.");
    }

    #[test]
    fn it_counts_what_is_listed() {
        assert_eq!(
            said((12, 1, 3), Has::Frustration.into()),
            "12 sessions with a frustration in the last 7 days; one is open now and 3 met an error."
        );
        assert_eq!(
            said((136, 0, 136), Has::Errors.into()),
            "136 sessions with an error in the last 7 days; none is open now."
        );
        assert_eq!(said((0, 0, 0), Has::SlowView.into()), "No session with a slow view in the last 7 days.");
        let of_group = Met { has: None, error: Some("9f3a61d0c27b84e5".to_owned()) };
        assert_eq!(
            said((1, 0, 1), of_group),
            "1 session that met this error in the last 7 days; none is open now."
        );
    }
}
