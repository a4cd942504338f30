//! From a record on its way out to the bytes that are kept.

use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    io,
    time::SystemTime,
};

use greenroom_context::Request;
use greenroom_logging::{Emitted, Field, FieldValue, Level};

use crate::record::{IS_CUT, MOST_KEY, MOST_RECORD, MOST_TEXT, flag, kind};

thread_local! {
    static SCRATCH: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Lends the thread's buffer, empty. A value that logs while it is encoded finds it lent and gets another.
pub(crate) fn with_scratch<R>(f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let lent = SCRATCH.try_with(|cell| cell.try_borrow_mut().ok().and_then(|mut slot| slot.take()));
    let mut scratch = lent.ok().flatten().unwrap_or_else(|| Vec::with_capacity(1024));
    scratch.clear();
    let out = f(&mut scratch);
    let _ = SCRATCH.try_with(|cell| cell.try_borrow_mut().map(|mut slot| *slot = Some(scratch)));
    out
}

/// What has a place of its own in a record, and is no field.
fn is_placed(key: &str) -> bool {
    matches!(key, "message" | "level" | "plugin")
}

/// What was bound to a statement: data, and not what was done with it. The names are OpenTelemetry's.
fn is_bind(key: &str) -> bool {
    key.starts_with("db.query.parameter.") || key.starts_with("db.operation.parameter.")
}

/// What tells the line's origin is not masked where the logger itself carries it.
fn is_origin(key: &str) -> bool {
    key == "service"
}

/// Appends the record; its sequence is not known yet.
pub(crate) fn record(out: &mut Vec<u8>, emitted: &Emitted<'_>) {
    let record = emitted.record();
    let since = record.time().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let nanos = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
    let context = emitted.context();
    let (plugin, is_foreign) = plugin(emitted);
    let mut to = Encoder::begin(out, record.level(), nanos);
    to.ids(context.request(), plugin);
    to.mark(flag::FOREIGN_PLUGIN, is_foreign);
    to.mark(flag::UNMASKED, emitted.has_unmasked_message());
    to.text(|out| emitted.write_message(out));
    for field in emitted.fields().iter() {
        to.field(&field, is_origin(field.key()));
    }
    for field in record.fields().iter().chain(emitted.spread()) {
        to.field(field, field.is_trusted());
    }
    if let Some(module) = context.module() {
        to.field(&Field::literal("module", FieldValue::Str(module)), true);
    }
    to.end();
}

/// Whose line it is, and whether the call alone says so.
fn plugin<'e>(emitted: &'e Emitted<'_>) -> (Option<&'e str>, bool) {
    let text = |value: FieldValue<'e>| match value {
        FieldValue::Str(text) if !text.is_empty() => Some(text),
        _ => None,
    };
    let mut called = emitted.record().fields().iter().rev().filter(|field| field.key() == "plugin");
    let called = called.find_map(|field| Some((text(field.value())?, field.is_trusted())));
    if let Some((plugin, is_trusted)) = called {
        return (Some(plugin), !is_trusted);
    }
    let own = emitted.fields().get("plugin").and_then(text);
    (own.or_else(|| emitted.context().plugin()), false)
}

/// A record in the making.
struct Encoder<'o> {
    out: &'o mut Vec<u8>,
    flags: usize,
}

impl<'o> Encoder<'o> {
    fn begin(out: &'o mut Vec<u8>, level: Level, nanos: u64) -> Self {
        out.extend_from_slice(&[0; 12]);
        out.extend_from_slice(&nanos.to_le_bytes());
        out.extend_from_slice(&[level as u8, 0]);
        let flags = out.len() - 1;
        Self { out, flags }
    }

    fn mark(&mut self, flag: u8, is_set: bool) {
        if is_set {
            self.out[self.flags] |= flag;
        }
    }

    /// What the record is found by.
    fn ids(&mut self, request: Option<&Request>, plugin: Option<&str>) {
        match request {
            None => self.out.extend_from_slice(&[0; 4]),
            Some(request) => {
                let trace = request.trace();
                self.id(request.id());
                self.id(trace.trace_id().as_str());
                self.id(trace.span_id().as_str());
                self.id(request.session().unwrap_or_default());
            }
        }
        self.id(plugin.unwrap_or_default());
    }

    /// Appends an id; one that is too long for any is none.
    fn id(&mut self, id: &str) {
        let length = u8::try_from(id.len());
        self.mark(flag::CUT, length.is_err());
        self.out.push(length.unwrap_or_default());
        if length.is_ok() {
            self.out.extend_from_slice(id.as_bytes());
        }
    }

    /// Appends a text, cut where it is too long.
    fn text(&mut self, write: impl FnOnce(&mut Limited<'_>) -> fmt::Result) {
        self.limited(|limited| {
            // A `Display` that gives up half-way keeps what it has written.
            let _ = write(limited);
        });
    }

    /// Appends what is written as a text; whether it was cut.
    fn limited(&mut self, write: impl FnOnce(&mut Limited<'_>)) -> bool {
        let from = self.out.len();
        self.out.extend_from_slice(&[0; 4]);
        let left = MOST_RECORD.saturating_sub(self.out.len()).min(MOST_TEXT);
        let mut limited = Limited { out: &mut *self.out, left, is_cut: false };
        write(&mut limited);
        let is_cut = limited.is_cut;
        let length = (self.out.len() - from - 4) as u32;
        let told = length | if is_cut { IS_CUT } else { 0 };
        self.out[from..from + 4].copy_from_slice(&told.to_le_bytes());
        self.mark(flag::CUT, is_cut);
        is_cut
    }

    /// Appends a field, unless there is no room for it.
    fn field(&mut self, field: &Field<'_>, is_trusted: bool) {
        let key = field.key();
        if is_placed(key) || is_bind(key) {
            return;
        }
        if key.len() > MOST_KEY || self.out.len() > MOST_RECORD {
            return self.mark(flag::CUT, true);
        }
        let from = self.out.len();
        let mut flags = if field.is_literal() { kind::LITERAL } else { 0 };
        flags |= if is_trusted { kind::TRUSTED } else { 0 };
        self.out.push(flags);
        self.out.extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.out.extend_from_slice(key.as_bytes());
        self.out[from] |= self.value(field.value());
        if self.out.len() > MOST_RECORD {
            self.out.truncate(from);
            self.mark(flag::CUT, true);
        }
    }

    /// Appends a value; what kind it is of.
    fn value(&mut self, value: FieldValue<'_>) -> u8 {
        match value {
            FieldValue::Undefined => kind::UNDEFINED,
            FieldValue::Null => kind::NULL,
            FieldValue::Bool(false) => kind::FALSE,
            FieldValue::Bool(true) => kind::TRUE,
            FieldValue::I64(number) => self.number(kind::I64, number.to_le_bytes()),
            FieldValue::U64(number) => self.number(kind::U64, number.to_le_bytes()),
            FieldValue::F64(number) => self.number(kind::F64, number.to_le_bytes()),
            FieldValue::Str(text) => self.told(|out| out.write_str(text)),
            FieldValue::Display(shown) => self.told(|out| write!(out, "{shown}")),
            FieldValue::Debug(shown) => self.told(|out| write!(out, "{shown:?}")),
            FieldValue::Json(json) => self.json(json),
            other => self.json(&other.to_json()),
        }
    }

    fn number(&mut self, kind: u8, bytes: [u8; 8]) -> u8 {
        self.out.extend_from_slice(&bytes);
        kind
    }

    fn told(&mut self, write: impl FnOnce(&mut Limited<'_>) -> fmt::Result) -> u8 {
        self.text(write);
        kind::TEXT
    }

    /// JSON that is too long is a text, which it is the beginning of.
    fn json(&mut self, json: &serde_json::Value) -> u8 {
        let is_cut = self.limited(|limited| drop(serde_json::to_writer(limited, json)));
        if is_cut { kind::TEXT } else { kind::JSON }
    }

    fn end(self) {
        let length = self.out.len() as u32;
        self.out[..4].copy_from_slice(&length.to_le_bytes());
    }
}

/// Takes no more than there is room for, and ends a `Display` that goes on.
struct Limited<'o> {
    out: &'o mut Vec<u8>,
    left: usize,
    is_cut: bool,
}

impl fmt::Write for Limited<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fitting = &text[..text.floor_char_boundary(self.left)];
        self.out.extend_from_slice(fitting.as_bytes());
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
