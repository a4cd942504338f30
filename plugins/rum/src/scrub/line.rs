//! One event, as the browser wrote it: masked where something is found, and not touched anywhere else.
//!
//! The browser has masked most of it already. What an SDK's `beforeSend` cannot change is masked here alone: the causes of
//! errors, names of vitals and timings, users.

use std::ops::Range;

use greenroom_redact as redact;

use super::Look;
use crate::json::{Leaf, Malformed, Path, Text, walk};

/// The mask as a value.
const MASKED: &str = "\"***\"";

/// What one line of a batch tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scrubbed {
    /// Whether anything was found in it.
    pub(crate) is_changed: bool,
    pub(crate) event: Event,
}

/// What else is to know of an event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Each `type`.
    pub(crate) kinds: Vec<String>,
    /// Each `application.id`, of which there should be one.
    pub(crate) applications: Vec<String>,
    /// Each `session.id` and `view.id`.
    pub(crate) ids: Vec<String>,
    /// Each `resource.url`.
    pub(crate) resources: Vec<String>,
    /// Each `view.url`.
    pub(crate) pages: Vec<String>,
}

/// Writes the line behind `out`, with what is personal or secret masked; fails for what is no JSON, of which it may have
/// written a part.
pub(crate) fn scrub(line: &str, look: &mut Look<'_>, out: &mut String) -> Result<Scrubbed, Malformed> {
    let mut event = Event::default();
    let mut copy = Copy { line, at: 0, out, is_changed: false };
    // How deep the name of a secret stands, that all of this is below.
    let mut secret_from = None;
    walk(line, |path, leaf| match leaf {
        Leaf::Word => {}
        Leaf::Left => secret_from = secret_from.filter(|depth| *depth != path.len()),
        Leaf::Name(text) => {
            // Once for each name: asked at each value below it, long names would take their length squared.
            if look.is_known(&text.meant) {
                return;
            }
            if secret_from.is_none() && look.is_secret(&text.meant) {
                secret_from = Some(path.len());
            }
            copy.mask_parts(&text, look);
        }
        Leaf::Number(range) => {
            if is_of_user(path) || (secret_from.is_some() && !is_measured(path)) {
                copy.mask(range, MASKED);
            }
        }
        Leaf::Text(text) => {
            event.note(path, &text);
            match is_of_user(path) || secret_from.is_some() {
                true if text.meant.trim_matches('*').is_empty() => {}
                true => copy.mask(text.range, redact::MASK),
                false => copy.mask_parts(&text, look),
            }
        }
    })?;
    copy.out.push_str(&line[copy.at..]);
    Ok(Scrubbed { is_changed: copy.is_changed, event })
}

/// The line as it leaves.
#[cfg(test)]
pub(crate) fn scrubbed_line(line: &str, kept: &super::Parameters) -> String {
    let mut out = String::new();
    scrub(line, &mut Look::new(kept), &mut out).unwrap_or_else(|Malformed| panic!("no JSON: {line}"));
    out
}

/// A line that is written on, but for what is masked.
struct Copy<'a> {
    line: &'a str,
    /// Up to where it is written.
    at: usize,
    out: &'a mut String,
    is_changed: bool,
}

impl Copy<'_> {
    /// What is masked comes in the order in which it stands.
    fn mask(&mut self, range: Range<usize>, mask: &str) {
        self.out.push_str(&self.line[self.at..range.start]);
        self.out.push_str(mask);
        (self.at, self.is_changed) = (range.end, true);
    }

    fn mask_parts(&mut self, text: &Text<'_>, look: &mut Look<'_>) {
        for found in look.at(&text.meant) {
            self.mask(text.written(found), redact::MASK);
        }
    }
}

impl Event {
    fn note(&mut self, path: Path<'_, '_>, text: &Text<'_>) {
        let list = match path {
            [name] if name == "type" => &mut self.kinds,
            [above, name] => match (&**above, &**name) {
                ("application", "id") => &mut self.applications,
                ("session" | "view", "id") => &mut self.ids,
                ("resource", "url") => &mut self.resources,
                ("view", "url") => &mut self.pages,
                _ => return,
            },
            _ => return,
        };
        list.push(text.meant.clone().into_owned());
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kinds.iter().any(|known| known == kind)
    }
}

/// Whether it says who somebody is; the id that an SDK has made up does not.
fn is_of_user(path: Path<'_, '_>) -> bool {
    let is_user = |name: &str| name == "usr" || name == "account";
    match path {
        [only] => is_user(only),
        [first, .., last] => is_user(first) && last != "anonymous_id",
        [] => false,
    }
}

/// Whether it is how long something took, whose name a portal's own code has chosen.
fn is_measured(path: Path<'_, '_>) -> bool {
    matches!(path, [view, timings, _] if view == "view" && timings == "custom_timings")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{super::Parameters, *};

    fn kept() -> Parameters {
        Parameters::with([])
    }

    fn told(line: &str) -> String {
        scrubbed_line(line, &kept())
    }

    #[test]
    fn only_what_is_found_is_replaced() {
        for (line, expected) in [
            (
                r#"{ "a" : "me\u0040example.com\n!",  "n":1.0e1 , "u":"\/x?code=\u0031&y" }"#,
                r#"{ "a" : "***\n!",  "n":1.0e1 , "u":"\/x?code=***&***" }"#,
            ),
            (
                r#"{"usr":{"id":"jane","n":7,"anonymous_id":"4cd47a52","deep":{"x":["y",true]}}}"#,
                r#"{"usr":{"id":"***","n":"***","anonymous_id":"4cd47a52","deep":{"x":["***",true]}}}"#,
            ),
            (
                r#"{"context":{"authToken":{"value":5,"text":"abc"},"me@example.com":1,"page":5}}"#,
                r#"{"context":{"authToken":{"value":"***","text":"***"},"***":1,"page":5}}"#,
            ),
            (r#"{"\u0075sr":{"name":"Jane"}}"#, r#"{"\u0075sr":{"name":"***"}}"#),
            (
                r#"{"view":{"custom_timings":{"refreshToken":12}, "password":12345678}}"#,
                r#"{"view":{"custom_timings":{"refreshToken":12}, "password":"***"}}"#,
            ),
            (r#"{"usr":"jane","account":7,"user":"x"}"#, r#"{"usr":"***","account":"***","user":"x"}"#),
            (
                r#"[{"token":[{"a":"b"}]},[["c",4]],{"token":5,"d":"e"}]"#,
                r#"[{"token":[{"a":"***"}]},[["c",4]],{"token":"***","d":"e"}]"#,
            ),
        ] {
            assert_eq!(told(line), expected);
        }
    }

    #[test]
    fn an_event_tells_what_it_is() {
        let line = r#"{"type":"resource","application":{"id":"a"},"session":{"id":"s"},"view":{"id":"v","url":"/"},
            "resource":{"url":"/api/rum/intake","id":"r"},"application":{"id":"b"}}"#;
        let event = scrub(line, &mut Look::new(&kept()), &mut String::new()).unwrap().event;
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert!(event.is("resource") && !event.is("view"));
        assert_eq!(event.applications, texts(&["a", "b"]));
        assert_eq!(event.ids, texts(&["s", "v"]));
        assert_eq!(event.resources, texts(&["/api/rum/intake"]));
        assert_eq!(event.pages, texts(&["/"]));
    }

    /// An event with a text in each place that an SDK lets nobody change, and in those that it does.
    fn event(text: &str) -> Value {
        json!({
            "type": "error", "date": 1, "service": "backstage", "application": {"id": "a"},
            "view": {"url": text, "referrer": text, "name": text, "custom_timings": {text: 1}},
            "error": {"message": text, "stack": text, "causes": [{"message": text, "stack": text, "type": text}]},
            "resource": {"url": text, "response": {"headers": {"location": text}}},
            "action": {"target": {"name": text}, "id": [text]},
            "vital": {"name": text, "description": text},
            "long_task": {"scripts": [{"source_url": text, "invoker": text}]},
            "context": {"title": text, "list": [[text]]},
            "feature_flags": {"flag": text},
        })
    }

    fn canary() -> impl Strategy<Value = String> {
        let carried = prop_oneof![
            Just("https://a/b?x=hunter2"),
            Just("/b#access_token=hunter2"),
            Just("hunter2@example.com"),
            Just("https://me:hunter2@host/"),
            Just("\"password\":\"hunter2\""),
            Just("Bearer hunter2hunter2"),
        ];
        ("(\\PC{0,8} )?", carried, "( \\PC{0,8})?").prop_map(|(a, b, c)| [&a, b, &c].concat())
    }

    proptest! {
        #[test]
        fn a_canary_is_nowhere_left(text in canary(), is_pretty: bool) {
            let event = event(&text);
            let line = if is_pretty { format!("{event:#}") } else { event.to_string() };
            let told = told(&line);
            prop_assert!(!told.contains("hunter2"), "{}", told);
            // It is still the same event around the texts.
            let read: Value = serde_json::from_str(&told).unwrap();
            prop_assert_eq!((&read["date"], &read["service"]), (&json!(1), &json!("backstage")));
        }

        #[test]
        fn a_user_is_nowhere_left(name in "hunter2[\\\\\"a-z \u{1f600}]{0,4}", number in 100_000..200_000_u32) {
            let line = json!({"usr": {"id": &name, "name": &name, "n": number}, "account": {"id": &name}}).to_string();
            let told = told(&line);
            prop_assert!(!told.contains("hunter2") && !told.contains(&number.to_string()), "{}", told);
            prop_assert!(serde_json::from_str::<Value>(&told).is_ok());
        }

        #[test]
        fn a_line_without_findings_is_the_same_bytes(text in "[a-zA-Z0-9 \\\\\"/\u{e9}\u{1f600}(){}.,-]{0,30}", is_pretty: bool) {
            let event = event(&text);
            let line = if is_pretty { format!("{event:#}") } else { event.to_string() };
            let mut out = String::new();
            prop_assert!(!scrub(&line, &mut Look::new(&kept()), &mut out).unwrap().is_changed, "{}", out);
            prop_assert_eq!(out, line);
        }
    }
}
