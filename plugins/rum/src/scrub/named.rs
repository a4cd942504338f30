//! Values behind the names of secrets: `password: …`, `"apiKey":"…"`, `Cookie: …`.
//!
//! Where a value ends depends on how it begins: one in quotes where they close, however deep in JSON within JSON they stand; a
//! list or an object where its bracket closes; any other at the next blank or mark. What closes and goes on was no such value:
//! `{SSHA}Zm9v` is a secret to its end. A header's goes on to the end of the line in any case. What is never closed was cut, and
//! is masked to its end. Quotes and brackets around a value stay, so that what is masked can be masked again.

use std::ops::Range;

use greenroom_redact::name_is_secret;

use super::steps::seen;

/// How far a name reaches that is looked at.
const LONGEST_NAME: usize = 64;
/// How many spaces there may be on either side of the sign between a name and its value, as in a table.
const SPACES: usize = 64;

/// Where values stand whose names are those of secrets; some may be empty.
pub(super) fn named(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut at) = (vec![], 0);
    while let Some(sign) = text[at..].find(|c| matches!(seen(c), ':' | '=')).map(|sign| at + sign) {
        at = sign + 1;
        let last = unspaced_end(&text[..sign]);
        let before = last.trim_end_matches(|c| matches!(seen(c), '"' | '\'' | '`' | '\\' | ']'));
        let is_of_name = |c: &char| seen(*c).is_ascii_alphanumeric() || "_.-".contains(*c);
        let length = before.chars().rev().take(LONGEST_NAME).take_while(is_of_name).count();
        let (before_name, name) = before.split_at(before.len() - length);
        if name_is_secret(name) {
            // `=>`, `:=` and `==` are one sign.
            let behind = unspaced_start(text[at..].trim_start_matches(|c| matches!(seen(c), '=' | '>')));
            let is_bare = before.len() == last.len();
            let is_header = is_bare && text[sign..].starts_with(':');
            let is_closed = !is_bare && opening(behind).is_some();
            let is_line = is_of_line(name, is_header, is_closed, before_name, behind);
            let value = value(text, text.len() - behind.len(), is_line);
            at = value.end;
            found.push(value);
        }
    }
    found
}

/// Whether a value goes on to the end of its line, as that of a header does, which is of several words.
///
/// What authorizes does so behind any sign, but in a URL, which has no blanks, and where it is a member of JSON: a word, or a
/// value that closes by itself (`is_closed`).
fn is_of_line(name: &str, is_header: bool, is_closed: bool, before_name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if !name.ends_with("authorization") {
        return is_header && name.ends_with("cookie");
    }
    is_header || !(is_closed || before_name.ends_with(['?', '&', '#']) || is_word_of_json(value))
}

/// Whether it begins with one, or with what was masked instead.
fn is_word_of_json(value: &str) -> bool {
    let word = value[..unenclosed_end(value, 0)].trim_end_matches(['}', ']']);
    matches!(word, "null" | "true" | "false" | "***")
}

fn value(text: &str, start: usize, is_line: bool) -> Range<usize> {
    let inner = enclosed(text, start);
    let behind = inner.as_ref().map_or(start, |inner| inner.closed_at);
    if is_line {
        let rest = text[behind..].find(|c| matches!(seen(c), '\r' | '\n'));
        return start..rest.map_or(text.len(), |length| behind + length);
    }
    match inner {
        Some(inner) if text[behind..mark(text, behind)].chars().all(closes) => inner.range,
        _ => start..unenclosed_end(text, behind),
    }
}

/// Where a value ends that goes on to the next mark: before a quote that closes what stands around it, as in `"password=a"}`.
///
/// A quote with more of a word behind it is a part of the value.
fn unenclosed_end(text: &str, start: usize) -> usize {
    let word = &text[start..mark(text, start)];
    let closing = word.trim_end_matches(closes).len();
    start + word[closing..].find(['"', '\'', '`']).map_or(word.len(), |quote| closing + quote)
}

/// Where the next blank or mark is.
fn mark(text: &str, from: usize) -> usize {
    let ends = |c: char| seen(c).is_whitespace() || "&,;<>".contains(c);
    text[from..].find(ends).map_or(text.len(), |length| from + length)
}

/// What may stand between a value and the mark behind it, and closes something.
fn closes(c: char) -> bool {
    matches!(seen(c), '"' | '\'' | '`' | '\\' | ')' | ']' | '}')
}

/// A value in quotes or brackets, without them.
struct Enclosed {
    range: Range<usize>,
    /// Behind what closes it.
    closed_at: usize,
}

fn enclosed(text: &str, start: usize) -> Option<Enclosed> {
    let (escapes, sign) = opening(&text[start..])?;
    let first = start + escapes + 1;
    Some(match sign {
        b'[' | b'{' => {
            let end = closing_bracket(text, first);
            Enclosed { range: first..end, closed_at: text.len().min(end + 1) }
        }
        quote => {
            let closing = closing(text, first, quote, escapes);
            Enclosed { range: first..closing.start, closed_at: closing.end }
        }
    })
}

/// The quote or bracket that a value begins with, and how many backslashes are in front of it.
fn opening(value: &str) -> Option<(usize, u8)> {
    let escapes = value.bytes().take_while(|byte| seen(*byte) == b'\\').count();
    let sign = *value.as_bytes().get(escapes)?;
    matches!(sign, b'"' | b'\'' | b'`' | b'[' | b'{').then_some((escapes, sign))
}

/// Where a quote is closed that has so many backslashes in front of it, with those of its end.
///
/// A text within JSON has one in front of each of its quotes, the next within has three, then seven: what is deeper than
/// that stands within.
fn closing(text: &str, from: usize, quote: u8, escapes: usize) -> Range<usize> {
    let deeper = (escapes + 2).next_power_of_two() - 1;
    let mut run = 0;
    for (at, byte) in text.bytes().enumerate().skip(from).map(seen) {
        match byte {
            b'\\' => run += 1,
            _ if byte == quote && run & deeper != deeper => return at - escapes.min(run)..at + 1,
            _ => run = 0,
        }
    }
    text.len()..text.len()
}

/// Where the bracket is closed that what starts there stands in; those in quotes do not count.
fn closing_bracket(text: &str, from: usize) -> usize {
    let (mut open, mut at) = (0, from);
    let is_mark = |c| matches!(seen(c), '[' | ']' | '{' | '}' | '"' | '\'' | '`');
    while let Some(mark) = text[at..].find(is_mark).map(|mark| at + mark) {
        let escapes = text[at..mark].bytes().rev().take_while(|byte| seen(*byte) == b'\\').count();
        at = mark + 1;
        match text.as_bytes()[mark] {
            b'[' | b'{' => open += 1,
            b']' | b'}' if open == 0 => return mark,
            b']' | b'}' => open -= 1,
            quote => at = closing(text, at, quote, escapes).end,
        }
    }
    text.len()
}

fn unspaced_end(text: &str) -> &str {
    let spaces = text.chars().rev().take(SPACES).take_while(|c| c.is_whitespace());
    &text[..text.len() - spaces.map(char::len_utf8).sum::<usize>()]
}

fn unspaced_start(text: &str) -> &str {
    let spaces = text.chars().take(SPACES).take_while(|c| c.is_whitespace());
    &text[spaces.map(char::len_utf8).sum::<usize>()..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::text::{Parameters, scrubbed};

    fn told(text: &str) -> String {
        scrubbed(text, &Parameters::with([]))
    }

    #[test]
    fn a_value_is_masked_to_where_it_ends() {
        for (text, expected) in [
            ("password: hunter2, next", "password: ***, next"),
            (r#"{"apiKey":"a b","x":1}"#, r#"{"apiKey":"***","x":1}"#),
            (r#"{"apiKey":"a, \"b\" c\\","x":1}"#, r#"{"apiKey":"***","x":1}"#),
            ("{ password: 'a b', x: 1 }", "{ password: '***', x: 1 }"),
            ("the `token`: `a b`, x", "the `token`: `***`, x"),
            (r#"{"password":"","x":"y z"}"#, r#"{"password":"","x":"y z"}"#),
            ("\"password\":\"it was c", "\"password\":\"***"),
            (r#"{\"password\":\"a \\\"b c\",\"x\":1}"#, r#"{\"password\":\"***\",\"x\":1}"#),
            (r#"\\\"password\\\": \\\"a b\\\", x"#, r#"\\\"password\\\": \\\"***\\\", x"#),
            (r#""{\"password\":\"a b"}, c"#, r#""{\"password\":\"***"}, c"#),
            (r#"{"password":["a b",{"c":"]"}],"x":1}"#, r#"{"password":[***],"x":1}"#),
            (r#"\"set-cookie\": [\"a=b; c\", \"d ]\"], x"#, r#"\"set-cookie\": [***], x"#),
            ("token: [a [b", "token: [***"),
            ("{ cookie: { a: 'b' }, x: 1 }\ny", "{ cookie: ***\ny"),
            ("{ cookie: {\n a: 'b',\n}, x: 1 }\ny", "{ cookie: ***\ny"),
            (r#"{"authorization":null,"x":1}"#, r#"{"authorization":***,"x":1}"#),
            ("'password' => 'a b', x", "'password' => '***', x"),
            ("password := \"a b\" x", "password := \"***\" x"),
            ("user[password] = a b", "user[password] = *** b"),
            ("headers['Cookie'] = 'a=b; c'", "headers['Cookie'] = '***'"),
            ("x\nCookie: a=b; c=d\r\nHost: y", "x\nCookie: ***\r\nHost: y"),
            ("Set-Cookie: a=\"b c\"; Path=/\nx", "Set-Cookie: ***\nx"),
            ("proxy-authorization: Digest a=\"b c\", d=e", "proxy-authorization: ***"),
            ("Authorization: Basic a b", "Authorization: ***"),
            ("{ authorization: 'Basic a b', x: 1 }", "{ authorization: ***"),
            ("Authorization: 'Digest' username=a", "Authorization: ***"),
            ("authorization='Digest' username=a", "authorization=***"),
            (r#"{"authorization":"Basic a b","x":1}"#, r#"{"authorization":"***","x":1}"#),
            ("Cookie: \"a\"; b=c\nx", "Cookie: ***\nx"),
            ("Cookie: {\"a\":1}; b\nx", "Cookie: ***\nx"),
            ("Authorization: Token 0123 4", "Authorization: ***"),
            ("authorization=Digest a=\"b c\", d=e\nx", "authorization=***\nx"),
            ("'authorization' => ApiKey a, b", "'authorization' => ***"),
            // Which quote ends the header is not known.
            ("bad \"Authorization: Digest a=\"b c\", d=\"e\"\"\nx", "bad \"Authorization: ***\nx"),
            ("'authorization': Token a, b\nx", "'authorization': ***\nx"),
            ("/x?authorization=a&limit=20 b", "/x?authorization=***&limit=20 b"),
            ("cookie=a; b", "cookie=***; b"),
            ("Cookies: a b, tokens: 3", "Cookies: a b, tokens: 3"),
            ("userPassword={SSHA}Zm9v, x", "userPassword=***, x"),
            ("password={bcrypt}$2a$10$a x", "password=*** x"),
            ("password: [x]a b", "password: *** b"),
            ("clientSecret={}a", "clientSecret=***"),
            ("{ password: [a], x: ({ token: {} }) }", "{ password: [***], x: ({ token: {} }) }"),
            ("password=\"a b\"c d", "password=*** d"),
            ("(token: `a b`) c", "(token: `***`) c"),
            ("password=a`b c", "password=*** c"),
            ("password=a\"b'c d", "password=*** d"),
            ("{\"x\":\"password=a\"} b", "{\"x\":\"password=***\"} b"),
            (r#"{\"x\":\"token=a\"}" b"#, r#"{\"x\":\"token=***"}" b"#),
            ("the `token=a`, b", "the `token=***`, b"),
            ("password:         a b", "password:         *** b"),
            ("password\t\t\t\t=\t\t\t\ta b", "password\t\t\t\t=\t\t\t\t*** b"),
        ] {
            assert_eq!(told(text), expected, "{text}");
            assert_eq!(told(expected), expected, "what is masked stays");
        }
    }

    proptest! {
        #[test]
        fn a_member_of_json_is_masked_as_a_whole_however_deep_the_json_is_nested(
            value in r#"[a-c \\"'`{}\[\],;:=&<>\n\u{e9}]{0,12}"#,
            depth in 0..4_u8,
            (is_list, is_pretty) in any::<(bool, bool)>(),
        ) {
            let secret = json!(format!("{value}hunter2"));
            let secret = if is_list { json!([{"a": secret}, secret]) } else { secret };
            let shown = json!({"a": "b c", "password": secret, "z": "told"});
            let shown = if is_pretty { format!("{shown:#}") } else { shown.to_string() };
            let nested = (0..depth).fold(shown, |inner, _| json!({"inner": inner, "last": "told too"}).to_string());
            let told = told(&format!("cannot read {nested}!"));
            prop_assert!(!told.contains("hunter2") && told.contains("told"), "{}", told);
            prop_assert!(told.contains("b c") && (depth == 0 || told.ends_with(r#""last":"told too"}!"#)), "{}", told);
        }

        #[test]
        fn nothing_of_a_headers_line_is_told(
            name in "(Set-|SET-|set-)?[Cc]ookie|(Proxy-|x-)?[aA]uthorization",
            blanks in "[ \t]{1,12}",
            value in r#"[^\r\n\s*][a-z0-9=;,"' &<>`{}\[\]\\]{0,20}"#,
        ) {
            let told = told(&format!("GET /x HTTP/1.1\r\n{name}:{blanks}{value}hunter2\r\nHost: told"));
            let expected = format!("GET /x HTTP/1.1\r\n{name}:{blanks}***");
            // What is never closed goes on.
            let is_open = value.trim_start_matches('\\').starts_with(['"', '\'', '`', '[', '{']) && told == expected;
            prop_assert!(is_open || told == expected + "\r\nHost: told", "{}", told);
        }

        #[test]
        fn nothing_of_a_word_behind_a_name_is_told(
            between in " ?[:=]( {0,12}|\t{0,12})",
            value in r#"[a-z0-9$=:"'`{}()\[\]\\/]{0,12}"#,
        ) {
            let told = told(&format!("told password{between}{value}hunter2, told"));
            prop_assert!(told.starts_with("told password") && !told.contains("hunter2"), "{}", told);
        }
    }
}
