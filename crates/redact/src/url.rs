//! Credentials in a URL, by their names and by where they stand.

use std::{borrow::Cow, ops::Range};

use crate::{
    name::parameter_is_secret,
    ranges::{masked, union},
};

/// How deep URLs within parameters of URLs are looked into; deeper ones are masked as a whole.
const DEPTH: usize = 3;

/// A URL, whole or from its path on, with `***` in place of credentials: the user part, always; the values of parameters
/// with [secret names](crate::name_is_secret), and of `code`, `state`, `sig` and the like, in query, fragment and path, also
/// within URLs that are themselves values.
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
    masked(text, &credentials(text))
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
    let mut found = credentials(text);
    found.extend(memchr::memrchr(b'@', text.as_bytes()).filter(|at| *at > 0).map(|at| 0..at));
    masked(text, &union(found))
}

/// Where the credentials of a URL stand, in order.
pub(crate) fn credentials(text: &str) -> Vec<Range<usize>> {
    within(text, DEPTH)
}

/// Takes time in proportion to the text, whatever is in it.
fn within(text: &str, depth: usize) -> Vec<Range<usize>> {
    let query = match text.starts_with('&') {
        true => 0,
        false => memchr::memchr2(b'?', b'#', text.as_bytes()).unwrap_or(text.len()),
    };
    let user = user_part(text);
    let mut found = parameters(text, user.as_ref().map_or(0, |user| user.end), query, depth);
    found.extend(user);
    let mut from = 0;
    for mut user in inner_user_parts(text) {
        if user.start < from {
            continue;
        }
        if user.start > query {
            // Nobody can tell where it ends: a `&` may be of the password.
            user.end += end_of(&text[user.end..], b"&#");
        }
        from = user.end;
        found.push(user);
    }
    union(found)
}

fn end_of(text: &str, ends: &[u8]) -> usize {
    text.bytes().position(|c| ends.contains(&c)).unwrap_or(text.len())
}

/// Where the values of secret parameters stand.
fn parameters(text: &str, from: usize, query: usize, depth: usize) -> Vec<Range<usize>> {
    let (mut found, bytes) = (Vec::new(), text.as_bytes());
    // Up to `checked` a value was looked at as a whole: of pairs within it, only the names are left to see.
    let (mut at, mut checked) = (from, 0);
    while let Some(mark) = bytes[at..].iter().position(|c| b"?&;#".contains(c)) {
        let start = at + mark + 1;
        at = start;
        let rest = &bytes[start..];
        let length = rest.iter().position(|c| b"=?&;#/".contains(c)).unwrap_or(rest.len());
        if rest.get(length) != Some(&b'=') {
            continue;
        }
        let value = start + length + 1;
        let is_new = value > checked;
        if is_new {
            // What ends a value in a path may be part of one in a query.
            checked = value + end_of(&text[value..], if start > query { b"&#" } else { b"/;?#" });
        }
        let is_secret = || {
            parameter_is_secret(&text[start..start + length])
                || (is_new && holds_secret(&text[value..checked], depth))
        };
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
    if inner == value {
        return user_part(value).is_some() || inner_user_parts(value).next().is_some();
    }
    if !inner.contains(['=', '@', '%']) {
        return false;
    }
    depth == 0
        || !within(&inner, depth - 1).is_empty()
        || pairs_hold_secret(&inner)
        // Encoded more than once, as a whole.
        || (inner.contains('%') && holds_secret(&inner, depth - 1))
}

/// Whether a value is a query by itself.
fn pairs_hold_secret(inner: &str) -> bool {
    inner.split_once('=').is_some_and(|(name, value)| !value.is_empty() && parameter_is_secret(name))
}

/// Where the user part of an absolute URL, or of one without its scheme, stands; an empty one is none.
fn user_part(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let scheme = bytes.iter().position(|c| !is_of_scheme(*c));
    match scheme {
        Some(colon) if colon > 0 && bytes[colon] == b':' => in_authority(text, colon + 1),
        _ if text.starts_with("//") => in_authority(text, 0),
        _ => None,
    }
}

/// The user parts of URLs that begin anywhere in a text.
fn inner_user_parts(text: &str) -> impl Iterator<Item = Range<usize>> {
    let starts = memchr::memchr_iter(b':', text.as_bytes()).map(|colon| colon + 1);
    starts.filter(|start| begins_authority(&text[*start..])).filter_map(|start| in_authority(text, start))
}

/// Whether what follows a scheme begins with two slashes. Browsers read `https:\\\\host`, too.
pub(crate) fn begins_authority(rest: &str) -> bool {
    matches!(rest.as_bytes(), [b'/' | b'\\', b'/' | b'\\', ..])
}

pub(crate) fn is_of_scheme(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"+-.".contains(&c)
}

/// What stands in front of the `@`, after any number of slashes.
fn in_authority(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = &text.as_bytes()[from..];
    let slashes = bytes.iter().take_while(|c| matches!(c, b'/' | b'\\')).count();
    let rest = &bytes[slashes..];
    let length = rest.iter().position(|c| b"/\\?#".contains(c)).unwrap_or(rest.len());
    let end = rest[..length].iter().rposition(|c| *c == b'@').filter(|end| *end > 0)?;
    Some(from + slashes..from + slashes + end)
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
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(url(text), told);
        }
    }

    /// Such a value took minutes when each pair of it was taken for a value of its own.
    #[test]
    fn a_long_url_takes_no_longer_than_its_length() {
        for part in ["a=?;a=", ";a=x:", "&a=", "https://", "a://b@", "?a=%41;", "%3Fa%3D", "\"'(a;"] {
            let text = format!("/?{}%41", part.repeat((1 << 16) / part.len()));
            assert!(url(&text).len() <= text.len() * 2);
            assert!(crate::text(&text).len() <= text.len() * 2);
        }
    }

    proptest! {
        #[test]
        fn a_secret_value_is_never_told(
            before in "[!-%\'-<>-~]{0,8}",
            name in "([a-z_-]{0,4})(CODE|token|s%69g|Secret|aPiKey|password|signature)",
            mark in "[?#]",
            after in "(&[!-~]{0,8})?",
        ) {
            let text = format!("/x{mark}{before}&{name}=hunter2{after}");
            prop_assert!(!url(&text).contains("hunter2"), "{}", url(&text));
        }

        #[test]
        fn a_user_part_is_never_told(scheme in "(http|HTTPS|postgres\\+ssl):[/\\\\]{0,3}", name in "[a-z:@%]{0,5}") {
            let text = format!("{scheme}{name}hunter2@host/path?a=b");
            prop_assert!(!url(&text).contains("hunter2"), "{}", url(&text));
        }

        #[test]
        fn any_text_can_be_masked_and_is_masked_once(text in prop_oneof![
            "(https?:|//)?((//|[a-c?&;#=@:/%\\\\]|token=|%3[aAdDfF]|%2[56]|%40|\u{e9}){0,24})",
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
