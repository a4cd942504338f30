//! Users of the portal in paths and references: who is named there is not kept.

use std::borrow::Cow;

use memchr::memmem::Finder;

/// What stands in place of a name.
const NOBODY: &str = "***";
/// How many parts of a path behind `user` name somebody: a namespace and a name.
const PARTS: usize = 2;

/// The text without names of users: `/catalog/default/user/jane` and `user:default/jane`, however their marks are encoded. It may be
/// JSON, and then is so afterwards.
pub(crate) fn hidden(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    for at in Finder::new("user").find_iter(text.as_bytes()) {
        if at < kept {
            continue;
        }
        let behind = at + "user".len();
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
    if text.starts_with(':') {
        return Some((Sign::Colon, 1));
    }
    if text.get(..3).is_some_and(|mark| mark.eq_ignore_ascii_case("%3a")) {
        return Some((Sign::Colon, 3));
    }
    slash(text).map(|length| (Sign::Slash, length))
}

/// How long the slash at the beginning is.
fn slash(text: &str) -> Option<usize> {
    if text.starts_with('/') {
        return Some(1);
    }
    // As JSON may write it, and as URLs do within others.
    let is_encoded =
        text.starts_with("\\/") || text.get(..3).is_some_and(|mark| mark.eq_ignore_ascii_case("%2f"));
    is_encoded.then(|| if text.starts_with('\\') { 2 } else { 3 })
}

fn is_behind_slash(before: &str) -> bool {
    before.ends_with('/') || before.ends_with("%2F") || before.ends_with("%2f")
}

fn is_within_word(before: &str) -> bool {
    before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-')
        && !before.ends_with("%2F")
        && !before.ends_with("%2f")
        && !before.ends_with("%22")
}

/// Where names stand from here on. Of a path each part is one; of a reference all of it.
fn names(text: &str, start: usize, is_path: bool) -> Vec<(usize, usize)> {
    let (mut found, mut at) = (vec![], start);
    for _ in 0..PARTS {
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
            mark in "/user/(default/)?|user:(default/)?|/user%2F(default%2f)?|user%3a(default%2F)?",
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
