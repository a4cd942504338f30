//! Strings, numbers and nested values as `JSON.stringify` prints them, secrets masked on the way.

use std::fmt;

use greenroom_js::{
    json::{self, Escaper, escaped},
    key, number,
};
use greenroom_redact::{MASK, Secrets};
use serde_json::Value;

use crate::value::FieldValue;

/// Appends text as a JSON string with its secrets masked.
pub(crate) fn masked(out: &mut Vec<u8>, text: &str, secrets: &Secrets) {
    out.push(b'"');
    secrets.pieces(text, |piece| escaped(out, piece));
    out.push(b'"');
}

/// Appends formatted text as a JSON string; `buffer` serves when secrets have to be found first.
pub(crate) fn formatted(out: &mut Vec<u8>, buffer: &mut String, args: fmt::Arguments<'_>, secrets: &Secrets) {
    if secrets.is_active() {
        let mut text = std::mem::take(buffer);
        text.clear();
        render(&mut text, args);
        masked(out, &text, secrets);
        *buffer = text;
    } else {
        out.push(b'"');
        // A `Display` that gives up half-way keeps what it has written.
        let _ = fmt::Write::write_fmt(&mut Escaper(out), args);
        out.push(b'"');
    }
}

/// Appends formatted text; a `Display` that gives up half-way keeps what it has written.
pub(crate) fn render(out: &mut String, args: fmt::Arguments<'_>) {
    match args.as_str() {
        Some(text) => out.push_str(text),
        None => drop(fmt::Write::write_fmt(out, args)),
    }
}

/// Appends a value as JSON, objects sorted or in their own order. `undefined` appends nothing.
pub(crate) fn value(
    out: &mut Vec<u8>,
    buffer: &mut String,
    value: FieldValue<'_>,
    secrets: &Secrets,
    sorted: bool,
) {
    match value {
        FieldValue::Undefined => {}
        FieldValue::Null => out.extend_from_slice(b"null"),
        FieldValue::Bool(v) => out.extend_from_slice(if v { b"true" } else { b"false" }),
        FieldValue::I64(v) => number(out, itoa::Buffer::new().format(v), secrets),
        FieldValue::U64(v) => number(out, itoa::Buffer::new().format(v), secrets),
        FieldValue::F64(v) if v.is_finite() => {
            number(out, number::Buffer::default().format(v), secrets);
        }
        FieldValue::F64(_) => out.extend_from_slice(b"null"),
        FieldValue::Str(v) => masked(out, v, secrets),
        FieldValue::Json(v) => json(out, v, secrets, sorted),
        // A line has no line end within.
        FieldValue::JsonText(v) if v.contains(['\n', '\r']) => {
            json(out, &crate::value::read(v), secrets, sorted)
        }
        FieldValue::JsonText(v) => super::raw::json(out, v, secrets),
        FieldValue::Serialize(v) => json(out, &v.as_json(), secrets, sorted),
        FieldValue::Error(v) => json(out, &crate::error::to_value(v), secrets, sorted),
        FieldValue::Display(v) => formatted(out, buffer, format_args!("{v}"), secrets),
        FieldValue::Debug(v) => formatted(out, buffer, format_args!("{v:?}"), secrets),
    }
}

fn number(out: &mut Vec<u8>, text: &str, secrets: &Secrets) {
    if secrets.hides_number(text) {
        json::string(out, MASK);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

fn json(out: &mut Vec<u8>, value: &Value, secrets: &Secrets, sorted: bool) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                json(out, item, secrets, sorted);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let mut entry = |i: usize, (key, item): (&String, &Value)| {
                out.push(if i == 0 { b'{' } else { b',' });
                masked(out, key, secrets);
                out.push(b':');
                json(out, item, secrets, sorted);
            };
            if !sorted || map.keys().is_sorted_by(|a, b| key::cmp(a, b).is_le()) {
                map.iter().enumerate().for_each(|(i, e)| entry(i, e));
            } else {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by(|a, b| key::cmp(a.0, b.0));
                entries.into_iter().enumerate().for_each(|(i, e)| entry(i, e));
            }
            if map.is_empty() {
                out.push(b'{');
            }
            out.push(b'}');
        }
        scalar => {
            if let Some(scalar) = FieldValue::of_json(scalar) {
                self::value(out, &mut String::new(), scalar, secrets, sorted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_javascript() {
        let print = |v| {
            let mut out = Vec::new();
            value(&mut out, &mut String::new(), v, &Secrets::default(), true);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(print(FieldValue::F64(1.0)), "1");
        assert_eq!(print(FieldValue::F64(-0.0)), "0");
        assert_eq!(print(FieldValue::F64(1e21)), "1e+21");
        assert_eq!(print(FieldValue::F64(1e-7)), "1e-7");
        assert_eq!(print(FieldValue::F64(0.1 + 0.2)), "0.30000000000000004");
        assert_eq!(print(FieldValue::F64(f64::NAN)), "null");
        assert_eq!(print(FieldValue::U64(u64::MAX)), "18446744073709551615");
        assert_eq!(print(FieldValue::I64(i64::MIN)), "-9223372036854775808");
    }
}
