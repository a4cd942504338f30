//! What another process has printed, with secrets masked and nothing else changed.

use std::str::from_utf8;

use greenroom_js::json::string;
use greenroom_redact::{MASK, Secrets};
use serde::de::IgnoredAny;

/// Appends a line, or several; with an end, if they have none.
pub(crate) fn line(out: &mut Vec<u8>, raw: &[u8], secrets: &Secrets) {
    match from_utf8(raw) {
        Ok(text) if text.starts_with('{') => json_or_text(out, text, secrets),
        _ => {
            for chunk in raw.utf8_chunks() {
                text(out, chunk.valid(), secrets);
                out.extend_from_slice(chunk.invalid());
            }
        }
    }
    if out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
}

fn json_or_text(out: &mut Vec<u8>, line: &str, secrets: &Secrets) {
    if secrets.is_active() && serde_json::from_str::<IgnoredAny>(line).is_ok() {
        json(out, line, secrets);
    } else {
        text(out, line, secrets);
    }
}

fn text(out: &mut Vec<u8>, text: &str, secrets: &Secrets) {
    secrets.pieces(text, |piece| out.extend_from_slice(piece.as_bytes()));
}

/// Appends JSON, which stays JSON: in its strings secrets are masked, of its numbers those that are one.
pub(crate) fn json(out: &mut Vec<u8>, json: &str, secrets: &Secrets) {
    if !secrets.is_active() {
        return out.extend_from_slice(json.as_bytes());
    }
    let mut rest = json;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (between, value) = rest.split_at(at);
        out.extend_from_slice(between.as_bytes());
        rest = match value.strip_prefix('"') {
            Some(value) => {
                let (inside, behind) = value.split_at(string_end(value));
                quoted(out, inside, secrets);
                behind.get(1..).unwrap_or_default()
            }
            None => {
                let is_of_it = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
                let (number, behind) = value.split_at(value.find(|c| !is_of_it(c)).unwrap_or(value.len()));
                match secrets.hides_number(number) {
                    true => string(out, MASK),
                    false => out.extend_from_slice(number.as_bytes()),
                }
                behind
            }
        };
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Appends a string. One with escapes is masked by what it means: a secret may end in the midst of one.
fn quoted(out: &mut Vec<u8>, inside: &str, secrets: &Secrets) {
    let is_escaped = inside.contains('\\');
    let meant = is_escaped.then(|| serde_json::from_str::<String>(&format!("\"{inside}\"")).ok()).flatten();
    let masked = meant
        .as_deref()
        .map(|meant| secrets.mask(meant))
        .filter(|masked| Some(&**masked) != meant.as_deref());
    if let Some(masked) = masked {
        return string(out, &masked);
    }
    out.push(b'"');
    if meant.is_some() {
        out.extend_from_slice(inside.as_bytes());
    } else {
        // It has no escapes; or half of a pair of surrogates, which means nothing.
        text(out, inside, secrets);
    }
    out.push(b'"');
}

/// Where the string ends that has begun: its quote.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secrets(all: &[&str]) -> Secrets {
        Secrets::default().with(all.iter().copied()).expect("new ones").0
    }

    fn masked(raw: &[u8], all: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        line(&mut out, raw, &secrets(all));
        out
    }

    #[test]
    fn a_line_of_json_stays_json_and_all_else_of_it_as_it_was() {
        let raw = "{ \"a\" : 1.50, \"b\":[-7,\"x\\\"se\\ncret\\\"y\", 4711], \"c\":14711 , \"k\":\"4711\"}\n";
        let expected =
            "{ \"a\" : 1.50, \"b\":[-7,\"x\\\"***\\\"y\", \"***\"], \"c\":14711 , \"k\":\"***\"}\n";
        assert_eq!(String::from_utf8(masked(raw.as_bytes(), &["se\ncret", "4711"])).unwrap(), expected);
    }

    #[test]
    fn text_is_masked_around_bytes_that_are_none_and_gets_an_end() {
        assert_eq!(masked(b"\xff my-secret \xfe\r\x00", &["my-secret"]), b"\xff *** \xfe\r\x00\n");
        assert_eq!(masked(b"{ token: 'my-secret' }\n", &["my-secret"]), b"{ token: '***' }\n");
        assert_eq!(masked(b"", &["my-secret"]), b"\n");
    }

    proptest! {
        #[test]
        fn what_holds_no_secret_is_not_changed(raw in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut expected = raw.clone();
            if raw.last() != Some(&b'\n') {
                expected.push(b'\n');
            }
            prop_assert_eq!(masked(&raw, &["a-secret-that-is-nowhere"]), expected);
        }

        #[test]
        fn whatever_is_masked_json_is_json_after_it(text in "[a-c\"\\\\\n1-3 ]{0,40}", number in any::<i64>()) {
            let json = serde_json::json!({"k": [text, number], "1": {}}).to_string();
            let all = ["ab", "1\"2", "12", "c\\"];
            let out = masked(json.as_bytes(), &all);
            let read: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
            let said = read["k"][0].as_str().expect("text");
            prop_assert!(all.iter().all(|secret| !said.contains(secret)), "{said}");
        }
    }
}
