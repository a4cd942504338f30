//! URLs in a text: a message, a stack, a line of a file.

use std::{borrow::Cow, iter, ops::Range};

use crate::{
    ranges::{masked, union},
    shape,
    url::{begins_authority, credentials, is_of_scheme, may_hold_secret},
};

/// A text with `***` in place of the credentials of [URLs](crate::url) in it.
///
/// ```
/// use greenroom_redact::text;
///
/// assert_eq!(text("cannot reach postgres://me:pw@db:5432/x!"), "cannot reach postgres://***@db:5432/x!");
/// assert_eq!(text("at load (https://a/app.js?token=abc:1:2)"), "at load (https://a/app.js?token=***)");
/// assert_eq!(text("\"GET /cb?code=abc HTTP/1.1\" 200"), "\"GET /cb?code=*** HTTP/1.1\" 200");
/// ```
///
/// A URL ends at a space, and where the quote or bracket that it stands in is closed; what follows it without a space is
/// taken for a part of it. Of credentials that stand in no URL, those with a shape of their own are found: JSON Web Tokens, private
/// keys, what follows `Bearer` or `Basic`; others (`password: abc`) are not.
pub fn text(text: &str) -> Cow<'_, str> {
    masked(text, &credentials_in(text))
}

/// Where [`text`] masks: ranges of bytes, in order.
///
/// ```
/// assert_eq!(greenroom_redact::credentials_in("see //me:pw@host"), [6..11]);
/// ```
pub fn credentials_in(text: &str) -> Vec<Range<usize>> {
    let mut all = shape::secrets(text);
    if !may_hold_secret(text) {
        return all;
    }
    let shifted = |url: Range<usize>| {
        let found = credentials(&text[url.clone()]);
        found.into_iter().map(move |range| url.start + range.start..url.start + range.end)
    };
    all.extend(urls_in(text).flat_map(shifted));
    union(all)
}

/// Where URLs stand, or what may be a part of one: from the first mark of a URL on.
fn urls_in(text: &str) -> impl Iterator<Item = Range<usize>> {
    let (mut from, mut word) = (0, 0..0);
    iter::from_fn(move || {
        let start = start(text, from)?;
        if start >= word.end {
            let begin = text[from..start].rfind(is_space).map_or(from, |at| from + at);
            word = begin..start + text[start..].find(is_space).unwrap_or(text.len() - start);
        }
        let end = end(&text[..word.end], from.max(word.start), start).unwrap_or(word.end);
        from = end.max(start + 1);
        Some(start..end)
    })
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// The first scheme, or mark in front of a parameter.
fn start(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let found = (from..bytes.len()).find(|&at| match bytes[at] {
        b'/' | b'?' | b'&' | b';' | b'#' => true,
        b':' => begins_authority(text, at + 1),
        _ => false,
    })?;
    let scheme = bytes[from..found].iter().rev().take_while(|c| is_of_scheme(**c)).count();
    match bytes[found] {
        // A drive (`C:\\x`), or nothing.
        b':' if scheme < 2 => Some(found + 1),
        b':' => Some(found - scheme),
        _ => Some(found),
    }
}

/// Where the quote or bracket is closed that what starts there stands in; nothing in front of `from` counts.
fn end(text: &str, from: usize, start: usize) -> Option<usize> {
    let opening = from + text[from..start].rfind(['"', '\'', '`', '<', '(', '[', '{', '>', ')', ']', '}'])?;
    let closing = match text.as_bytes()[opening] {
        b'<' => b'>',
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        quote @ (b'"' | b'\'' | b'`') => quote,
        _ => return None,
    };
    // A quote within JSON that is itself a text is escaped at both ends.
    let is_escaped = |at: usize| at > 0 && text.as_bytes()[at - 1] == b'\\';
    let escaped = is_escaped(opening);
    let mut closings = memchr::memchr_iter(closing, &text.as_bytes()[start..]).map(|at| start + at);
    let end = closings.find(|at| is_escaped(*at) == escaped)?;
    Some(end - usize::from(escaped))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_are_found_in_messages_and_stacks() {
        for (given, told) in [
            ("GET /cb?code=abc&x=1 failed", "GET /cb?code=***&x=1 failed"),
            ("GET example.com/cb?code=abc", "GET example.com/cb?code=***"),
            ("a https://u:p@h/x, b http://v:q@h", "a https://***@h/x, b http://***@h"),
            ("jdbc:postgresql://u:p@h/d?password=a", "jdbc:postgresql://***@h/d?password=***"),
            (r#"{"u":"https://h/?token=a","v":"b@c"}"#, r#"{"u":"https://h/?token=***","v":"b@c"}"#),
            (r#"{\"u\":\"https://h/?token=a\",\"v\":1}"#, r#"{\"u\":\"https://h/?token=***\",\"v\":1}"#),
            (
                "at f (https://h/a.js?sig=a:1:2)\n  at g (b.js:1:2)",
                "at f (https://h/a.js?sig=***)\n  at g (b.js:1:2)",
            ),
            ("f@https://h/a.js?v=1&key=a:1:2\ng@b.js:3:4", "f@https://h/a.js?v=1&key=***\ng@b.js:3:4"),
            ("(https://h?f=(a)&token=b)", "(https://h?f=(a)&token=***"),
            ("[text](https://h?token=a) and", "[text](https://h?token=***) and"),
            ("<a href='https://h?a=1&amp;token=b'>", "<a href='https://h?a=1&amp;token=***'>"),
            ("user=x&token=a/b", "user=x&token=***"),
            ("GET /x/token=a/b failed", "GET /x/token=***/b failed"),
            ("('h/token=a')", "('h/token=***')"),
            ("and/or a/b", "and/or a/b"),
            ("Mozilla/5.0 (Bot/1.0; +https://h/?token=a)", "Mozilla/5.0 (Bot/1.0; +https://h/?token=***"),
            ("://u:p@h", "://***@h"),
            ("at https:/u:p@h/", "at https:/***@h/"),
            ("see amqp://u:p/q@h, me@h", "see amqp://***@h, me@h"),
            ("https:\\\\u:p@h", "https:\\\\***@h"),
            ("C:\\\\me@corp\\x", "C:\\\\me@corp\\x"),
            ("mail me@example.com: a // b@c", "mail me@example.com: a // b@c"),
            ("what? key=a; token: b", "what? key=a; token: b"),
            ("TypeError: a.b is not a function", "TypeError: a.b is not a function"),
            ("", ""),
        ] {
            assert_eq!(text(given), told);
        }
    }

    /// A text that is full of marks.
    fn marked() -> impl Strategy<Value = String> {
        let piece = "https://|//|[?&;#=@:/\\\\]|token[=.]|hooks[/.]|code|a=|%3[aAdDfF]|%2[256]|%40|[\"'`(){}<>]| |x|\u{e9}";
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_secret_in_a_url_is_never_told(
            before in "([a-zé:]{0,4}[ \"'(<\n])?",
            url in "(https://hunter2@h|postgres://u:hunter2@h|/cb\\?code=hunter2|h/\\?a=1&api_key=hunter2|//hunter2@h)",
            after in "([/?&#][a-z=]{0,4})?([ \"')>\n][a-zé]{0,4})?",
        ) {
            let told = text(&format!("{before}{url}{after}")).into_owned();
            prop_assert!(!told.contains("hunter2"), "{}", told);
        }

        #[test]
        fn any_text_can_be_masked_and_is_masked_once(given in prop_oneof![marked(), "\\PC{0,40}"]) {
            let told = text(&given).into_owned();
            prop_assert_eq!(text(&told), &*told, "{}", given);
        }

        #[test]
        fn all_else_stays(given in marked()) {
            let mut shown = given.clone();
            for range in credentials_in(&given).into_iter().rev() {
                shown.replace_range(range, "***");
            }
            prop_assert_eq!(text(&given), shown);
        }

        #[test]
        fn words_without_marks_stay(given in "[a-z0-9 :,.@'\"()=é\\n-]{0,40}") {
            prop_assert!(matches!(text(&given), Cow::Borrowed(_)));
        }
    }
}
