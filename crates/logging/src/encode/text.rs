//! Strings, numbers and nested values as `JSON.stringify` prints them, secrets masked on the way.

use std::{cmp::Ordering, fmt};

use serde_json::Value;

use crate::{
    redact::{MASK, Redactor},
    value::FieldValue,
};

/// The order in which JavaScript sorts keys: by UTF-16 units.
///
/// It differs from that of UTF-8 only where a character beyond the basic plane meets one of U+E000 to U+FFFF.
pub(crate) fn utf16_cmp(a: &str, b: &str) -> Ordering {
    let at = a.bytes().zip(b.bytes()).find(|(a, b)| a != b);
    match at {
        None => a.len().cmp(&b.len()),
        Some((0xF0.., 0xEE | 0xEF)) => Ordering::Less,
        Some((0xEE | 0xEF, 0xF0..)) => Ordering::Greater,
        Some((a, b)) => a.cmp(&b),
    }
}

/// Whether JSON escapes the byte: below 0x20, a quote, a backslash.
const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Whether JSON escapes one of so many bytes; without a branch, so that they are looked at together.
fn any_special<const N: usize>(bytes: &[u8; N]) -> bool {
    bytes.iter().fold(false, |any, &byte| any | is_special(byte))
}

/// Whether JSON escapes nothing of the text.
fn is_plain(text: &[u8]) -> bool {
    // The last step looks at some bytes again rather than at one after the other.
    match (text.last_chunk::<16>(), text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(last), ..) => !text.as_chunks::<16>().0.iter().any(any_special) && !any_special(last),
        (None, Some(first), Some(last)) => !any_special(first) && !any_special(last),
        _ => !text.iter().any(|&byte| is_special(byte)),
    }
}

/// Appends text with JSON's escapes, without quotes.
pub(crate) fn escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    if is_plain(rest) {
        return out.extend_from_slice(rest);
    }
    while let Some(at) = first_special(rest) {
        out.extend_from_slice(&rest[..at]);
        escape(out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Where the first byte is that JSON escapes.
fn first_special(text: &[u8]) -> Option<usize> {
    let (chunks, rest) = text.as_chunks();
    let in_chunk = |(i, chunk)| Some(i * 8 + first_of_eight(chunk)?);
    let in_rest = || Some(chunks.len() * 8 + rest.iter().position(|&byte| is_special(byte))?);
    chunks.iter().enumerate().find_map(in_chunk).or_else(in_rest)
}

/// The same of eight bytes, which are looked at as one number.
fn first_of_eight(eight: &[u8; 8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let bytes = u64::from_le_bytes(*eight);
    // A borrow may mark a byte too many, but only above one that is marked rightly.
    let below = |bytes: u64, n: u64| bytes.wrapping_sub(ONES * n) & !bytes & (ONES << 7);
    let equal = |c: u8| below(bytes ^ (ONES * u64::from(c)), 1);
    let found = below(bytes, 0x20) | equal(b'"') | equal(b'\\');
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            return out.extend_from_slice(&digits);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends text as a JSON string.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// Appends text as a JSON string with its secrets masked.
pub(crate) fn masked(out: &mut Vec<u8>, text: &str, redactor: &Redactor) {
    out.push(b'"');
    redactor.pieces(text, |piece| escaped(out, piece));
    out.push(b'"');
}

/// Escapes what is formatted into it.
pub(crate) struct Escaper<'a>(pub(crate) &'a mut Vec<u8>);

impl fmt::Write for Escaper<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escaped(self.0, text);
        Ok(())
    }
}

/// Appends formatted text as a JSON string; `buffer` serves when secrets have to be found first.
pub(crate) fn formatted(
    out: &mut Vec<u8>,
    buffer: &mut String,
    args: fmt::Arguments<'_>,
    redactor: &Redactor,
) {
    if redactor.is_active() {
        let mut text = std::mem::take(buffer);
        text.clear();
        render(&mut text, args);
        masked(out, &text, redactor);
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
    redactor: &Redactor,
    sorted: bool,
) {
    match value {
        FieldValue::Undefined => {}
        FieldValue::Null => out.extend_from_slice(b"null"),
        FieldValue::Bool(v) => out.extend_from_slice(if v { b"true" } else { b"false" }),
        FieldValue::I64(v) => number(out, itoa::Buffer::new().format(v), redactor),
        FieldValue::U64(v) => number(out, itoa::Buffer::new().format(v), redactor),
        FieldValue::F64(v) if v.is_finite() => {
            number(out, ryu_js::Buffer::new().format_finite(v), redactor);
        }
        FieldValue::F64(_) => out.extend_from_slice(b"null"),
        FieldValue::Str(v) => masked(out, v, redactor),
        FieldValue::Json(v) => json(out, v, redactor, sorted),
        FieldValue::Error(v) => json(out, &crate::error::to_value(v), redactor, sorted),
        FieldValue::Display(v) => formatted(out, buffer, format_args!("{v}"), redactor),
        FieldValue::Debug(v) => formatted(out, buffer, format_args!("{v:?}"), redactor),
    }
}

fn number(out: &mut Vec<u8>, text: &str, redactor: &Redactor) {
    if redactor.hides_number(text) {
        string(out, MASK);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

fn json(out: &mut Vec<u8>, value: &Value, redactor: &Redactor, sorted: bool) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                json(out, item, redactor, sorted);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let mut entry = |i: usize, (key, item): (&String, &Value)| {
                out.push(if i == 0 { b'{' } else { b',' });
                masked(out, key, redactor);
                out.push(b':');
                json(out, item, redactor, sorted);
            };
            if !sorted || map.keys().is_sorted_by(|a, b| utf16_cmp(a, b).is_le()) {
                map.iter().enumerate().for_each(|(i, e)| entry(i, e));
            } else {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by(|a, b| utf16_cmp(a.0, b.0));
                entries.into_iter().enumerate().for_each(|(i, e)| entry(i, e));
            }
            if map.is_empty() {
                out.push(b'{');
            }
            out.push(b'}');
        }
        scalar => {
            if let Some(scalar) = FieldValue::of_json(scalar) {
                self::value(out, &mut String::new(), scalar, redactor, sorted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stringify(text: &str) -> String {
        let mut out = Vec::new();
        string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn strings_are_escaped_as_serde_json_escapes_them(text in ".*") {
            prop_assert_eq!(stringify(&text), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn keys_are_ordered_by_utf16_units(a in any::<String>(), b in any::<String>()) {
            prop_assert_eq!(utf16_cmp(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
        }
    }

    #[test]
    fn every_ascii_character_is_escaped_as_serde_json_escapes_it() {
        for c in 0..=127u8 {
            let text = format!("a{}b", char::from(c));
            assert_eq!(stringify(&text), serde_json::to_string(&text).unwrap());
        }
        assert_eq!(stringify("\u{2028}\u{7f}"), "\"\u{2028}\u{7f}\"");
    }

    #[test]
    fn surrogates_sort_below_the_private_use_area() {
        assert_eq!(utf16_cmp("a\u{1F600}", "a\u{E000}"), Ordering::Less);
        assert_eq!(utf16_cmp("\u{FFFF}", "\u{10000}"), Ordering::Greater);
        assert_eq!(utf16_cmp("a", "aa"), Ordering::Less);
    }

    #[test]
    fn numbers_are_those_of_javascript() {
        let print = |v| {
            let mut out = Vec::new();
            value(&mut out, &mut String::new(), v, &Redactor::default(), true);
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
