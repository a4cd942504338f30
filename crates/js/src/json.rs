//! What `JSON.stringify` writes.

use std::{
    fmt,
    io::{self, Write},
};

use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{CompactFormatter, Formatter, PrettyFormatter},
};

/// `JSON.stringify(value)`, or with an indent of two spaces: numbers are JavaScript's (`100`, `1e+21`, `0` for `-0`).
///
/// Keys are not ordered: they come as `value` has them, where an object of JavaScript lists whole numbers first, in their
/// [order](crate::key).
///
/// # Errors
/// For what serde cannot serialize, such as a map whose keys are no text.
pub fn stringify<T: Serialize + ?Sized>(value: &T, indented: bool) -> serde_json::Result<String> {
    match indented {
        true => write(value, PrettyFormatter::new()),
        false => write(value, CompactFormatter),
    }
}

fn write<T: Serialize + ?Sized>(value: &T, formatter: impl Formatter) -> serde_json::Result<String> {
    let mut bytes = Vec::with_capacity(128);
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Numbers(formatter)))?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

struct Numbers<F>(F);

macro_rules! as_inside {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $kind)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Numbers<F> {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(ryu_js::Buffer::new().format(value).as_bytes())
    }

    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.write_f64(writer, value.into())
    }

    as_inside! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }
}

/// Whether JSON escapes the byte: below 0x20, a quote, a backslash.
const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Whether JSON escapes one of the bytes; without a branch, so that they are looked at together.
fn any_special(bytes: &[u8; 16]) -> bool {
    bytes.iter().fold(false, |any, &byte| any | is_special(byte))
}

/// Whether JSON escapes nothing of the text.
fn is_plain(text: &[u8]) -> bool {
    // The last step looks at some bytes again rather than at one after the other.
    match (text.last_chunk(), text.first_chunk(), text.last_chunk()) {
        (Some(last), ..) => {
            // A loop: by an iterator's closure each step is a call.
            for sixteen in text.as_chunks().0 {
                if any_special(sixteen) {
                    return false;
                }
            }
            !any_special(last)
        }
        (None, Some(first), Some(last)) => first_special(first).or(first_special(last)).is_none(),
        _ => !text.iter().any(|&byte| is_special(byte)),
    }
}

/// Appends text with JSON's escapes, without quotes.
#[inline]
pub fn escaped(out: &mut Vec<u8>, text: &str) {
    let text = text.as_bytes();
    if is_plain(text) {
        out.extend_from_slice(text);
    } else {
        escape_each(out, text);
    }
}

/// Appends text of which JSON escapes something.
fn escape_each(out: &mut Vec<u8>, text: &[u8]) {
    let (mut from, mut at) = (0, 0);
    while let Some(eight) = text[at..].first_chunk() {
        let Some(first) = first_special(eight) else {
            at += eight.len();
            continue;
        };
        if from < at {
            out.extend_from_slice(&text[from..at]);
        }
        // All eight and less again: that takes less time than a copy of few.
        let end = out.len() + first;
        out.extend_from_slice(eight);
        out.truncate(end);
        escape(out, eight[first]);
        at += first + 1;
        from = at;
    }
    out.extend_from_slice(&text[from..at]);
    for &byte in &text[at..] {
        if is_special(byte) { escape(out, byte) } else { out.push(byte) }
    }
}

/// Where the first of eight bytes is that JSON escapes; they are looked at as one number.
fn first_special(eight: &[u8; 8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let bytes = u64::from_le_bytes(*eight);
    // A borrow may mark a byte too many, but only above one that is marked rightly.
    let below = |bytes: u64, n: u64| bytes.wrapping_sub(ONES * n) & !bytes & (ONES << 7);
    let equal = |c: u8| below(bytes ^ (ONES * u64::from(c)), 1);
    let found = below(bytes, 0x20) | equal(b'"') | equal(b'\\');
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

/// Appends the escape of a byte: nearly always of a quote or a backslash.
#[inline(always)]
fn escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        _ => escape_control(out, byte),
    }
}

fn escape_control(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
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
#[inline]
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// Escapes what is formatted into it.
pub struct Escaper<'a>(pub &'a mut Vec<u8>);

impl fmt::Write for Escaper<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escaped(self.0, text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = Vec::new();
        string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn strings_are_escaped_as_serde_json_escapes_them(
            text in prop_oneof![".*", "([a-cé\"\\\\\n\t\x01]|[a-z]{8}){0,24}"],
        ) {
            prop_assert_eq!(quoted(&text), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn what_is_formatted_in_pieces_is_escaped_as_a_whole(a in ".*", b in ".*") {
            let mut out = Vec::new();
            fmt::Write::write_fmt(&mut Escaper(&mut out), format_args!("{a}{b}")).unwrap();
            prop_assert_eq!(format!("\"{}\"", String::from_utf8(out).unwrap()), quoted(&format!("{a}{b}")));
        }
    }

    #[test]
    fn every_ascii_character_is_escaped_as_serde_json_escapes_it() {
        for c in 0..=127u8 {
            let text = format!("a{}b", char::from(c));
            assert_eq!(quoted(&text), serde_json::to_string(&text).unwrap());
        }
        assert_eq!(quoted("\u{2028}\u{7f}"), "\"\u{2028}\u{7f}\"");
    }

    #[test]
    fn numbers_are_javascripts() {
        for (read, written) in [
            ("[1e2,-0.0,1.50,1e21,1e-7,1e16,5e-324]", "[100,0,1.5,1e+21,1e-7,10000000000000000,5e-324]"),
            ("{\"a\":{},\"b\":[],\"c\":-7}", "{\"a\":{},\"b\":[],\"c\":-7}"),
        ] {
            let value: Value = serde_json::from_str(read).unwrap();
            assert_eq!(stringify(&value, false).unwrap(), written);
        }
        let value = json!({"a": [1.0, {}], "b": []});
        assert_eq!(stringify(&value, true).unwrap(), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
    }
}
