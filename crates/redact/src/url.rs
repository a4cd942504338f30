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
    text.contains(['=', '@', '"', '%']) || webhook::is_likely(text)
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn credentials_are_masked_and_nothing_else_is() {
        for (text, told) in [
            ("/cb?code=abc&x=1&STATE=s&token=", "/cb?code=***&x=1&STATE=***&token="),
            ("/cb?%74oken=abc", "/cb?%74oken=***"),
            ("/x%c3%a9?y=%c3%a9", "/x%c3%a9?y=%c3%a9"),
            (
                "/x?client_secret=a&api_key=b&X-Amz-Signature=c",
                "/x?client_secret=***&api_key=***&X-Amz-Signature=***",
            ),
            ("/x?token[]=a&token%5B%5D=b", "/x?token[]=***&token%5B%5D=***"),
            ("/x?token=a;b?c/d=e&page=2", "/x?token=***&page=2"),
            ("/x#access_token=a&y=1", "/x#access_token=***&y=1"),
            ("/x#/route?id_token=a", "/x#/route?id_token=***"),
            ("/x;token=a/y", "/x;token=***/y"),
            ("/x?a=1;token=b", "/x?a=1;token=***"),
            ("https://user:pw@example.com/x", "https://***@example.com/x"),
            ("HTTP://user@example.com", "HTTP://***@example.com"),
            ("https://a@b:c@example.com:8080?x@y", "https://***@example.com:8080?x@y"),
            ("https:\\\\user:pw@example.com", "https:\\\\***@example.com"),
            ("//user:pw@example.com/x", "//***@example.com/x"),
            ("//@/x", "//@/x"),
            ("https://@example.com", "https://@example.com"),
            ("https://@pw@example.com", "https://***@example.com"),
            ("https://example.com/a@b", "https://example.com/a@b"),
            ("/a:b@c", "/a:b@c"),
            ("/x?to=https%3A%2F%2Fy%2F%3Ftoken%3Da&z=1", "/x?to=***&z=1"),
            ("/x?to=https%3A%2F%2Fy%2F%3Fpage%3D2", "/x?to=https%3A%2F%2Fy%2F%3Fpage%3D2"),
            ("/x?to=https://me:pw@y", "/x?to=***"),
            ("/x?to=https://me:p&w@y&z=1", "/x?to=https://***&z=1"),
            ("/x?https://me:pw@y", "/x?https://***"),
            ("amqp://me:pw/with/slash@h", "amqp://***@h"),
            ("/x/amqp://me:pw/with/slash@h?y=1", "/x/amqp://***@h?y=1"),
            ("http://h:80/a@b", "http://h:80/a@b"),
            ("http://[::1]/a@b", "http://[::1]/a@b"),
            ("/https:/me:pw@h/", "/https:/***@h/"),
            ("/x/C:/me@h", "/x/C:/me@h"),
            ("/by-url/https%3A%2F%2Fme%3Apw%40h%2F", "/by-url/***"),
            ("/proxy/https%3A%2F%2Fh%2F%3Ftoken%3Dpw", "/proxy/***"),
            ("/x%3Ftoken=pw", "/x%3Ftoken=***"),
            ("/x%3Fpin=pw/y", "/x%3Fpin=***/y"),
            ("/x?q=Bearer%20PW&y=1", "/x?q=***&y=1"),
            ("/x?q=basic+PW&y=1", "/x?q=***&y=1"),
            ("/x?q=Basic%20auth", "/x?q=Basic%20auth"),
            (
                "/x?password_confirmation=a&tokenValue=b&session=c&csrf=d",
                "/x?password_confirmation=***&tokenValue=***&session=***&csrf=***",
            ),
            ("/x?a=1;to=https%3A%2F%2Fme%3Apw%40y", "/x?a=***"),
            ("/proxy/https://me:pw@y/z", "/proxy/https://***@y/z"),
            ("https:me;token=a@host;x", "https:***@host;x"),
            (
                "/x?passphrase=a&authorization=b&x-api-key=c&pwd=d",
                "/x?passphrase=***&authorization=***&x-api-key=***&pwd=***",
            ),
            (
                "/x?sortKey=a&countryCode=b&monkey=c&tokenUrl=d",
                "/x?sortKey=a&countryCode=b&monkey=c&tokenUrl=d",
            ),
            ("/x?device_code=a&sid=b&filter[key]=c", "/x?device_code=***&sid=***&filter[key]=***"),
            ("/x?keyword=a&encoded=b", "/x?keyword=a&encoded=b"),
            ("/x?u=http%253A%252F%252Fme%253Apw%2540y&z=1", "/x?u=***&z=1"),
            ("/x?u=https%253A%252F%252Fy%252F%253Ftoken%253Da&z=1", "/x?u=***&z=1"),
            ("/x?u=%252Fcatalog%252Fdefault", "/x?u=%252Fcatalog%252Fdefault"),
            (
                "/x?%2574oken=a&password[x]=b&token%5B0%5D[y]=c",
                "/x?%2574oken=***&password[x]=***&token%5B0%5D[y]=***",
            ),
            (
                "/x?tokens=a&private_keys=b&code_verifier=c&pin=d",
                "/x?tokens=***&private_keys=***&code_verifier=***&pin=***",
            ),
            ("/cb?token%3Da&x=1", "/cb?***&x=1"),
            ("/cb?x=1&%74oken%253Da%253D%253D#y", "/cb?x=1&***#y"),
            ("/cb?page%3D2&x=1", "/cb?page%3D2&x=1"),
            ("/cb?token%3Da=b", "/cb?***"),
            ("/token=a/b;x?y=1", "/token=***/b;x?y=1"),
            ("/x/access_token=a", "/x/access_token=***"),
            ("https://h/password=a?page=2", "https://h/password=***?page=2"),
            ("/x/token%3Da/y", "/x/***/y"),
            ("/x?to=/token=a&y=1", "/x?to=/token=***&y=1"),
            ("/page=2/a=b", "/page=2/a=b"),
            (
                "/x?secret.value=a&user.token.0=b&a[key][x]=c&state.x=d",
                "/x?secret.value=***&user.token.0=***&a[key][x]=***&state.x=***",
            ),
            ("/x?user.name=a&filter[state]=open", "/x?user.name=a&filter[state]=open"),
            (r#"/x?q={"token":"a"}&y=1"#, "/x?q=***&y=1"),
            (r#"/x?q={"a":"b&c","token" : "d"}"#, r#"/x?q={"a":"b&***"#),
            (r#"/x?q={"a":"{\"token\":\"b\"}"}"#, "/x?q=***"),
            ("/x?q=%7B%22token%22%3A%22a%22%7D&y=1", "/x?q=***&y=1"),
            ("/x?q=%257B%2522clientSecret%2522%253A1%257D", "/x?q=***"),
            ("/x?%7B%22token%22%3A%22a%22%7D", "/x?***"),
            ("/x?q={'token':'a'}", "/x?q=***"),
            (r#"/x?q={"page":"token","a":"token: b"}"#, r#"/x?q={"page":"token","a":"token: b"}"#),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(url(text), told);
        }
    }

    /// Such a value took minutes when each pair of it was taken for a value of its own.
    #[test]
    fn a_long_url_takes_no_longer_than_its_length() {
        for part in [
            "a=?;a=",
            ";a=x:",
            "&a=",
            "https://",
            "a://b@",
            "?a=%41;",
            "%3Fa%3D",
            "\"'(a;",
            "/a=",
            "%2Fa%3D",
            "{\"a\":",
            "%22a\":",
            "a%3D",
            "ab:/c:d/",
            "a://b:c/",
            "a://b:c/@",
            "a://b:c?",
            "password",
            "Token",
        ] {
            let text = format!("/?{}%41", part.repeat((1 << 16) / part.len()));
            assert!(url(&text).len() <= text.len() * 2);
            assert!(crate::text(&text).len() <= text.len() * 2);
        }
    }

    proptest! {
        #[test]
        fn a_secret_value_is_never_told(
            before in "[!-%\'-<>-~]{0,8}",
            name in "([a-z_-]{0,3}x)?(CODE|token|s%69g|Secret|aPiKey|password|signature)([.\\[][a-z]{0,3}){0,2}",
            mark in "[?#/]",
            equals in "=|%3[dD]|%253D",
            after in "(&[!-~]{0,8})?",
        ) {
            let text = format!("/x{mark}{before}&{name}{equals}hunter2{after}");
            prop_assert!(!url(&text).contains("hunter2"), "{}", url(&text));
        }

        #[test]
        fn a_secret_member_is_never_told(
            before in r#"("[a-c&=/]{0,3}":("[a-c&=/]{0,3}"|1),){0,2}"#,
            name in "([a-z_-]{0,4})(token|Secret|aPiKey|password)",
            after in r#"(,"[a-c&=/]{0,3}":[0-9])?"#,
            encodings in 0..3,
        ) {
            let mut json = format!(r#"{{{before}"{name}":"hunter2"{after}}}"#);
            for _ in 0..encodings {
                json = percent_encoding::utf8_percent_encode(&json, percent_encoding::NON_ALPHANUMERIC).to_string();
            }
            let text = format!("/x?q={json}&y=1");
            prop_assert!(!url(&text).contains("hunter2"), "{}", url(&text));
        }

        #[test]
        fn a_user_part_is_never_told(scheme in "(http|HTTPS|postgres\\+ssl):[/\\\\]{0,3}", name in "[a-z:@%]{0,5}") {
            let text = format!("{scheme}{name}hunter2@host/path?a=b");
            prop_assert!(!url(&text).contains("hunter2"), "{}", url(&text));
        }

        #[test]
        fn any_text_can_be_masked_and_is_masked_once(text in prop_oneof![
            "(https?:|//)?((//|hooks[/.]|[a-c?&;#=@:/%\\\\\".\\[]|token=|%3[aAdDfF]|%2[256]|%40|\u{e9}){0,24})",
            "\\PC{0,40}",
        ]) {
            for mask in [url, broken_url] {
                let told = mask(&text).into_owned();
                prop_assert_eq!(mask(&told), &*told, "{}", text);
            }
        }

        #[test]
        fn nothing_in_front_of_an_at_is_left_of_a_broken_url(text in "\\PC{0,8}hunter2\\PC{0,8}@\\PC{0,8}") {
            prop_assert!(!broken_url(&text).contains("hunter2"), "{}", broken_url(&text));
        }
    }
}
