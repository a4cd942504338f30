//! Users of the portal in paths and references: who is named there is not kept.

use std::borrow::Cow;

use memchr::memchr2_iter;

/// What stands in place of a name.
const NOBODY: &str = "***";
/// A slash, as it is and as URLs within URLs and JSON may write it.
const SLASHES: [&str; 5] = ["/", "\\/", "%2f", "%252f", "\\u002f"];
/// A colon, likewise.
const COLONS: [&str; 4] = [":", "%3a", "%253a", "\\u003a"];
/// How many parts of a path behind `user` name somebody: a namespace and a name.
const PARTS: usize = 2;

/// The text without names of users: `/catalog/default/user/jane` and `User:default/jane`, however their marks are encoded. It may be
/// JSON, and then is so afterwards.
pub(crate) fn hidden(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    for at in memchr2_iter(b'u', b'U', text.as_bytes()) {
        let behind = at + "user".len();
        if at < kept || !text.get(at..behind).is_some_and(|word| word.eq_ignore_ascii_case("user")) {
            continue;
        }
        let names = match sign(&text[behind..]) {
            Some((Sign::Slash, length)) if is_behind_slash(&text[..at]) => names(text, behind + length, true),
            Some((Sign::Colon, length)) if !is_within_word(&text[..at]) => {
                names(text, behind + length, false)
            }
            _ => continue,
        };
        for (start, end) in names {
            out.push_str(&text[kept..start]);
            out.push_str(NOBODY);
            kept = end;
        }
    }
    match kept {
        0 => Cow::Borrowed(text),
        _ => Cow::Owned(out + &text[kept..]),
    }
}

enum Sign {
    Slash,
    Colon,
}

/// The mark at the beginning, and how long it is.
fn sign(text: &str) -> Option<(Sign, usize)> {
    let colon = first_of(&COLONS, text).map(|length| (Sign::Colon, length));
    colon.or_else(|| slash(text).map(|length| (Sign::Slash, length)))
}

/// How long the slash at the beginning is.
fn slash(text: &str) -> Option<usize> {
    first_of(&SLASHES, text)
}

/// How long the one of these marks is that stands at the beginning.
fn first_of(marks: &[&str], text: &str) -> Option<usize> {
    let begins = |mark: &str| text.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    marks.iter().find(|mark| begins(mark)).map(|mark| mark.len())
}

fn is_behind_slash(before: &str) -> bool {
    let ends = |mark: &str| {
        let start = before.len().checked_sub(mark.len());
        start.and_then(|start| before.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(mark))
    };
    SLASHES.iter().any(|mark| ends(mark))
}

fn is_within_word(before: &str) -> bool {
    before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-') && !is_encoded(before.as_bytes())
}

/// Whether its last letters are those of `%3D`, `\u003d` or `\n`, and none of a word.
fn is_encoded(before: &[u8]) -> bool {
    let are_hex = |digits: &[&u8]| digits.iter().all(|digit| digit.is_ascii_hexdigit());
    match before {
        [.., b'%', a, b] | [.., b'%', b'2', b'5', a, b] if are_hex(&[a, b]) => true,
        [.., b'\\', b'u', a, b, c, d] if are_hex(&[a, b, c, d]) => true,
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        _ => false,
    }
}

/// Where names stand from here on. Of a path each part is one; of a reference all of it.
fn names(text: &str, start: usize, is_path: bool) -> Vec<(usize, usize)> {
    let (mut found, mut at) = (vec![], start);
    let parts = if is_path { PARTS } else { usize::MAX };
    for _ in 0..parts {
        let end = at + text[at..].bytes().take_while(|byte| is_of_name(*byte)).count();
        let end = encoded_slash(&text[at..end]).map_or(end, |length| at + length);
        if end > at && &text[at..end] != NOBODY {
            found.push((at, end));
        }
        match slash(&text[end..]) {
            Some(length) => at = end + length,
            None => break,
        }
    }
    if !is_path && let (Some(first), Some(last)) = (found.first().copied(), found.last().copied()) {
        return vec![(first.0, last.1)];
    }
    found
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"_.-~%+@*".contains(&byte)
}

/// Where an encoded slash ends a name.
fn encoded_slash(name: &str) -> Option<usize> {
    name.match_indices('%').map(|(at, _)| at).find(|at| slash(&name[*at..]).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn who_is_named_is_hidden_and_nothing_else_is() {
        for (text, expected) in [
            ("https://p.example/catalog/default/user/jane.doe", "https://p.example/catalog/default/user/***"),
            ("/catalog/default/user/jane/overview?x=1", "/catalog/default/user/***/***?x=1"),
            ("/api/catalog/entities/by-name/user/default/jane", "/api/catalog/entities/by-name/user/***/***"),
            ("user:default/jane left, user:max too", "user:*** left, user:*** too"),
            ("?ref=user%3Adefault%2Fjane&x", "?ref=user%3A***&x"),
            ("[user:default/jane]", "[user:***]"),
            ("/Catalog/default/USER/jane, User:default/jane", "/Catalog/default/USER/***, User:***"),
            ("?ref%3Duser%253Adefault%252Fjane&x", "?ref%3Duser%253A***&x"),
            ("%252Fuser%252Fjane?x", "%252Fuser%252F***?x"),
            (r#"{"message":"not there:\nuser:default/jane"}"#, r#"{"message":"not there:\nuser:***"}"#),
            (r"of 100%\nuser:jane left", r"of 100%\nuser:*** left"),
            (r"\u002fuser\u002fjane left", r"\u002fuser\u002f*** left"),
            (r#"{"url":"\/catalog\/default\/user\/jane"}"#, r#"{"url":"\/catalog\/default\/user\/***"}"#),
            ("/catalog/default/user/***", "/catalog/default/user/***"),
            ("/catalog/default/user", "/catalog/default/user"),
            (r#"{"type":"user","usr":{}}"#, r#"{"type":"user","usr":{}}"#),
            (
                "mask-user-input, superuser:x, user: undefined",
                "mask-user-input, superuser:x, user: undefined",
            ),
            ("/catalog/default/component/user-service", "/catalog/default/component/user-service"),
        ] {
            assert_eq!(hidden(text), expected, "{text}");
        }
        assert!(matches!(hidden("/catalog/default/component/a"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nobody_is_named(
            before in "( |https://p\\.example/x|\\[)?",
            mark in "/[uU]ser/(default/)?|u[sS]er:(default/)?|/user%2(52)?F(default%2f)?|user%3a(default%2F)?",
            after in "( [a-z/]{0,8}|\\?x=1)?",
        ) {
            let before = if mark.starts_with('u') && before.ends_with('x') { "" } else { &*before };
            let text = format!("{before}{mark}hunter2{after}");
            prop_assert!(!hidden(&text).contains("hunter2"), "{}: {}", text, hidden(&text));
        }

        #[test]
        fn what_is_hidden_stays_so(text in "(user|[:/%2FA3a ]|jane|é|\"|\\\\){0,12}") {
            let once = hidden(&text).into_owned();
            prop_assert_eq!(hidden(&once), &*once);
        }
    }
}
