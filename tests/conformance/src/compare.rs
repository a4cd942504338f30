//! Whether a live answer is the recorded one.
//!
//! Statuses, header names (any case, any order), header values and decoded bodies must be equal, except for
//! * what changes by nature ([`crate::mask`]), and the `Content-Length` and `ETag` of a body that holds such;
//! * how bytes are framed: `Connection`, `Transfer-Encoding`, and `Content-Length: 0` where Node sends an empty chunked body;
//! * the reason phrase, but for 418, where Node's differs from the registry's;
//! * headers that Greenroom adds.
//!
//! All differences are listed, not only the first.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::mask;
use crate::transcript::RecordedBody;
use crate::wire::{Answer, Head, Outcome};

/// Headers that say how bytes travel, not what they are.
const FRAMING: &[&str] = &["connection", "transfer-encoding"];

/// Headers that Greenroom adds to Node's.
const ADDED: &[&str] = &["x-request-id", "traceresponse", "server-timing"];

/// One thing that is not as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `status`, `header etag`, `body`…
    pub what: String,
    /// As recorded; absent if there was none.
    pub recorded: Option<String>,
    /// As received; absent if there is none.
    pub received: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side =
            |value: &Option<String>| value.as_ref().map_or("(absent)".to_owned(), |v| format!("{v:?}"));
        writeln!(f, "{}", self.what)?;
        writeln!(f, "  - {}", side(&self.recorded))?;
        write!(f, "  + {}", side(&self.received))
    }
}

/// Lists all that differs; `ignored` names headers (lower case) with a declared deviation.
pub fn compare(
    recorded: &Outcome<RecordedBody>,
    received: &Outcome<Vec<u8>>,
    ignored: &[&str],
) -> Vec<Difference> {
    let mut found = Differences::default();
    match (recorded, received) {
        (Outcome::Answered(recorded), Outcome::Answered(received)) => {
            found.check("number of answers", recorded.len(), received.len());
            for (i, (recorded, received)) in recorded.iter().zip(received).enumerate() {
                found.prefix = if i == 0 { String::new() } else { format!("answer {}: ", i + 1) };
                compare_answers(&mut found, recorded, received, ignored);
            }
        }
        (recorded, received) => found.check("connection", accepted(recorded), accepted(received)),
    }
    found.list
}

fn accepted<B>(outcome: &Outcome<B>) -> &'static str {
    if matches!(outcome, Outcome::Refused) { "refused" } else { "accepted" }
}

fn compare_answers(
    found: &mut Differences,
    recorded: &Answer<RecordedBody>,
    received: &Answer<Vec<u8>>,
    ignored: &[&str],
) {
    found.check("status", recorded.head.status, received.head.status);
    if recorded.head.status == 418 {
        found.check("reason", &recorded.head.reason, &received.head.reason);
    }
    found.check("body cut short", recorded.cut, received.cut);
    let body = compare_bodies(found, &recorded.body, &received.body);
    compare_headers(found, &recorded.head, &received.head, body, ignored);
}

/// What the headers that describe a body may claim.
#[derive(Clone, Copy)]
struct BodyFacts {
    varies: bool,
    empty: bool,
}

fn compare_bodies(found: &mut Differences, recorded: &RecordedBody, received: &[u8]) -> BodyFacts {
    if matches!(recorded, RecordedBody::Exact(recorded) if recorded == received) {
        let varies = mask::text(&text_of(received)).varies;
        return BodyFacts { varies, empty: received.is_empty() };
    }
    let live = mask::text(&text_of(received));
    let mut facts = BodyFacts { varies: live.varies, empty: false };
    match recorded {
        RecordedBody::Binary => {}
        RecordedBody::Start(start, length) => {
            let start = mask::text(start);
            facts.varies |= start.varies;
            if !live.text.starts_with(&start.text) {
                let beginning = live.text.chars().take(start.text.chars().count()).collect::<String>();
                found.check("start of the body", start.text, beginning);
            }
            if !facts.varies {
                found.check("length of the body", *length, received.len());
            }
        }
        RecordedBody::Exact(recorded) => {
            facts.empty = recorded.is_empty() && received.is_empty();
            let recorded = mask::text(&text_of(recorded));
            facts.varies |= recorded.varies;
            found.check("body", recorded.text, live.text);
        }
    }
    facts
}

/// A body as text; bytes that are none are escaped, so that no two bodies read alike.
fn text_of(body: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(body) {
        Ok(text) => text.into(),
        Err(_) => body.escape_ascii().to_string().into(),
    }
}

fn compare_headers(
    found: &mut Differences,
    recorded: &Head,
    received: &Head,
    body: BodyFacts,
    ignored: &[&str],
) {
    let (recorded, received) = (by_name(recorded, body), by_name(received, body));
    let mut names: Vec<&String> = recorded.keys().chain(received.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (before, now) = (recorded.get(name), received.get(name));
        if before == now {
            continue;
        }
        let masked = |value: Option<&String>| value.map(|value| mask::header(name, value));
        let (before, now) = (masked(before), masked(now));
        let framing = FRAMING.contains(&name.as_str())
            || (name == "content-length"
                && body.empty
                && before.as_ref().or(now.as_ref()).is_some_and(|v| v == "0"));
        let added = ADDED.contains(&name.as_str()) && before.is_none();
        if !framing && !added && !ignored.contains(&name.as_str()) && before != now {
            found.add(format!("header {name}"), before, now);
        }
    }
}

/// Header values by lower-case name; repeated headers in their order.
fn by_name(head: &Head, body: BodyFacts) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &head.headers {
        let name = name.to_ascii_lowercase();
        let value = match name.as_str() {
            "content-length" | "etag" if body.varies => "<varies>".to_owned(),
            _ => value.clone(),
        };
        headers.entry(name).and_modify(|all| all.extend(["\n", &value])).or_insert(value);
    }
    headers
}

/// Collects differences, each named with the answer it is of.
#[derive(Default)]
struct Differences {
    prefix: String,
    list: Vec<Difference>,
}

impl Differences {
    fn check<T: PartialEq + ToString>(&mut self, what: &str, recorded: T, received: T) {
        if recorded != received {
            self.add(what.to_owned(), Some(recorded.to_string()), Some(received.to_string()));
        }
    }

    fn add(&mut self, what: String, recorded: Option<String>, received: Option<String>) {
        self.list.push(Difference { what: format!("{}{what}", self.prefix), recorded, received });
    }
}
