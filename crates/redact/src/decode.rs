//! Text with its escapes undone, and where in the text that was read a range of it stands.

use std::ops::Range;

use crate::html;

/// The kinds of escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// `%2F`, of URLs and forms.
    Percent,
    /// `\n`, `\"`, `\u00e9`, `\u{e9}`, `\x1b`: of JSON, of Rust's `{:?}`, of JavaScript's `inspect`.
    Backslash,
    /// `115, 101`, bytes as numbers of a list: of the same.
    List,
    /// `&#x2F;`, `&#47;`, `&sol;`, of pages.
    Html,
}

impl Escapes {
    /// Those of lines and of what programs print.
    pub(crate) const OF_LINES: &[Self] = &[Self::Percent, Self::Backslash, Self::List];
    /// Those of pages, too.
    pub(crate) const OF_PAGES: &[Self] = &[Self::Percent, Self::Backslash, Self::List, Self::Html];
}

/// Undoes the escapes of one kind; `None` if there are none.
pub(crate) fn decode(text: &[u8], escapes: Escapes) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    undo(text, escapes, |bytes, place| {
        if place.start == 0 {
            out.reserve(text.len());
        }
        out.extend_from_slice(bytes);
    })
    .then_some(out)
}

/// Makes ranges of the text with its escapes undone those of the text itself. They are in order and do not overlap. The text is
/// gone through again: to remember the place of each byte would take many times its length.
pub(crate) fn place(text: &[u8], escapes: Escapes, ranges: &mut [Range<usize>]) {
    let mut ends = ranges.iter_mut().flat_map(|range| [(&mut range.start, false), (&mut range.end, true)]);
    let (mut next, mut at) = (ends.next(), 0);
    undo(text, escapes, |bytes, place| {
        let is_escape = place.len() > bytes.len();
        // An end is that of the byte before it.
        while let Some((end, is_end)) =
            next.take_if(|(end, is_end)| **end - usize::from(*is_end) < at + bytes.len())
        {
            *end = match (is_escape, is_end) {
                (true, false) => place.start,
                (true, true) => place.end,
                (false, _) => place.start + (*end - at),
            };
            next = ends.next();
        }
        at += bytes.len();
    });
}

/// Gives the text in pieces, each with its place: escapes undone, and what stands between them. Whether there are any.
fn undo(text: &[u8], escapes: Escapes, mut piece: impl FnMut(&[u8], Range<usize>)) -> bool {
    let mark = match escapes {
        Escapes::Percent => b'%',
        Escapes::Backslash => b'\\',
        Escapes::Html => b'&',
        Escapes::List => return undo_lists(text, piece),
    };
    let mut from = 0;
    let mut at = 0;
    while let Some(found) = memchr::memchr(mark, &text[at..]) {
        let start = at + found;
        at = start + 1;
        let mut utf8 = [0; 4];
        let undone = match escapes {
            Escapes::List => None,
            Escapes::Percent => text.get(at..at + 2).and_then(hex).map(|n| {
                utf8[0] = n as u8;
                (&utf8[..1], 2)
            }),
            Escapes::Backslash => {
                backslash(&text[at..]).map(|(c, length)| (c.encode_utf8(&mut utf8).as_bytes(), length))
            }
            Escapes::Html => {
                html::reference(&text[at..]).map(|(c, length)| (c.encode_utf8(&mut utf8).as_bytes(), length))
            }
        };
        let Some((bytes, length)) = undone else { continue };
        piece(&text[from..start], from..start);
        at += length;
        piece(bytes, start..at);
        from = at;
    }
    if from > 0 {
        piece(&text[from..], from..text.len());
    }
    from > 0
}

/// The same of lists of two numbers at least; what stands between the numbers is left out.
fn undo_lists(text: &[u8], mut piece: impl FnMut(&[u8], Range<usize>)) -> bool {
    let (mut from, mut at) = (0, 0);
    while let Some(found) = memchr::memchr(b',', &text[at..]) {
        let comma = at + found;
        at = comma + 1;
        // So most commas are passed over.
        if !text[from..comma].last().is_some_and(u8::is_ascii_digit) {
            continue;
        }
        let digits = text[from..comma].iter().rev().take(4).take_while(|c| c.is_ascii_digit()).count();
        let mut start = comma - digits;
        let second = next(text, comma).and_then(|second| byte(text, second));
        if byte(text, start).is_none() || second.is_none() {
            continue;
        }
        piece(&text[from..start], from..start);
        while let Some((value, end)) = byte(text, start) {
            piece(&[value], start..end);
            (from, at) = (end, end);
            let Some(next) = next(text, end) else { break };
            start = next;
        }
    }
    if from > 0 {
        piece(&text[from..], from..text.len());
    }
    from > 0
}

/// The number that begins there, and where it ends.
fn byte(text: &[u8], start: usize) -> Option<(u8, usize)> {
    let digits = text[start..].iter().take_while(|c| c.is_ascii_digit()).take(4).count();
    let end = start + digits;
    Some((str::from_utf8(&text[start..end]).ok()?.parse().ok()?, end))
}

/// Where the next number of a list begins, if one ended there.
fn next(text: &[u8], end: usize) -> Option<usize> {
    let rest = text[end..].strip_prefix(b",")?;
    Some(text.len() - rest.trim_ascii_start().len())
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
