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
#[inline]
pub fn escaped(out: &mut Vec<u8>, text: &str) {
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
        fn strings_are_escaped_as_serde_json_escapes_them(text in ".*") {
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
