//! What came of a request, by a name; and how often.

use std::{collections::BTreeMap, fmt, time::Duration};

use greenroom_conformance::wire::Head;
use serde_json::Value;

use crate::{
    exchange::{End, Got},
    kind::Kind,
    lines::foreign,
};

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// By Node, in full, and by the nonce.
    Answered,
    /// By Node, which has not all of its routes yet.
    NotStarted(u16),
    /// By Greenroom: the status, and the value of `X-Greenroom-Error`.
    Ours(u16, String),
    /// The client has left, as it was to.
    Left,
    /// The connection ended in the midst of Node's answer.
    Cut,
    /// An event stream that ended early and in order, as it does with the start of Node that it belongs to.
    Short,
    // None of these may be.
    /// The connection ended before an answer.
    Closed,
    /// No connection could be made.
    Unconnected(String),
    /// Another one's answer, or bytes of one.
    Misdelivered(String),
    /// Node has been asked twice.
    Twice,
    Malformed(String),
    Hung,
}

impl Outcome {
    pub(crate) fn is_ours(&self, status: u16, code: &str) -> bool {
        matches!(self, Self::Ours(was, told) if (*was, &**told) == (status, code))
    }

    /// Whether it may be when Node was not there for a part of the time.
    pub(crate) fn may_be_without_node(&self) -> bool {
        match self {
            Self::NotStarted(_) | Self::Cut | Self::Short => true,
            Self::Ours(503, code) => ["upstream_down", "upstream_starting"].contains(&&**code),
            Self::Ours(502, code) => code == "upstream_broke",
            _ => false,
        }
    }

    /// What came, judged by what was asked for.
    pub(crate) fn of(kind: &Kind, nonce: &str, got: &Got) -> Self {
        let Some(head) = &got.head else {
            return match &got.end {
                End::Left => Self::Left,
                End::Malformed(why) => Self::Malformed(why.clone()),
                _ => Self::Closed,
            };
        };
        let text = String::from_utf8_lossy(&got.text);
        if let Some(other) = foreign(&text, nonce) {
            return Self::Misdelivered(format!("{other} in the body"));
        }
        match head.header("x-nonce") {
            Some(theirs) if theirs != nonce => return Self::Misdelivered(format!("{theirs} in the head")),
            Some(_) if head.status == 200 => {}
            _ => return Self::without_nonce(head, nonce, &text, &got.end),
        }
        match &got.end {
            End::Left => Self::Left,
            End::Cut => Self::Cut,
            End::Malformed(why) => Self::Malformed(why.clone()),
            End::Foreign => Self::Misdelivered("other bytes in the body".to_owned()),
            End::Whole => Self::whole(kind, nonce, got, &text),
        }
    }

    /// An answer that none of the routes has given.
    fn without_nonce(head: &Head, nonce: &str, text: &str, end: &End) -> Self {
        match end {
            End::Left => return Self::Left,
            End::Whole => {}
            End::Cut if head.header("x-greenroom-error").is_none() => return Self::Cut,
            _ => return Self::Malformed(format!("an answer of {} that is not whole", head.status)),
        }
        match head.header("x-greenroom-error") {
            // It repeats the URL.
            Some(_) if !text.contains(nonce) => Self::Misdelivered("an error without this nonce".to_owned()),
            Some(code) => Self::Ours(head.status, code.to_owned()),
            None if matches!(head.status, 400 | 408 | 413 | 431) => Self::Ours(head.status, String::new()),
            None if matches!(head.status, 404 | 503) => Self::NotStarted(head.status),
            None => Self::Malformed(format!("{} of nobody: {text}", head.status)),
        }
    }

    /// Whether what is whole is what was asked for.
    fn whole(kind: &Kind, nonce: &str, got: &Got, text: &str) -> Self {
        let other = |what: &str| Self::Misdelivered(format!("{what}: {:.200}", text));
        if let Some(length) = kind.answer_length() {
            return if got.length == length { Self::Answered } else { other("another length") };
        }
        if let Kind::Events { count, .. } = kind {
            let all: String = (0..*count).map(|at| format!("data: {nonce} {at}\n\n")).collect();
            return match all.strip_prefix(text) {
                Some("") => Self::Answered,
                Some(_) => Self::Short,
                None => other("other events"),
            };
        }
        let Ok(json) = serde_json::from_str::<Value>(text) else { return other("no JSON") };
        match kind {
            _ if json["nonce"] != nonce => other("another nonce"),
            Kind::Store { .. } | Kind::SlowWriter { .. } if json["twice"] == true => Self::Twice,
            Kind::Store { bytes, .. } | Kind::SlowWriter { bytes }
                if json["length"] != *bytes || json["intact"] != true =>
            {
                other("another body arrived")
            }
            _ => Self::Answered,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => f.write_str("answered by Node"),
            Self::NotStarted(status) => write!(f, "{status} of Node while it starts"),
            Self::Ours(status, code) if code.is_empty() => write!(f, "{status} of Greenroom"),
            Self::Ours(status, code) => write!(f, "{status} `{code}`"),
            Self::Left => f.write_str("the client left"),
            Self::Cut => f.write_str("ended in mid-body, as Node's did"),
            Self::Short => f.write_str("ended early, in order"),
            Self::Closed => f.write_str("CLOSED without an answer"),
            Self::Unconnected(why) => write!(f, "NO CONNECTION: {why}"),
            Self::Misdelivered(what) => write!(f, "MISDELIVERED: {what}"),
            Self::Twice => f.write_str("Node was asked TWICE"),
            Self::Malformed(why) => write!(f, "MALFORMED: {why}"),
            Self::Hung => f.write_str("HUNG"),
        }
    }
}

/// How often what came of what.
#[derive(Debug, Default)]
pub(crate) struct Table(BTreeMap<(&'static str, String), (u64, Duration)>);

impl Table {
    pub(crate) fn note(&mut self, kind: &'static str, outcome: String, took: Duration) {
        let (count, slowest) = self.0.entry((kind, outcome)).or_default();
        *count += 1;
        *slowest = took.max(*slowest);
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.values().map(|(count, _)| count).sum()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "| what was asked | what came of it | times | the slowest (s) |\n| --- | --- | --- | --- |\n",
        )?;
        for ((kind, outcome), (count, slowest)) in &self.0 {
            writeln!(f, "| {kind} | {outcome} | {count} | {:.1} |", slowest.as_secs_f64())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "nonce-1-0000007";

    fn outcome(kind: &Kind, status: u16, headers: &[(&str, &str)], text: &str, end: End) -> Outcome {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let head = Some(Head { status, reason: String::new(), headers });
        let length = text.len() as u64;
        Outcome::of(kind, NONCE, &Got { head, text: text.into(), length, end, is_sent: true })
    }

    #[test]
    fn an_answer_of_another_request_is_none_wherever_that_shows() {
        let ours: &[(&str, &str)] = &[("X-Nonce", NONCE)];
        let text = format!(r#"{{"nonce":"{NONCE}"}}"#);
        assert_eq!(outcome(&Kind::Small, 200, ours, &text, End::Whole), Outcome::Answered);
        for (headers, text, end) in [
            (&[("X-Nonce", "nonce-1-0000008")][..], &*text, End::Whole),
            (ours, r#"{"nonce":"nonce-1-0000008"}"#, End::Whole),
            (ours, r#"{"nonce":"nonce-1-00000071"}"#, End::Cut),
            (ours, "{}", End::Whole),
            (ours, "", End::Foreign),
            (&[("X-Greenroom-Error", "upstream_down")], r#"{"url":"/another"}"#, End::Whole),
        ] {
            let outcome = outcome(&Kind::Small, 200, headers, text, end);
            assert!(matches!(outcome, Outcome::Misdelivered(_)), "{text}: {outcome}");
            assert!(!Kind::Small.wants(&outcome) && !outcome.may_be_without_node());
        }
    }

    #[test]
    fn whose_error_it_is_and_whether_it_may_be() {
        let text = format!(r#"{{"request":{{"url":"/api/endure/echo/{NONCE}"}}}}"#);
        let of =
            |status, code| outcome(&Kind::Small, status, &[("X-Greenroom-Error", code)], &text, End::Whole);
        assert!(of(503, "upstream_down").may_be_without_node());
        assert!(of(502, "upstream_broke").may_be_without_node());
        for other in [of(502, "upstream_malformed"), of(503, "overloaded"), Outcome::Closed, Outcome::Hung] {
            assert!(!other.may_be_without_node(), "{other}");
        }
        assert_eq!(outcome(&Kind::Small, 503, &[], &text, End::Whole), Outcome::NotStarted(503));
        assert!(outcome(&Kind::SlowHead, 408, &[], "", End::Whole).is_ours(408, ""));
    }

    #[test]
    fn what_breaks_off_is_cut_and_an_event_stream_may_end_early_in_order() {
        let headers = &[("X-Nonce", NONCE)];
        assert_eq!(outcome(&Kind::Small, 200, headers, "{", End::Cut), Outcome::Cut);
        let (events, one) = (Kind::Events { count: 2, ms: 1 }, format!("data: {NONCE} 0\n\n"));
        assert_eq!(outcome(&events, 200, headers, &one, End::Whole), Outcome::Short);
        assert_eq!(outcome(&events, 200, headers, &one, End::Cut), Outcome::Cut);
        let two = format!("{one}data: {NONCE} 1\n\n");
        assert_eq!(outcome(&events, 200, headers, &two, End::Whole), Outcome::Answered);
    }
}
