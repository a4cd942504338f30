//! One event, as the browser wrote it: masked where something is found, and not touched anywhere else.
//!
//! The browser has masked most of it already. What an SDK's `beforeSend` cannot change is masked here alone: the causes of
//! errors, names of vitals and timings, users.

use std::{borrow::Cow, ops::Range};

use greenroom_redact as redact;

use super::text::{Parameters, findings};
use crate::json::{Leaf, Malformed, Path, Text, walk};

/// The mask as a value.
const MASKED: &str = "\"***\"";

/// What one line of a batch tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scrubbed<'a> {
    /// The line itself, if nothing was found in it.
    pub(crate) line: Cow<'a, str>,
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
}

/// Masks what is personal or secret; fails for what is no JSON.
pub(crate) fn scrub<'a>(line: &'a str, kept: &Parameters) -> Result<Scrubbed<'a>, Malformed> {
    let (mut event, mut edits) = (Event::default(), Vec::<(Range<usize>, &str)>::new());
    walk(line, |path, leaf| match leaf {
        Leaf::Word => {}
        Leaf::Number(range) => {
            if is_of_user(path) || (is_free(path) && is_secret(path)) {
                edits.push((range, MASKED));
            }
        }
        Leaf::Name(text) => mask_parts(&text, kept, &mut edits),
        Leaf::Text(text) => {
            event.note(path, &text);
            match is_of_user(path) || is_secret(path) {
                true if text.meant.trim_matches('*').is_empty() => {}
                true => edits.push((text.range, redact::MASK)),
                false => mask_parts(&text, kept, &mut edits),
            }
        }
    })?;
    Ok(Scrubbed { line: spliced(line, &edits), event })
}

impl Event {
    fn note(&mut self, path: Path<'_, '_>, text: &Text<'_>) {
        let list = match path {
            [name] if name == "type" => &mut self.kinds,
            [above, name] => match (&**above, &**name) {
                ("application", "id") => &mut self.applications,
                ("session" | "view", "id") => &mut self.ids,
                ("resource", "url") => &mut self.resources,
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

fn mask_parts(text: &Text<'_>, kept: &Parameters, edits: &mut Vec<(Range<usize>, &str)>) {
    edits.extend(findings(&text.meant, kept).into_iter().map(|found| (text.written(found), redact::MASK)));
}

/// Whether it says who somebody is; the id that an SDK has made up does not.
fn is_of_user(path: Path<'_, '_>) -> bool {
    matches!(path, [first, .., last] if (first == "usr" || first == "account") && last != "anonymous_id")
}

/// Whether it is of a section in which a portal's own code writes what it likes.
fn is_free(path: Path<'_, '_>) -> bool {
    path.first().is_some_and(|first| first == "context" || first == "feature_flags")
}

fn is_secret(path: Path<'_, '_>) -> bool {
    path.iter().any(|name| redact::name_is_secret(name))
}

/// The edits are in order, as what they replace is.
fn spliced<'a>(line: &'a str, edits: &[(Range<usize>, &str)]) -> Cow<'a, str> {
    if edits.is_empty() {
        return Cow::Borrowed(line);
    }
    let (mut out, mut at) = (String::with_capacity(line.len()), 0);
    for (range, text) in edits {
        out.push_str(&line[at..range.start]);
        out.push_str(text);
        at = range.end;
    }
    out.push_str(&line[at..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn kept() -> Parameters {
        Parameters::with([])
    }

    fn told(line: &str) -> String {
        scrub(line, &kept()).unwrap().line.into_owned()
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
                r#"{"view":{"custom_timings":{"refreshToken":12}}}"#,
                r#"{"view":{"custom_timings":{"refreshToken":12}}}"#,
            ),
        ] {
            assert_eq!(told(line), expected);
        }
    }

    #[test]
    fn an_event_tells_what_it_is() {
        let line = r#"{"type":"resource","application":{"id":"a"},"session":{"id":"s"},"view":{"id":"v","url":"/"},
            "resource":{"url":"/api/rum/intake","id":"r"},"application":{"id":"b"}}"#;
        let event = scrub(line, &kept()).unwrap().event;
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert!(event.is("resource") && !event.is("view"));
        assert_eq!(event.applications, texts(&["a", "b"]));
        assert_eq!(event.ids, texts(&["s", "v"]));
        assert_eq!(event.resources, texts(&["/api/rum/intake"]));
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
            prop_assert!(matches!(scrub(&line, &kept()).unwrap().line, Cow::Borrowed(same) if same == line), "{}", told(&line));
        }
    }
}
