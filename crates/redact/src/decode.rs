//! Text with its escapes undone, each byte with its place in the text that was read.

use std::ops::Range;

/// The kinds of escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// `%2F`, of URLs and forms.
    Percent,
    /// `\n`, `\"`, `\u00e9`, `\u{e9}`, `\x1b`: of JSON, of Rust's `{:?}`, of JavaScript's `inspect`.
    Backslash,
}

/// Bytes, and where in the text each of them stands.
pub(crate) struct Decoded {
    pub(crate) bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Decoded {
    /// Where in the text so many bytes stand.
    pub(crate) fn place(&self, range: Range<usize>) -> Range<usize> {
        self.places[range.start].start..self.places[range.end - 1].end
    }

    /// Undoes escapes once more; places stay those in the first text.
    pub(crate) fn again(&self, escapes: Escapes) -> Option<Self> {
        let mut inner = decode(&self.bytes, escapes)?;
        for place in &mut inner.places {
            *place = self.place(place.clone());
        }
        Some(inner)
    }
}

/// Undoes the escapes of one kind; `None` if there are none.
pub(crate) fn decode(text: &[u8], escapes: Escapes) -> Option<Decoded> {
    let mark = match escapes {
        Escapes::Percent => b'%',
        Escapes::Backslash => b'\\',
    };
    memchr::memchr(mark, text)?;
    let mut out = Decoded { bytes: Vec::with_capacity(text.len()), places: Vec::with_capacity(text.len()) };
    let (mut at, mut any) = (0, false);
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        let mut utf8 = [0; 4];
        let (bytes, length) = match escapes {
            _ if byte != mark => (&[byte][..], 1),
            Escapes::Percent => match rest.get(1..3).and_then(hex) {
                Some(n) => {
                    utf8[0] = n as u8;
                    (&utf8[..1], 3)
                }
                None => (&[byte][..], 1),
            },
            Escapes::Backslash => match backslash(&rest[1..]) {
                Some((c, length)) => (c.encode_utf8(&mut utf8).as_bytes(), 1 + length),
                None => (&[byte][..], 1),
            },
        };
        any |= length > 1;
        out.bytes.extend_from_slice(bytes);
        out.places.extend(bytes.iter().map(|_| at..at + length));
        at += length;
    }
    any.then_some(out)
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |n, &c| Some(n << 4 | char::from(c).to_digit(16)?))
}

/// What follows a backslash: the character that it means, and how many bytes it takes.
fn backslash(rest: &[u8]) -> Option<(char, usize)> {
    let short = |c| Some((c, 1));
    match *rest.first()? {
        c @ (b'"' | b'\\' | b'/' | b'\'' | b'`') => short(char::from(c)),
        b'n' => short('\n'),
        b'r' => short('\r'),
        b't' => short('\t'),
        b'b' => short('\u{8}'),
        b'f' => short('\u{c}'),
        b'v' => short('\u{b}'),
        b'0' => short('\0'),
        b'x' => Some((char::from_u32(hex(rest.get(1..3)?)?)?, 3)),
        b'u' if rest.get(1) == Some(&b'{') => {
            let digits = &rest[2..rest.len().min(9)];
            let end = digits.iter().position(|&c| c == b'}').filter(|&end| end > 0)?;
            Some((char::from_u32(hex(&digits[..end])?)?, end + 3))
        }
        b'u' => {
            let unit = hex(rest.get(1..5)?)?;
            let low = || hex(rest.get(5..11)?.strip_prefix(b"\\u")?);
            match unit {
                0xD800..0xDC00 => {
                    let low = low().filter(|low| (0xDC00..0xE000).contains(low))?;
                    Some((char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00))?, 11))
                }
                _ => Some((char::from_u32(unit)?, 5)),
            }
        }
        _ => None,
    }
}
