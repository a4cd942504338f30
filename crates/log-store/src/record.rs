//! The form of a kept record: compact, typed, not masked.
//!
//! ```text
//! length u32 · sequence u64 · nanoseconds since 1970 u64 · level u8 · flags u8 · number of the shape u8
//! five lengths of ids, each u8 · the ids: request, trace, span, session, plugin
//! the message: a text
//! a value for each field of the shape, if there is one: kind and flags u8 · value
//! more fields to the end: length of the key u16 · key · kind and flags u8 · value
//! ```
//!
//! A text is its length, a `u32` whose top bit says that it was cut, and its bytes. What a record belongs to stands in front, so
//! that it is found without a look at the rest. Where the keys of a [shape](crate::shapes) are is known to the store alone.

use std::{
    ops::Range,
    time::{Duration, SystemTime},
};

use greenroom_logging::Level;
use serde_json::Value;

use crate::shapes::Shapes;

/// The longest text that is kept, [`MARGIN`] included.
pub(crate) const MOST_TEXT: usize = 16 << 10;

/// The longest record.
pub(crate) const MOST_RECORD: usize = 48 << 10;

/// The longest key; a field with a longer one is left out.
pub(crate) const MOST_KEY: usize = 256;

/// The end of a text that was cut is kept and never shown: a secret may have begun there, whose end is lost.
pub(crate) const MARGIN: usize = 2 << 10;

/// What stands where in the head of a record.
pub(crate) const SEQUENCE: Range<usize> = 4..12;
pub(crate) const NANOS: Range<usize> = 12..20;
pub(crate) const LEVEL: usize = 20;
pub(crate) const FLAGS: usize = 21;
pub(crate) const SHAPE: usize = 22;
pub(crate) const IDS: usize = 23;
pub(crate) const HEAD: usize = 28;

/// The top bit of a text's length.
pub(crate) const IS_CUT: u32 = 1 << 31;

/// Flags of a record.
pub(crate) mod flag {
    /// Something of it was too long to be kept.
    pub(crate) const CUT: u8 = 1;
    /// Its message holds no secret, as its author says.
    pub(crate) const UNMASKED: u8 = 2;
    /// Its plugin was named by the call.
    pub(crate) const FOREIGN_PLUGIN: u8 = 4;
}

/// What the value of a field is; the two top bits are flags of the field.
pub(crate) mod kind {
    pub(crate) const UNDEFINED: u8 = 0;
    pub(crate) const NULL: u8 = 1;
    pub(crate) const FALSE: u8 = 2;
    pub(crate) const TRUE: u8 = 3;
    pub(crate) const I64: u8 = 4;
    pub(crate) const U64: u8 = 5;
    pub(crate) const F64: u8 = 6;
    pub(crate) const TEXT: u8 = 7;
    pub(crate) const JSON: u8 = 8;
    /// The key stands in source code.
    pub(crate) const LITERAL: u8 = 1 << 6;
    /// The value is the framework's.
    pub(crate) const TRUSTED: u8 = 1 << 7;
}

/// What a record begins with, and where the rest is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'r> {
    pub(crate) sequence: u64,
    pub(crate) nanos: u64,
    pub(crate) level: Level,
    pub(crate) flags: u8,
    shape: u8,
    pub(crate) request: &'r [u8],
    pub(crate) trace: &'r [u8],
    pub(crate) span: &'r [u8],
    pub(crate) session: &'r [u8],
    pub(crate) plugin: &'r [u8],
    /// The message and the fields.
    rest: Reader<'r>,
    pub(crate) bytes: usize,
}

/// A text as it was given, as far as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text<'r> {
    pub(crate) text: &'r str,
    pub(crate) is_cut: bool,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field<'r> {
    pub(crate) key: &'r str,
    pub(crate) is_literal: bool,
    pub(crate) is_trusted: bool,
    pub(crate) value: Kept<'r>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kept<'r> {
    Undefined,
    Text(Text<'r>),
    Json(Value),
}

impl<'r> Record<'r> {
    /// The record that these bytes begin with, and what stands behind it.
    pub(crate) fn split(bytes: &'r [u8]) -> Option<(Self, &'r [u8])> {
        let length = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
        let (own, behind) = bytes.split_at_checked(length)?;
        let mut from = Reader(own.get(SEQUENCE.start..)?);
        let (sequence, nanos) = (from.u64()?, from.u64()?);
        let (level, flags, shape) = (from.u8()?, from.u8()?, from.u8()?);
        let level = *Level::ALL.get(usize::from(level))?;
        let lengths: [u8; 5] = from.array()?;
        let mut ids: [&[u8]; 5] = [&[]; 5];
        for (id, length) in ids.iter_mut().zip(lengths) {
            *id = from.take(length.into())?;
        }
        let [request, trace, span, session, plugin] = ids;
        let (rest, bytes) = (from, length);
        let record =
            Self { sequence, nanos, level, flags, shape, request, trace, span, session, plugin, rest, bytes };
        Some((record, behind))
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(crate) fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.nanos)
    }

    /// The message and the fields. One of a shape that is not known has none.
    pub(crate) fn parts(
        &self,
        shapes: &'r Shapes,
    ) -> Option<(Text<'r>, impl Iterator<Item = Field<'r>> + use<'r>)> {
        let mut rest = self.rest;
        let message = rest.text()?;
        let mut shaped = match self.shape {
            0 => None,
            number => Some(shapes.get(number)?.kept()),
        };
        let fields = std::iter::from_fn(move || match shaped.as_mut().and_then(Iterator::next) {
            Some(mark) => rest.value(&mark.key),
            None => rest.field(),
        });
        Some((message, fields))
    }
}

#[derive(Clone, Copy, Debug)]
struct Reader<'r>(&'r [u8]);

impl<'r> Reader<'r> {
    fn take(&mut self, count: usize) -> Option<&'r [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Option<Text<'r>> {
        let length = self.array().map(u32::from_le_bytes)?;
        let text = std::str::from_utf8(self.take((length & !IS_CUT) as usize)?).ok()?;
        Some(Text { text, is_cut: length & IS_CUT != 0 })
    }

    fn field(&mut self) -> Option<Field<'r>> {
        let length = self.array().map(u16::from_le_bytes)?;
        let key = std::str::from_utf8(self.take(length.into())?).ok()?;
        self.value(key)
    }

    /// The field whose key that is.
    fn value(&mut self, key: &'r str) -> Option<Field<'r>> {
        let head = self.u8()?;
        let value = match head & !(kind::LITERAL | kind::TRUSTED) {
            kind::UNDEFINED => Kept::Undefined,
            kind::NULL => Kept::Json(Value::Null),
            kind::FALSE => Kept::Json(false.into()),
            kind::TRUE => Kept::Json(true.into()),
            kind::I64 => Kept::Json(i64::from_le_bytes(self.array()?).into()),
            kind::U64 => Kept::Json(self.u64()?.into()),
            kind::F64 => Kept::Json(greenroom_js::number::to_json(f64::from_le_bytes(self.array()?))),
            kind::TEXT => Kept::Text(self.text()?),
            kind::JSON => {
                let json = self.text()?;
                // Too deep to be read again, it is told as the text that it is.
                serde_json::from_str(json.text).map_or(Kept::Text(json), Kept::Json)
            }
            _ => return None,
        };
        let (is_literal, is_trusted) = (head & kind::LITERAL != 0, head & kind::TRUSTED != 0);
        Some(Field { key, is_literal, is_trusted, value })
    }
}
