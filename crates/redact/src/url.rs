//! Credentials in URLs, by their names and by where they stand.

use std::borrow::Cow;

use crate::MASK;

/// What the names of secret parameters end in, in any case: `token` and so `refresh_token`, `key` and so `apiKey`.
const ENDINGS: [&str; 7] = ["token", "secret", "key", "signature", "password", "code", "sig"];

/// Names that are secret as a whole.
const NAMES: [&str; 1] = ["state"];

/// How deep URLs within parameters of URLs are looked into; deeper ones are masked as a whole.
const DEPTH: usize = 3;

/// Whether a parameter of that name is masked; percent-encoding is undone first.
///
/// ```
/// use greenroom_redact::is_secret_name;
///
/// assert!(is_secret_name("X-Amz-Signature") && is_secret_name("api%5Fkey"));
/// assert!(!is_secret_name("keyword"));
/// ```
pub fn is_secret_name(name: &str) -> bool {
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let name = name.trim_end_matches(['[', ']', ' ', '+']);
    let ends = |ending: &str| {
        let from = name.len().checked_sub(ending.len());
        from.and_then(|from| name.get(from..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
    };
    ENDINGS.into_iter().any(ends) || NAMES.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// A URL, whole or from its path on, with `***` in place of credentials: the user part, always; the values of parameters
/// with [secret names](is_secret_name), in query, fragment and path, also within URLs that are themselves values.
///
/// ```
/// use greenroom_redact::url;
///
/// assert_eq!(url("/x?refresh_token=abc&page=2#id_token=def"), "/x?refresh_token=***&page=2#id_token=***");
/// assert_eq!(url("/x?to=https%3A%2F%2Fme%3Apw%40example.com"), "/x?to=***");
/// assert!(matches!(url("/plain"), std::borrow::Cow::Borrowed(_)));
/// ```
pub fn url(text: &str) -> Cow<'_, str> {
    masked(text, DEPTH)
}

fn masked(text: &str, depth: usize) -> Cow<'_, str> {
    let mut out = String::new();
    let mut from = 0;
    let mut hide = |start: usize, end: usize| {
        out.push_str(&text[from..start]);
        out.push_str(MASK);
        from = end;
    };
    if let Some((start, end)) = user_part(text) {
        hide(start, end);
    }
    let bytes = text.as_bytes();
    let in_query = |at: usize| memchr::memchr2(b'?', b'#', &bytes[..at]).is_some();
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|c| b"?&;#".contains(c)) {
        let start = at + found + 1;
        at = start;
        let rest = &bytes[start..];
        let length = rest.iter().position(|c| b"=?&;#/".contains(c)).unwrap_or(rest.len());
        if rest.get(length) != Some(&b'=') {
            continue;
        }
        let value = start + length + 1;
        // What ends a value in a path or a fragment may be part of one in a query.
        let ends: &[u8] = if in_query(start) { b"&#" } else { b"/;?#" };
        let end = bytes[value..].iter().position(|c| ends.contains(c)).map_or(bytes.len(), |end| value + end);
        if value == end {
            continue;
        }
        if is_secret_name(&text[start..start + length]) || holds_secret(&text[value..end], depth) {
            hide(value, end);
            at = end;
        }
    }
    if from == 0 {
        return text.into();
    }
    out.push_str(&text[from..]);
    out.into()
}

/// Whether a value is itself a URL with credentials.
fn holds_secret(value: &str, depth: usize) -> bool {
    let inner = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
    if inner == value {
        return user_part(value).is_some();
    }
    if !inner.contains(['=', '@', '%']) {
        return false;
    }
    depth == 0 || matches!(masked(&inner, depth - 1), Cow::Owned(_)) || pairs_hold_secret(&inner)
}

/// Whether a value is a query by itself.
fn pairs_hold_secret(inner: &str) -> bool {
    inner.split_once('=').is_some_and(|(name, value)| !value.is_empty() && is_secret_name(name))
}

/// Where the user part of an absolute URL, or of one without its scheme, stands; an empty one is none.
fn user_part(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let scheme = bytes.iter().position(|c| !(c.is_ascii_alphanumeric() || b"+-.".contains(c)));
    let after = match scheme {
        Some(colon) if colon > 0 && bytes[colon] == b':' => colon + 1,
        _ if text.starts_with("//") => 0,
        _ => return None,
    };
    // Browsers read `https:\\host`, too.
    let slashes = bytes[after..].iter().take_while(|c| matches!(c, b'/' | b'\\')).count();
    let start = after + slashes;
    let rest = &bytes[start..];
    let length = rest.iter().position(|c| b"/\\?#".contains(c)).unwrap_or(rest.len());
    let end = rest[..length].iter().rposition(|c| *c == b'@').filter(|end| *end > 0)?;
    Some((start, start + end))
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
            ("/x?keyword=a&encoded=b", "/x?keyword=a&encoded=b"),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(url(text), told);
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
        fn any_text_can_be_masked_and_is_masked_once(text in "\\PC{0,40}") {
            let told = url(&text).into_owned();
            prop_assert_eq!(url(&told), &*told);
        }
    }
}
