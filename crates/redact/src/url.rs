//! Credentials in a URL, by their names and by where they stand.

use std::{borrow::Cow, ops::Range};

use crate::{
    name::parameter_is_secret,
    ranges::{masked, union},
    shape, webhook,
};

/// How deep URLs within parameters of URLs are looked into; deeper ones are masked as a whole.
const DEPTH: usize = 3;

/// A URL, whole or from its path on, with `***` in place of credentials: the user part, always; the values of parameters
/// with [secret names](crate::name_is_secret), and of `code`, `state`, `sig` and the like, in query, fragment and path, also
/// within URLs and JSON that are themselves values; the path of a webhook.
///
/// ```
/// use greenroom_redact::url;
///
/// assert_eq!(url("/x?refresh_token=abc&page=2#id_token=def"), "/x?refresh_token=***&page=2#id_token=***");
/// assert_eq!(url("/x?to=https%3A%2F%2Fme%3Apw%40example.com"), "/x?to=***");
/// assert!(matches!(url("/plain"), std::borrow::Cow::Borrowed(_)));
/// ```
///
/// All of the text is taken for the URL; [`text`](crate::text) looks for URLs in a text.
pub fn url(text: &str) -> Cow<'_, str> {
    let mut found = credentials(text);
    found.extend(shape::secrets(text));
    masked(text, &union(found))
}

/// What should have been a URL and cannot be read as one: nobody knows where its user part begins, so that all in front
/// of the last `@` is masked.
///
/// ```
/// use greenroom_redact::broken_url;
///
/// assert_eq!(broken_url("http//me:p/w@example.com/x?token=abc"), "***@example.com/x?token=***");
/// assert_eq!(broken_url("example"), "example");
/// ```
pub fn broken_url(text: &str) -> Cow<'_, str> {
    let user = 0..memchr::memrchr(b'@', text.as_bytes()).unwrap_or(0);
    let behind = credentials(&text[user.end..]).into_iter();
    let mut found: Vec<_> = behind.map(|range| user.end + range.start..user.end + range.end).collect();
    found.extend(Some(user).filter(|user| !user.is_empty()));
    found.extend(shape::secrets(text));
    masked(text, &union(found))
}

/// Where the credentials of a URL stand, in order.
pub(crate) fn credentials(text: &str) -> Vec<Range<usize>> {
    if may_hold_secret(text) { within(text, DEPTH) } else { Vec::new() }
}

/// Whether a text has what stands beside credentials.
pub(crate) fn may_hold_secret(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr3(b'=', b'@', b'"', bytes).is_some()
        || memchr::memchr(b'%', bytes).is_some()
        || webhook::is_likely(text)
}

/// Takes time in proportion to the text, whatever is in it.
fn within(text: &str, depth: usize) -> Vec<Range<usize>> {
    let query = match text.starts_with('&') {
        true => 0,
        false => memchr::memchr2(b'?', b'#', text.as_bytes()).unwrap_or(text.len()),
    };
    let mut users: Vec<_> = user_part(text).into_iter().collect();
    for mut user in inner_user_parts(text) {
        if users.last().is_some_and(|last| user.start < last.end) {
            continue;
        }
        if user.start > query {
            // Nobody can tell where it ends: a `&` may be of the password.
            user.end += end_of(&text[user.end..], b"&#");
        }
        users.push(user);
    }
    let mut found = parameters(text, &users, query, depth);
    found.extend(users);
    found.extend(webhook::secret_path(text, query));
    union(found)
}

fn end_of(text: &str, ends: &[u8]) -> usize {
    text.bytes().position(|c| ends.contains(&c)).unwrap_or(text.len())
}

/// Where the values of secret parameters stand, in the path too: `/token=abc`. None begins in a user part.
fn parameters(text: &str, users: &[Range<usize>], query: usize, depth: usize) -> Vec<Range<usize>> {
    let (mut found, bytes) = (Vec::new(), text.as_bytes());
    let mut users = users.iter().peekable();
    // Up to `checked` a value was looked at as a whole: of pairs within it, only the names are left to see.
    let (mut at, mut checked) = (0, 0);
    while let Some(mark) = bytes[at..].iter().position(|c| b"/?&;#".contains(c)) {
        let start = at + mark + 1;
        at = start;
        while users.next_if(|user| user.end <= start).is_some() {}
        if let Some(user) = users.peek().filter(|user| user.start <= start) {
            at = user.end;
            continue;
        }
        let length = end_of(&text[start..], b"=/?&;#");
        let (name, value) = (&text[start..start + length], start + length + 1);
        // What ends a value in a path may be part of one in a query.
        let end = |from: usize| from + end_of(&text[from..], if start > query { b"&#" } else { b"/;?#" });
        if start >= checked && name.contains(['%', '"']) && holds_secret(name, depth) {
            // All of a pair, its `=` encoded, or JSON.
            at = end(start + length);
            found.push(start..at);
            continue;
        }
        if bytes.get(start + length) != Some(&b'=') {
            continue;
        }
        let is_new = value > checked;
        if is_new {
            checked = end(value);
        }
        let is_secret =
            || parameter_is_secret(name) || (is_new && holds_secret(&text[value..checked], depth));
        if value < checked && is_secret() {
            found.push(value..checked);
            at = checked;
        }
    }
    found
}

/// Whether a value is itself a URL with credentials, or holds one.
fn holds_secret(value: &str, depth: usize) -> bool {
    let inner = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
    if shape::is_authorization(&inner) {
        return true;
    }
    if inner == value {
        let holds_user = || user_part(value).is_some() || inner_user_parts(value).next().is_some();
        return holds_user()
            || members_hold_secret(value)
            || webhook::secret_path(value, value.len()).is_some();
    }
    if !shape::secrets(&inner).is_empty() {
        return true;
    }
    if !may_hold_secret(&inner) {
        return false;
    }
    depth == 0
        || !within(&inner, depth - 1).is_empty()
        || pairs_hold_secret(&inner)
        || members_hold_secret(&inner)
        // Encoded more than once, as a whole.
        || (inner.contains('%') && holds_secret(&inner, depth - 1))
}

/// Whether a value is a query by itself.
fn pairs_hold_secret(inner: &str) -> bool {
    inner.split_once('=').is_some_and(|(name, value)| !value.is_empty() && parameter_is_secret(name))
}

/// Whether a value is JSON, or what looks like it, with a member that is named like a secret.
fn members_hold_secret(value: &str) -> bool {
    let mut name = "";
    // A quote within JSON that is itself a text is escaped.
    value.split(['"', '\'']).map(|piece| piece.trim_end_matches('\\')).any(|piece| {
        let is_member = piece.trim_start().starts_with(':') && parameter_is_secret(name);
        name = piece;
        is_member
    })
}

/// Where the user part of an absolute URL, or of one without its scheme, stands; an empty one is none.
fn user_part(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let scheme = bytes.iter().position(|c| !is_of_scheme(*c));
    let in_authority = |from| in_authority(text, from, &mut Path::default());
    match scheme {
        Some(colon) if colon > 0 && bytes[colon] == b':' => in_authority(colon + 1),
        _ if text.starts_with("//") => in_authority(0),
        _ => None,
    }
}

/// The user parts of URLs that begin anywhere in a text.
fn inner_user_parts(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut path = Path::default();
    let starts = memchr::memchr_iter(b':', text.as_bytes()).map(|colon| colon + 1);
    let starts = starts.filter(|start| begins_authority(text, *start));
    starts.filter_map(move |start| in_authority(text, start, &mut path))
}

/// Whether the colon in front of `at` is of a scheme, and what follows it of an authority: two slashes, or one, as proxies
/// make of two in a path. Browsers read `https:\\\\host`, too.
pub(crate) fn begins_authority(text: &str, at: usize) -> bool {
    let (before, behind) = text.as_bytes().split_at(at);
    // A single letter is a drive (`C:/x`).
    let is_scheme = || matches!(before, [.., a, b, b':'] if is_of_scheme(*a) && is_of_scheme(*b));
    match behind {
        [b'/' | b'\\', b'/' | b'\\', ..] => true,
        [b'/', ..] => is_scheme(),
        _ => false,
    }
}

pub(crate) fn is_of_scheme(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"+-.".contains(&c)
}

/// Where the path ends that was looked at last, and the last `@` in it: of one that holds many URLs, each is searched once.
#[derive(Default)]
struct Path {
    end: usize,
    at: Option<usize>,
}

impl Path {
    fn last_at(&mut self, text: &[u8], from: usize) -> Option<usize> {
        if from >= self.end {
            let path = &text[from..];
            let path = &path[..memchr::memchr2(b'?', b'#', path).unwrap_or(path.len())];
            *self = Self { end: from + path.len(), at: memchr::memrchr(b'@', path).map(|at| from + at) };
        }
        self.at.filter(|at| *at >= from)
    }
}

/// What stands in front of the `@`, after any number of slashes. A password may hold a slash: if what stands in front of the
/// first one ends in no port, it is no authority by itself.
fn in_authority(text: &str, from: usize, path: &mut Path) -> Option<Range<usize>> {
    let bytes = &text.as_bytes()[from..];
    let slashes = bytes.iter().take_while(|c| matches!(c, b'/' | b'\\')).count();
    let rest = &bytes[slashes..];
    let length = rest.iter().position(|c| b"/\\?#".contains(c)).unwrap_or(rest.len());
    let (start, authority) = (from + slashes, &rest[..length]);
    let end = match authority.iter().rposition(|c| *c == b'@') {
        Some(end) => start + end,
        None if ends_in_no_port(authority) => path.last_at(text.as_bytes(), start)?,
        None => return None,
    };
    (end > start).then_some(start..end)
}

fn ends_in_no_port(authority: &[u8]) -> bool {
    let port = authority.rsplit(|c| *c == b':').next().unwrap_or_default();
    port.len() < authority.len() && !authority.ends_with(b"]") && !port.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
