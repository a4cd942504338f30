//! One name in a path: a fixed one, or one that differs each time.

use crate::message::is_uuid;

/// A longer one is no name that somebody gave to a route.
const MOST_BYTES: usize = 64;

/// What stands in its place; `None` for a fixed one.
pub(super) fn parameter(segment: &str) -> Option<&'static str> {
    let bytes = segment.as_bytes();
    let is_number = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let is_hex = bytes.len() >= 16 && bytes.iter().all(u8::is_ascii_hexdigit);
    if is_number || is_hex || (bytes.len() == 36 && is_uuid(segment)) {
        return Some(":id");
    }
    // `component:default/name`, as one segment. What begins with a colon is a parameter already.
    let is_entity_ref = has(segment, "%3a") || (segment.contains(':') && !segment.starts_with(':'));
    let by_looks = person(segment).or(is_entity_ref.then_some(":entityRef"));
    by_looks.or((bytes.len() > MOST_BYTES).then_some(":value"))
}

/// What stands in place of an address of e-mail. npm's scopes begin with the sign that these have within: `/@scope/name`.
pub(super) fn person(segment: &str) -> Option<&'static str> {
    let behind_first = segment.strip_prefix('@').unwrap_or(segment);
    (behind_first.contains('@') || has(segment, "%40")).then_some(":email")
}

fn has(segment: &str, escape: &str) -> bool {
    segment.as_bytes().windows(escape.len()).any(|part| part.eq_ignore_ascii_case(escape.as_bytes()))
}
