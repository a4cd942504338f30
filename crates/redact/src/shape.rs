//! Secrets that are known by their shape alone, whatever they are called and wherever they stand: JSON Web Tokens, private
//! keys in PEM, what `Bearer` or `Basic` stands in front of.

use std::ops::Range;

use crate::ranges::union;

const JWT: &str = "eyJ";
const PEM: &str = "-----BEGIN ";
const BEARER: &str = "bearer ";
const BASIC: &str = "basic ";

/// A label is `ENCRYPTED PRIVATE KEY` or `RSA PRIVATE KEY`.
const LONGEST_LABEL: usize = 64;

/// In a text, shorter ones behind `Bearer` or `Basic` are words or numbers.
const SHORTEST_TOKEN: usize = 8;

/// Longer ones are no words.
const LONGEST_WORD: usize = 20;

/// Whether a text as a whole is a secret by its shape, or holds a private key.
///
/// ```
/// use greenroom_redact::is_secret_by_shape;
///
/// assert!(is_secret_by_shape("-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----"));
/// assert!(is_secret_by_shape("eyJhbGciOi.eyJzdWIi.c2ln") && !is_secret_by_shape("-----BEGIN CERTIFICATE-----"));
/// ```
pub fn is_secret_by_shape(text: &str) -> bool {
    secrets(text).iter().any(|range| *range == (0..text.len()) || text[range.clone()].starts_with(PEM))
}

/// Where such secrets stand, in order. Takes time in proportion to the text.
pub(crate) fn secrets(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut from) = (Vec::new(), 0);
    for (beginning, start) in beginnings(text) {
        if start < from {
            continue;
        }
        let (secret, end) = match beginning {
            JWT => jwt(text, start),
            PEM => private_key(text, start),
            _ => token(text, start, start + beginning.len()),
        };
        from = end;
        found.extend(secret);
    }
    union(found)
}

/// What secrets begin with, in any case, and where. It is found by its last two bytes: what those of a text rule out at once,
/// an `e` or a `b` would not.
fn beginnings(text: &str) -> impl Iterator<Item = (&'static str, usize)> {
    let bytes = text.as_bytes();
    memchr::memchr3_iter(b'j', b'J', b' ', bytes).filter_map(|last| {
        let beginning = match bytes[..last].last()?.to_ascii_lowercase() {
            b'y' => JWT,
            b'n' => PEM,
            b'r' => BEARER,
            b'c' => BASIC,
            _ => return None,
        };
        let start = (last + 1).checked_sub(beginning.len())?;
        bytes[start..=last].eq_ignore_ascii_case(beginning.as_bytes()).then_some((beginning, start))
    })
}

/// Whether a text is nothing but an `Authorization` header's value, however short.
pub(crate) fn is_authorization(text: &str) -> bool {
    let is_scheme =
        |scheme: &str| scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("basic");
    let parts = text.trim().split_once([' ', '+']);
    parts.is_some_and(|(scheme, token)| is_scheme(scheme) && !token.is_empty() && !is_word(token))
}

/// From a `eyJ` on, and up to where the run of its characters ends. What stands behind a token is masked with it.
fn jwt(text: &str, start: usize) -> (Option<Range<usize>>, usize) {
    let is_of_token = |c: &u8| c.is_ascii_alphanumeric() || b"-_.".contains(c);
    let end = start + text.as_bytes()[start..].iter().take_while(|c| is_of_token(c)).count();
    let parts: Vec<_> = text[start..end].split('.').collect();
    // Signed, or encrypted.
    let is_one = |three: &[&str]| three[0].contains(JWT) && three[1].starts_with(JWT) && !three[2].is_empty();
    let is_encrypted = || parts.len() == 5 && parts[0].starts_with(JWT) && !parts[4].is_empty();
    let is_jwt = parts.windows(3).any(is_one) || is_encrypted();
    (is_jwt.then_some(start..end), end.max(start + 1))
}

/// A key up to its last line, or all of the text if that is missing.
fn private_key(text: &str, start: usize) -> (Option<Range<usize>>, usize) {
    let label = start + PEM.len();
    let Some(length) = text.as_bytes()[label..].iter().take(LONGEST_LABEL).position(|c| *c == b'-') else {
        return (None, label);
    };
    if !text[label..label + length].ends_with("PRIVATE KEY") {
        return (None, label);
    }
    let end = text[label..].find("-----END ").map(|at| label + at + "-----END ".len());
    let end = end.and_then(|end| Some(end + text[end..].find("-----")? + "-----".len()));
    let end = end.unwrap_or(text.len());
    (Some(start..end), end)
}

/// What stands behind a scheme, unless it is a word: `Basic authentication`, `Bearer realm="x"`.
fn token(text: &str, start: usize, behind: usize) -> (Option<Range<usize>>, usize) {
    let bytes = text.as_bytes();
    if start > 0 && bytes[start - 1].is_ascii_alphanumeric() {
        return (None, behind);
    }
    let count = |from: usize, is_one: fn(&u8) -> bool| bytes[from..].iter().take_while(|c| is_one(c)).count();
    let begin = behind + count(behind, |c| *c == b' ');
    let end = begin + count(begin, |c| c.is_ascii_alphanumeric() || b"-._~+/".contains(c));
    let end = end + count(end, |c| *c == b'=');
    let is_token = end - begin >= SHORTEST_TOKEN && !is_word(&text[begin..end]);
    // What is none may be a scheme itself, or hold a token of another kind.
    (is_token.then_some(begin..end), if is_token { end } else { begin })
}

fn is_word(text: &str) -> bool {
    let rest = text.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(text);
    text.len() < LONGEST_WORD
        && rest.bytes().all(|c| c.is_ascii_lowercase() || b"_-.,= ".contains(&c))
        && !rest.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{text, url};

    proptest! {
        #[test]
        fn beginnings_are_found_in_any_case(
            text in "([EeYyJj -]|é|bearer |Basic |BASIC |-----BEGIN |-----begin |eyJ|EYj){0,12}",
        ) {
            let is_at = |beginning: &str, start: usize| {
                let here = text.get(start..start + beginning.len());
                here.is_some_and(|here| here.eq_ignore_ascii_case(beginning))
            };
            let all = (0..text.len()).flat_map(|at| [JWT, PEM, BEARER, BASIC].map(|one| (one, at)));
            let expected: Vec<_> = all.filter(|(one, at)| is_at(one, *at)).collect();
            prop_assert_eq!(beginnings(&text).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn secrets_are_known_by_their_shape_wherever_they_stand() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIabc+/\n-----END RSA PRIVATE KEY-----";
        for (given, told) in [
            ("got eyJhbGciOi.eyJzdWIi.c2ln, refused", "got ***, refused"),
            ("/x/eyJhbGciOi.eyJzdWIi.c2ln/y", "/x/***/y"),
            ("/x?q=eyJhbGciOi.eyJzdWIi.c2ln&y=1", "/x?q=***&y=1"),
            ("/x?q%3DeyJhbGciOi.eyJzdWIi.c2ln", "/x?***"),
            ("eyJhbGciOi.a.b.c.d", "***"),
            ("eyJhbGciOi.eyJzdWIi is no token", "eyJhbGciOi.eyJzdWIi is no token"),
            ("Bearer abcd1234", "Bearer ***"),
            ("sent 'authorization: BASIC  bWU6cHc='", "sent 'authorization: BASIC  ***'"),
            ("Basic authentication, Bearer realm=\"x\"", "Basic authentication, Bearer realm=\"x\""),
            ("Basic Auth, Visual Basic 6", "Basic Auth, Visual Basic 6"),
            ("a -----BEGIN CERTIFICATE----- b", "a -----BEGIN CERTIFICATE----- b"),
            (&format!("key: {key}, cert"), "key: ***, cert"),
            ("-----BEGIN PRIVATE KEY-----\\nMIIabc", "***"),
        ] {
            assert_eq!(text(given), told);
        }
        assert_eq!(url("/x/eyJhbGciOi.eyJzdWIi.c2ln/y"), "/x/***/y");
    }

    #[test]
    fn a_long_text_takes_no_longer_than_its_length() {
        let took = |length: usize| {
            let began = std::time::Instant::now();
            for part in [
                "eyJ",
                "eyJ.",
                "-----BEGIN PRIVATE KEY",
                "-----BEGIN ",
                "bearer ",
                "bearer a1",
                "basic  eyJ.a",
            ] {
                assert!(text(&part.repeat(length / part.len())).len() <= length);
            }
            began.elapsed()
        };
        took(1 << 12);
        assert!(took(1 << 17) < 200 * (took(1 << 12) + std::time::Duration::from_millis(1)));
    }
}
