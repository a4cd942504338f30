//! From a record on its way out to the bytes that are kept.

use std::{
    cell::Cell,
    fmt::{self, Write as _},
    io,
    time::SystemTime,
};

use greenroom_context::Request;
use greenroom_logging::{Emitted, Field, FieldValue};

use crate::{
    record::{FLAGS, HEAD, IDS, IS_CUT, LEVEL, MOST_KEY, MOST_RECORD, MOST_TEXT, NANOS, SHAPE, flag, kind},
    ring::SEGMENT,
    shapes::{MOST_FIELDS, Mark, Shapes, flags_of},
};

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Room for a record as most are.
const USUAL: usize = 2 << 10;

/// Encodes the record, whose sequence is not known yet, and gives its bytes. They are of the thread's buffer: a value that logs
/// while it is encoded finds that lent and gets another.
pub(crate) fn with_record<R>(emitted: &Emitted<'_>, shapes: &Shapes, f: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut out = SCRATCH.try_with(Cell::take).unwrap_or_default();
    let at = record(&mut out, emitted, shapes);
    let given = f(&mut out[..at]);
    let _ = SCRATCH.try_with(|cell| cell.set(out));
    given
}

/// What has a place of its own in a record, and is no field.
fn is_placed(key: &str) -> bool {
    matches!(key, "message" | "level" | "plugin")
}

/// What was bound to a statement: data, and not what was done with it. The names are OpenTelemetry's.
fn is_bind(key: &str) -> bool {
    key.starts_with("db.query.parameter.") || key.starts_with("db.operation.parameter.")
}

pub(crate) fn is_left_out(key: &str) -> bool {
    is_placed(key) || is_bind(key)
}

/// What tells the line's origin is not masked where the logger itself carries it.
pub(crate) fn is_origin(key: &str) -> bool {
    key == "service"
}

/// Writes the record to the beginning of the buffer; how long it is.
fn record(out: &mut Vec<u8>, emitted: &Emitted<'_>, shapes: &Shapes) -> usize {
    let (record, own) = (emitted.record(), emitted.fields());
    let since = record.time().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let nanos = since.as_secs().saturating_mul(1_000_000_000).saturating_add(since.subsec_nanos().into());
    let shape = shapes.find(own, record.fields());
    let (plugin, is_foreign) = plugin(emitted, shape.is_none_or(|(_, shape)| shape.calls_plugin));
    let mut head = [0; HEAD];
    head[NANOS].copy_from_slice(&nanos.to_le_bytes());
    head[LEVEL] = record.level() as u8;
    head[FLAGS] = if is_foreign { flag::FOREIGN_PLUGIN } else { 0 };
    head[FLAGS] |= if emitted.has_unmasked_message() { flag::UNMASKED } else { 0 };
    head[SHAPE] = shape.map_or(0, |(number, _)| number);
    let mut to = Encoder { out, at: 0 };
    to.begin(head, emitted.context().request(), plugin.unwrap_or_default());
    match emitted.rendered() {
        Some(text) => to.text(text),
        None => {
            to.written(|out| emitted.write_message(out));
        }
    }
    match shape {
        Some((_, shape)) => {
            let (of_own, of_call) = shape.marks();
            to.shaped(of_own.iter().zip(own.iter().map(|field| field.value())));
            to.shaped(of_call.iter().zip(record.fields().iter().map(Field::value)));
        }
        None => {
            for field in own.iter() {
                let trusted = if is_origin(field.key()) { kind::TRUSTED } else { 0 };
                to.field(field.key(), flags_of(&field) & kind::LITERAL | trusted, field.value());
            }
            record.fields().iter().for_each(|field| to.field(field.key(), flags_of(field), field.value()));
        }
    }
    emitted.spread().iter().for_each(|field| to.field(field.key(), flags_of(field), field.value()));
    if let Some(module) = emitted.context().module() {
        to.field("module", kind::LITERAL | kind::TRUSTED, FieldValue::Str(module));
    }
    to.end()
}

/// Whose line it is, and whether the call alone says so; it is asked if it may.
fn plugin<'e>(emitted: &'e Emitted<'_>, is_called: bool) -> (Option<&'e str>, bool) {
    let text = |value: FieldValue<'e>| match value {
        FieldValue::Str(text) if !text.is_empty() => Some(text),
        _ => None,
    };
    let call = if is_called { emitted.record().fields() } else { &[] };
    let mut called = call.iter().rev().filter(|field| field.key() == "plugin");
    let called = called.find_map(|field| Some((text(field.value())?, field.is_trusted())));
    if let Some((plugin, is_trusted)) = called {
        return (Some(plugin), !is_trusted);
    }
    let own = emitted.fields().get("plugin").and_then(text);
    (own.or_else(|| emitted.context().plugin()), false)
}

/// A record in the making: the beginning of a buffer, whose rest is there to be written to.
struct Encoder<'o> {
    out: &'o mut Vec<u8>,
    at: usize,
}

impl Encoder<'_> {
    /// Room for so many bytes.
    #[inline]
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        let (from, to) = (self.at, self.at + bytes);
        if to > self.out.len() {
            self.grow(to);
        }
        self.at = to;
        &mut self.out[from..to]
    }

    #[cold]
    fn grow(&mut self, least: usize) {
        self.out.resize(least.next_power_of_two().max(USUAL), 0);
    }

    #[inline]
    fn fixed<const N: usize>(&mut self, bytes: [u8; N]) {
        self.room(N).copy_from_slice(&bytes);
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.room(bytes.len()).copy_from_slice(bytes);
        }
    }

    fn cut(&mut self) {
        self.out[FLAGS] |= flag::CUT;
    }

    /// Begins with the head and what the record is found by; an id that is too long for any is none.
    fn begin(&mut self, mut head: [u8; HEAD], request: Option<&Request>, plugin: &str) {
        let session = request.and_then(Request::session).unwrap_or_default();
        let id = request.map_or("", Request::id);
        let [id, session, plugin] = [(id, 0), (session, 3), (plugin, 4)].map(|(text, at)| {
            match u8::try_from(text.len()) {
                Ok(length) => head[IDS + at] = length,
                Err(_) => {
                    head[FLAGS] |= flag::CUT;
                    return "";
                }
            }
            text
        });
        let Some(trace) = request.map(Request::trace) else {
            self.fixed(head);
            return self.bytes(plugin.as_bytes());
        };
        let (span, trace) = (trace.span_id().as_bytes(), trace.trace_id().as_bytes());
        (head[IDS + 1], head[IDS + 2]) = (trace.len() as u8, span.len() as u8);
        self.fixed(head);
        self.bytes(id.as_bytes());
        self.fixed(*trace);
        self.fixed(*span);
        self.bytes(session.as_bytes());
        self.bytes(plugin.as_bytes());
    }

    /// Appends a field, unless there is no room for it.
    fn field(&mut self, key: &str, flags: u8, value: FieldValue<'_>) {
        let from = self.at;
        if is_left_out(key) {
            return;
        }
        if key.len() > MOST_KEY || from > MOST_RECORD {
            return self.cut();
        }
        self.fixed((key.len() as u16).to_le_bytes());
        self.bytes(key.as_bytes());
        self.value(flags, value);
        if self.at > MOST_RECORD {
            self.at = from;
            self.cut();
        }
    }

    /// Appends values whose keys are told by the record's shape. They are few: there is room for all but long texts.
    fn shaped<'m, 'v>(&mut self, mut fields: impl Iterator<Item = (&'m Mark, FieldValue<'v>)>) {
        loop {
            // Most values are short texts and numbers, and there is room for them.
            let mut rest = &mut self.out[self.at..];
            let room = rest.len();
            let other = loop {
                let Some((mark, value)) = fields.next() else { break None };
                if mark.is_left_out {
                    continue;
                }
                let (kind, number) = match value {
                    FieldValue::Str(text) if text.len() <= SHORT && text.len() + 5 <= rest.len() => {
                        let [low, high, ..] = text.len().to_le_bytes();
                        let (told, behind) = rest.split_at_mut(5);
                        told.copy_from_slice(&[mark.flags | kind::TEXT, low, high, 0, 0]);
                        let (copy, behind) = behind.split_at_mut(text.len());
                        copy.copy_from_slice(text.as_bytes());
                        rest = behind;
                        continue;
                    }
                    FieldValue::I64(number) => (kind::I64, number.to_le_bytes()),
                    FieldValue::U64(number) => (kind::U64, number.to_le_bytes()),
                    FieldValue::F64(number) => (kind::F64, number.to_le_bytes()),
                    _ => break Some((mark, value)),
                };
                if rest.len() < 9 {
                    break Some((mark, value));
                }
                let (told, behind) = rest.split_at_mut(9);
                told[0] = mark.flags | kind;
                told[1..].copy_from_slice(&number);
                rest = behind;
            };
            let left = rest.len();
            self.at += room - left;
            match other {
                Some((mark, value)) => self.value(mark.flags, value),
                None => return,
            }
        }
    }

    fn value(&mut self, flags: u8, value: FieldValue<'_>) {
        match value {
            FieldValue::Undefined => self.fixed([flags | kind::UNDEFINED]),
            FieldValue::Null => self.fixed([flags | kind::NULL]),
            FieldValue::Bool(false) => self.fixed([flags | kind::FALSE]),
            FieldValue::Bool(true) => self.fixed([flags | kind::TRUE]),
            FieldValue::I64(number) => self.number(flags | kind::I64, number.to_le_bytes()),
            FieldValue::U64(number) => self.number(flags | kind::U64, number.to_le_bytes()),
            FieldValue::F64(number) => self.number(flags | kind::F64, number.to_le_bytes()),
            FieldValue::Str(text) => {
                self.fixed([flags | kind::TEXT]);
                self.text(text);
            }
            FieldValue::Display(shown) => self.shown(flags, |out| write!(out, "{shown}")),
            FieldValue::Debug(shown) => self.shown(flags, |out| write!(out, "{shown:?}")),
            FieldValue::Json(json) => self.json(flags, json),
            other => self.json(flags, &other.to_json()),
        }
    }

    fn number(&mut self, kind: u8, number: [u8; 8]) {
        self.fixed([kind]);
        self.fixed(number);
    }

    /// Appends a text, cut where it is too long.
    fn text(&mut self, text: &str) {
        let fitting = fitting(text, self.left());
        let is_cut = fitting.len() < text.len();
        self.fixed(length(fitting.len(), is_cut));
        self.bytes(fitting.as_bytes());
        if is_cut {
            self.cut();
        }
    }

    /// How long a text may be.
    fn left(&self) -> usize {
        MOST_RECORD.saturating_sub(self.at).min(MOST_TEXT)
    }

    fn shown(&mut self, flags: u8, write: impl FnOnce(&mut Limited<'_>) -> fmt::Result) {
        self.fixed([flags | kind::TEXT]);
        self.written(write);
    }

    /// JSON that is too long is a text, which it is the beginning of.
    fn json(&mut self, flags: u8, json: &serde_json::Value) {
        let from = self.at;
        self.fixed([flags | kind::JSON]);
        if self.written(|limited| serde_json::to_writer(limited, json)) {
            self.out[from] = flags | kind::TEXT;
        }
    }

    /// Appends what is written as a text, cut where it is too long; whether it was. What gives up half-way keeps what it has
    /// written.
    fn written<R>(&mut self, write: impl FnOnce(&mut Limited<'_>) -> R) -> bool {
        let from = self.at;
        self.fixed([0; 4]);
        let left = self.left();
        let mut limited = Limited { left, is_cut: false, to: Encoder { out: &mut *self.out, at: self.at } };
        write(&mut limited);
        let (is_cut, at) = (limited.is_cut, limited.to.at);
        self.at = at;
        self.out[from..from + 4].copy_from_slice(&length(at - from - 4, is_cut));
        if is_cut {
            self.cut();
        }
        is_cut
    }

    fn end(self) -> usize {
        self.out[..4].copy_from_slice(&(self.at as u32).to_le_bytes());
        self.at
    }
}

/// For texts that are no longer there is room, for as many as a shape has fields.
const SHORT: usize = 256;

const _: () = assert!(MOST_RECORD + MOST_FIELDS * (SHORT + 5) <= SEGMENT);

/// The length of a text as it is told.
fn length(bytes: usize, is_cut: bool) -> [u8; 4] {
    (bytes as u32 | if is_cut { IS_CUT } else { 0 }).to_le_bytes()
}

/// As much of a text as there is room for.
fn fitting(text: &str, room: usize) -> &str {
    if text.len() <= room { text } else { &text[..text.floor_char_boundary(room)] }
}

/// Takes no more than there is room for, and ends a `Display` that goes on.
struct Limited<'l> {
    to: Encoder<'l>,
    left: usize,
    is_cut: bool,
}

impl fmt::Write for Limited<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fitting = fitting(text, self.left);
        self.to.bytes(fitting.as_bytes());
        self.left -= fitting.len();
        if fitting.len() < text.len() {
            (self.left, self.is_cut) = (0, true);
            return Err(fmt::Error);
        }
        Ok(())
    }
}

impl io::Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.write_str(text).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
