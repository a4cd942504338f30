//! Values behind the names of secrets: `password: …`, `"apiKey":"…"`, `Cookie: …`.
//!
//! Where a value ends depends on how it begins: one in quotes where they close, however deep in JSON within JSON they stand; a
//! list or an object where its bracket closes; a header's at the end of its line; any other at the next blank or mark. What is
//! never closed was cut, and is masked to its end. Quotes and brackets stay, so that what is masked can be masked again.

use std::ops::Range;

use greenroom_redact::name_is_secret;

/// How far a name reaches that is looked at.
const LONGEST_NAME: usize = 64;
/// How many spaces there may be between a name and its value.
const SPACES: usize = 3;

/// Where values stand whose names are those of secrets; some may be empty.
pub(super) fn named(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut at) = (vec![], 0);
    while let Some(sign) = text[at..].find([':', '=']).map(|sign| at + sign) {
        at = sign + 1;
        let last = unspaced_end(&text[..sign]);
        let before = last.trim_end_matches(['"', '\'', '`', '\\', ']']);
        let is_of_name = |c: &char| c.is_ascii_alphanumeric() || "_.-".contains(*c);
        let length = before.chars().rev().take(LONGEST_NAME).take_while(is_of_name).count();
        let name = &before[before.len() - length..];
        if name_is_secret(name) {
            // `=>`, `:=` and `==` are one sign.
            let behind = unspaced_start(text[at..].trim_start_matches(['=', '>']));
            let is_bare = before.len() == last.len();
            let is_header = is_bare && text[sign..].starts_with(':') && is_header(name);
            let value = value(text, text.len() - behind.len(), is_header);
            at = value.end;
            found.push(value);
        }
    }
    found
}

/// Headers whose values are of several words.
fn is_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("cookie") || name.ends_with("authorization")
}

fn value(text: &str, start: usize, is_header: bool) -> Range<usize> {
    let behind = text[start..].trim_start_matches('\\');
    let first = text.len() - behind.len();
    let ends = |c: char| c.is_whitespace() || "\"'`&,;<>".contains(c);
    let end_at = |end: Option<usize>| end.map_or(text.len(), |length| start + length);
    match behind.bytes().next() {
        Some(quote @ (b'"' | b'\'' | b'`')) => {
            first + 1..closing(text, first + 1, quote, first - start).start
        }
        Some(b'[' | b'{') => first + 1..closing_bracket(text, first + 1),
        _ if is_header => start..end_at(text[start..].find(['\r', '\n'])),
        _ => start..end_at(text[start..].find(ends)),
    }
}

/// Where a quote is closed that has so many backslashes in front of it, with those of its end.
///
/// A text within JSON has one in front of each of its quotes, the next within has three, then seven: what is deeper than
/// that stands within.
fn closing(text: &str, from: usize, quote: u8, escapes: usize) -> Range<usize> {
    let deeper = (escapes + 2).next_power_of_two() - 1;
    let mut run = 0;
    for (at, byte) in text.bytes().enumerate().skip(from) {
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
    while let Some(mark) = text[at..].find(['[', ']', '{', '}', '"', '\'', '`']).map(|mark| at + mark) {
        let escapes = text[at..mark].bytes().rev().take_while(|byte| *byte == b'\\').count();
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
            ("{ cookie: { a: 'b' }, x: 1 }", "{ cookie: {***}, x: 1 }"),
            (r#"{"authorization":null,"x":1}"#, r#"{"authorization":***,"x":1}"#),
            ("'password' => 'a b', x", "'password' => '***', x"),
            ("password := \"a b\" x", "password := \"***\" x"),
            ("user[password] = a b", "user[password] = *** b"),
            ("headers['Cookie'] = 'a=b; c'", "headers['Cookie'] = '***'"),
            ("x\nCookie: a=b; c=d\r\nHost: y", "x\nCookie: ***\r\nHost: y"),
            ("Set-Cookie: a=\"b c\"; Path=/\nx", "Set-Cookie: ***\nx"),
            ("proxy-authorization: Digest a=\"b c\", d=e", "proxy-authorization: ***"),
            ("Authorization: Basic a b", "Authorization: ***"),
            ("{ authorization: 'Basic a b', x: 1 }", "{ authorization: '***', x: 1 }"),
            ("cookie=a; b", "cookie=***; b"),
            ("Cookies: a b, tokens: 3", "Cookies: a b, tokens: 3"),
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
            value in "[a-z][a-z0-9=;,\"' &<>]{0,20}",
        ) {
            let told = told(&format!("GET /x HTTP/1.1\r\n{name}: {value}hunter2\r\nHost: told"));
            prop_assert_eq!(told, format!("GET /x HTTP/1.1\r\n{name}: ***\r\nHost: told"));
        }
    }
}
