//! The body of the track `rum`: one event a line, each looked at before any of it leaves.

use std::borrow::Cow;

use bytes::Bytes;

use super::zlib::{NotInflated, deflate, inflate};
use crate::{
    refusal::Refusal,
    scrub::{Event, Look, Parameters, scrub},
    settings::Origin,
    urls::INTAKE,
    uuid::is_uuid,
};

/// How many bytes may leave before they are deflated: masks may be longer than what they replace.
const LARGEST: usize = 4 << 20;
/// An SDK drops what is larger.
const LONGEST_LINE: usize = 256 << 10;

/// What becomes of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// What leaves: the bytes that came, if there was nothing to take out of them; empty if nothing is left, or nothing is to leave.
    pub(crate) body: Bytes,
    /// The same as lines, whatever form they came in.
    pub(crate) text: String,
    pub(crate) accepted: usize,
    /// Lines that are no events of this portal.
    pub(crate) rejected: usize,
}

/// What events have to be, and how they are scrubbed.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) application_id: String,
    pub(crate) kept: Parameters,
    /// Whether anything leaves.
    pub(crate) forwards: bool,
    /// The path at which the backend's routes begin.
    pub(crate) path: String,
    /// The backend's origin, where pages are of another one.
    pub(crate) backend: Option<Origin>,
}

/// What one line is.
enum Line {
    Event {
        is_changed: bool,
    },
    /// It reports a request to this very intake.
    Own,
    Unreadable,
    Foreign,
}

impl Rules {
    /// Asks before each line whether it is still wanted: what a line may cost is bounded by its length.
    pub(crate) fn batch(
        &self,
        body: Bytes,
        is_deflated: bool,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Batch, Refusal> {
        let inflated = match is_deflated {
            true => Cow::Owned(inflate(&body).map_err(|error| match error {
                NotInflated::TooLarge => Refusal::TooLarge,
                NotInflated::Broken => Refusal::Unreadable,
            })?),
            false => Cow::Borrowed(&body[..]),
        };
        let mut left = String::with_capacity(inflated.len());
        let mut look = Look::new(&self.kept);
        let (mut events, mut own, mut unreadable, mut foreign, mut is_changed) = (0, 0, 0, 0, false);
        for line in inflated.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            if !is_wanted() {
                return Err(Refusal::Busy);
            }
            let before = left.len();
            if before > 0 {
                left.push('\n');
            }
            match self.line(line, &mut look, &mut left) {
                Line::Event { is_changed: of_this } => {
                    (events, is_changed) = (events + 1, is_changed | of_this);
                    if left.len() > LARGEST {
                        return Err(Refusal::TooLarge);
                    }
                    continue;
                }
                Line::Own => own += 1,
                Line::Unreadable => unreadable += 1,
                Line::Foreign => foreign += 1,
            }
            is_changed = true;
            left.truncate(before);
        }
        let (accepted, rejected) = (events + own, unreadable + foreign);
        if accepted == 0 {
            return Err(if foreign > 0 { Refusal::WrongApplication } else { Refusal::Unreadable });
        }
        drop(inflated);
        let body = match (is_changed, is_deflated && events > 0) {
            _ if !self.forwards => Bytes::new(),
            (false, _) => body,
            (true, false) => left.clone().into(),
            // It is in memory: nothing fails to be written.
            (true, true) => deflate(left.as_bytes()).map_err(|_| Refusal::Unreadable)?.into(),
        };
        Ok(Batch { body, text: left, accepted, rejected })
    }

    /// Writes it behind `out`, which for all but events is of no use.
    fn line(&self, line: &[u8], look: &mut Look<'_>, out: &mut String) -> Line {
        let text = std::str::from_utf8(line).ok().filter(|text| text.len() <= LONGEST_LINE);
        let scrubbed =
            text.filter(|text| text.trim_start().starts_with('{')).map(|text| scrub(text, look, out));
        let Some(Ok(scrubbed)) = scrubbed else { return Line::Unreadable };
        let event = scrubbed.event;
        // Who reads it next may take another one of them for the one that was looked at here.
        if event.kinds.len() > 1 || event.applications.len() > 1 {
            return Line::Unreadable;
        }
        if !self.is_ours(&event) {
            return Line::Foreign;
        }
        if event.is("resource") && self.reports_intake(&event) {
            return Line::Own;
        }
        Line::Event { is_changed: scrubbed.is_changed }
    }

    /// What the SDK tells of itself may be of no application.
    fn is_ours(&self, event: &Event) -> bool {
        let is_ours = event.applications.iter().all(|id| *id == self.application_id);
        let is_of_one = !event.applications.is_empty() || event.is("telemetry");
        is_ours && is_of_one && event.ids.iter().all(|id| is_uuid(id))
    }

    /// Whether it is of a request to the intake: to its path, on the backend's host, which is the page's if the config knows no
    /// other one. Where that is not known, on whatever host.
    fn reports_intake(&self, event: &Event) -> bool {
        let of_pages = || event.pages.iter().filter_map(|page| Origin::of(page)).collect();
        let hosts: Vec<_> = self.backend.clone().map_or_else(of_pages, |backend| vec![backend]);
        let is_there =
            |url: &str| hosts.is_empty() || Origin::of(url).is_none_or(|origin| hosts.contains(&origin));
        event.resources.iter().any(|url| self.is_intake(url) && is_there(url))
    }

    fn is_intake(&self, url: &str) -> bool {
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
            None => url,
        };
        let below = path.strip_prefix(&*self.path).and_then(|path| path.strip_prefix(INTAKE));
        below.is_some_and(|below| below.is_empty() || below.starts_with(['/', '?', '#']))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "11111111-2222-4333-8444-555555555555";
    const VIEW: &str = "0b1c2d3e-4f50-4a6b-8c7d-8e9fa0b1c2d3";

    fn rules() -> Rules {
        Rules {
            application_id: ID.to_owned(),
            kept: Parameters::with([]),
            forwards: true,
            path: "/base".to_owned(),
            backend: None,
        }
    }

    fn event(kind: &str, more: &str) -> String {
        format!(r#"{{"type":"{kind}","application":{{"id":"{ID}"}},"view":{{"id":"{VIEW}"}}{more}}}"#)
    }

    fn batch(lines: &[String]) -> Result<Batch, Refusal> {
        rules().batch(lines.join("\n").into(), false, || true)
    }

    #[test]
    fn rum_21_lines_that_are_no_events_are_left_out_and_the_others_go_on() {
        let good = event("view", "");
        let deep = event("view", &format!(r#","context":{}1{}"#, "[".repeat(40), "]".repeat(40)));
        let long = event("view", &format!(r#","context":"{}""#, "x".repeat(LONGEST_LINE)));
        for bad in ["{", "[]", "1", "x", &deep, &long, "{\"type\":\"\u{1}\"}"] {
            let lines = [good.clone(), bad.to_owned(), good.clone()];
            let read = batch(&lines).unwrap();
            assert_eq!((read.accepted, read.rejected), (2, 1), "{bad:.40}");
            assert_eq!(read.body, format!("{good}\n{good}"));
        }
        assert_eq!(batch(&["{".to_owned(), "x".to_owned()]), Err(Refusal::Unreadable));
        assert_eq!(rules().batch(Bytes::new(), false, || true), Err(Refusal::Unreadable));
        assert_eq!(rules().batch(Bytes::from_static(b"\xff\xfe"), false, || true), Err(Refusal::Unreadable));
    }

    #[test]
    fn rum_21_what_says_twice_what_it_is_or_whose_is_no_event() {
        let telemetry = r#"{"type":"telemetry","type":"view"}"#;
        let written_otherwise = r#"{"type":"telemetry","\u0074ype":"view"}"#;
        let twice = event("view", r#","type":"view""#);
        let other = event("view", r#","application":{"id":"other"}"#);
        let same = event("view", &format!(r#","application":{{"id":"{ID}"}}"#));
        for bad in [telemetry, written_otherwise, &twice, &other, &same] {
            let read = batch(&[bad.to_owned(), event("view", "")]).unwrap();
            assert_eq!((read.accepted, read.rejected), (1, 1), "{bad}");
        }
    }

    #[test]
    fn rum_19_what_grows_by_its_masks_is_bounded_too() {
        let long = event("view", &format!(r#","usr":[{}1]"#, "1,".repeat(80_000)));
        let grown = batch(std::slice::from_ref(&long)).unwrap().body;
        assert_eq!(grown.len(), long.len() + 80_001 * 4);
        assert_eq!(batch(&vec![long; LARGEST / grown.len() + 1]), Err(Refusal::TooLarge));
    }

    #[test]
    fn rum_54_what_nobody_waits_for_any_more_is_looked_at_no_further() {
        let asked = std::cell::Cell::new(0);
        let is_wanted = || asked.replace(asked.get() + 1) < 2;
        let lines = vec![event("view", ""); 9].join("\n");
        assert_eq!(rules().batch(lines.into(), false, is_wanted), Err(Refusal::Busy));
        assert_eq!(asked.get(), 3, "two lines of nine");
    }

    #[test]
    fn rum_16_events_of_another_application_are_rejected() {
        let foreign = event("view", "").replace(ID, VIEW);
        let nameless = r#"{"type":"view","view":{"id":"x"}}"#.to_owned();
        let odd = event("view", "").replace(VIEW, "../../x");
        for bad in [foreign, nameless, odd] {
            assert_eq!(batch(std::slice::from_ref(&bad)), Err(Refusal::WrongApplication), "{bad}");
            assert_eq!(batch(&[bad, event("view", "")]).unwrap().rejected, 1);
        }
        assert_eq!(batch(&[r#"{"type":"telemetry"}"#.to_owned()]).unwrap().accepted, 1);
    }

    #[test]
    fn rum_12_calls_of_the_intake_itself_go_no_further() {
        let resource = |url: &str| event("resource", &format!(r#","resource":{{"url":"{url}"}}"#));
        let (own, other) =
            (resource("https://p.example/base/api/rum/intake"), resource("https://p.example/base/api/x"));
        let read = batch(&[own.clone(), other.clone()]).unwrap();
        assert_eq!((read.body, read.accepted, read.rejected), (other.into(), 2, 0));
        let none = batch(&[own]).unwrap();
        assert_eq!((none.body.len(), none.accepted), (0, 1));
    }

    #[test]
    fn rum_12_what_is_like_a_call_of_the_intake_goes_on() {
        let left = |backend: Option<&str>, page: &str, url: &str| {
            let rules = Rules { backend: backend.map(|url| Origin::of(url).unwrap()), ..rules() };
            let view = format!(r#"{{"id":"{VIEW}","url":"{page}"}}"#);
            let event = event("resource", &format!(r#","view":{view},"resource":{{"url":"{url}"}}"#));
            !rules.batch(event.into(), false, || true).unwrap().body.is_empty()
        };
        let page = "https://p.example/x";
        for (backend, url, expected) in [
            (None, "https://p.example/base/api/rum/intake?ddforward=x", false),
            (None, "https://p.example/base/api/rum/intake/x", false),
            (None, "/base/api/rum/intake#x", false),
            (None, "https://p.example/base/api/rum/intake-stats", true),
            (None, "https://p.example/api/rum/intake", true),
            (None, "https://other.example/base/api/rum/intake", true),
            (Some("https://b.example"), "https://b.example/base/api/rum/intake", false),
            (Some("https://b.example"), "https://p.example/base/api/rum/intake", true),
        ] {
            assert_eq!(left(backend, page, url), expected, "{url}");
        }
        assert!(!left(None, "/x", "https://any.example/base/api/rum/intake"), "whose host is not known");
    }

    proptest! {
        #[test]
        fn what_has_nothing_to_take_out_leaves_as_the_bytes_that_came(count in 1_usize..5, is_deflated: bool, ends: bool) {
            let mut text = vec![event("view", r#", "n" : 1.0"#); count].join("\n");
            if ends {
                text.push('\n');
            }
            let body = if is_deflated { deflate(text.as_bytes()).unwrap() } else { text.into_bytes() };
            let read = rules().batch(body.clone().into(), is_deflated, || true).unwrap();
            prop_assert_eq!((read.body, read.accepted), (Bytes::from(body), count));
        }

        #[test]
        fn what_is_taken_out_of_a_deflated_body_leaves_deflated(count in 1_usize..5) {
            let text = vec![event("error", r#","error":{"causes":[{"message":"hunter2@example.com"}]}"#); count].join("\n");
            let read = rules().batch(deflate(text.as_bytes()).unwrap().into(), true, || true).unwrap();
            let left = String::from_utf8(inflate(&read.body).unwrap()).unwrap();
            prop_assert_eq!(left, text.replace("hunter2@example.com", "***"));
        }

        #[test]
        fn any_bytes_are_a_batch_or_not(bytes in prop::collection::vec(any::<u8>(), 0..64), is_deflated: bool) {
            let _ = rules().batch(bytes.into(), is_deflated, || true);
        }
    }
}
