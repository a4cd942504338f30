//! Values that `tracing` lends for a moment only, kept with their types.

use std::{cell::RefCell, error::Error as StdError, fmt, ops::Range, sync::Arc};

use tracing::field::{Field as Key, Visit};

use crate::{FieldValue, Fields, field::Field};

#[derive(Debug)]
enum Value {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Text(Range<usize>),
    Error(Box<serde_json::Value>),
}

/// One event's values: its text in one buffer, which the thread keeps.
#[derive(Debug, Default)]
pub(super) struct Captured {
    text: String,
    message: Range<usize>,
    values: Vec<(&'static str, Value)>,
}

thread_local! {
    static CAPTURED: RefCell<Option<Captured>> = const { RefCell::new(None) };
}

impl Captured {
    /// Lends the thread's buffer, empty. A value that logs while it is captured gets another.
    pub(super) fn with<R>(f: impl FnOnce(&mut Self) -> R) -> R {
        let lent = CAPTURED.try_with(|cell| cell.try_borrow_mut().ok().and_then(|mut slot| slot.take()));
        let mut captured = lent.ok().flatten().unwrap_or_default();
        captured.clear();
        let out = f(&mut captured);
        if captured.text.capacity() <= 64 << 10 {
            let _ = CAPTURED.try_with(|cell| cell.try_borrow_mut().map(|mut slot| *slot = Some(captured)));
        }
        out
    }

    fn clear(&mut self) {
        self.text.clear();
        self.message = 0..0;
        self.values.clear();
    }

    pub(super) fn message(&self) -> &str {
        &self.text[self.message.clone()]
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.values().map(|(key, value)| Field::literal(key, value))
    }

    fn values(&self) -> impl Iterator<Item = (&'static str, FieldValue<'_>)> {
        self.values.iter().map(|(key, value)| {
            let value = match value {
                Value::Bool(v) => FieldValue::Bool(*v),
                Value::I64(v) => FieldValue::I64(*v),
                Value::U64(v) => FieldValue::U64(*v),
                Value::F64(v) => FieldValue::F64(*v),
                Value::Text(range) => FieldValue::Str(&self.text[range.clone()]),
                Value::Error(v) => FieldValue::Json(v),
            };
            (*key, value)
        })
    }

    fn push(&mut self, key: &Key, value: Value) {
        let key = key.name();
        self.values.push((key.strip_prefix("r#").unwrap_or(key), value));
    }

    fn push_text(&mut self, key: &Key, write: impl FnOnce(&mut String)) {
        let from = self.text.len();
        write(&mut self.text);
        let range = from..self.text.len();
        match key.name() {
            "message" => self.message = range,
            _ => self.push(key, Value::Text(range)),
        }
    }
}

impl Visit for Captured {
    fn record_f64(&mut self, key: &Key, value: f64) {
        self.push(key, Value::F64(value));
    }

    fn record_i64(&mut self, key: &Key, value: i64) {
        self.push(key, Value::I64(value));
    }

    fn record_u64(&mut self, key: &Key, value: u64) {
        self.push(key, Value::U64(value));
    }

    fn record_bool(&mut self, key: &Key, value: bool) {
        self.push(key, Value::Bool(value));
    }

    fn record_str(&mut self, key: &Key, value: &str) {
        self.push_text(key, |text| text.push_str(value));
    }

    fn record_error(&mut self, key: &Key, value: &(dyn StdError + 'static)) {
        self.push(key, Value::Error(Box::new(crate::error::to_value(value))));
    }

    fn record_debug(&mut self, key: &Key, value: &dyn fmt::Debug) {
        // A `Debug` that gives up half-way keeps what it has written.
        self.push_text(key, |text| {
            let _ = fmt::Write::write_fmt(text, format_args!("{value:?}"));
        });
    }
}

/// The fields of a span, shared by the events within.
#[derive(Clone, Debug, Default)]
pub(super) struct SpanFields(Arc<Fields>);

impl SpanFields {
    pub(super) fn of(record: impl FnOnce(&mut Captured)) -> Self {
        let mut fields = Self::default();
        fields.record(record);
        fields
    }

    pub(super) fn record(&mut self, record: impl FnOnce(&mut Captured)) {
        Captured::with(|captured| {
            record(captured);
            let own = Arc::make_mut(&mut self.0);
            captured.values().for_each(|(key, value)| own.insert_literal(key, value, false));
        });
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.0.iter()
    }
}
