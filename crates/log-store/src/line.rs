//! A line as people and programs read it: masked.

use std::time::{SystemTime, UNIX_EPOCH};

use greenroom_logging::Level;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::{
    mask::Mask,
    record::{Record, flag},
    shapes::Shapes,
};

/// One line of the log.
///
/// As JSON its members are in camelCase, its time is of RFC 3339, and what is not there is left out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Line {
    /// Its number, by which it is paged. Those of a later start are greater.
    pub sequence: u64,
    /// When it happened.
    pub time: SystemTime,
    /// How grave it is.
    pub level: Level,
    /// Whose it is.
    pub plugin: Option<String>,
    /// Its text.
    pub message: String,
    /// What else it tells, in order: the logger's own fields, then the call's.
    pub fields: Map<String, Value>,
    /// The id of the request that was answered.
    pub request_id: Option<String>,
    /// Its trace, 32 hex digits.
    pub trace_id: Option<String>,
    /// Its span, 16 hex digits.
    pub span_id: Option<String>,
    /// The browser session that it was sent in, a UUID.
    pub session_id: Option<String>,
    /// Something of it was too long to be kept.
    pub is_cut: bool,
}

impl Line {
    pub(crate) fn read(record: &Record<'_>, shapes: &Shapes, mask: &Mask<'_>) -> Option<Self> {
        let (message, kept) = record.parts(shapes)?;
        let message = if record.has(flag::UNMASKED) { message.text.to_owned() } else { mask.text(message) };
        let mut fields = Map::new();
        kept.for_each(|field| mask.set(&mut fields, field));
        let id = |id: &[u8]| Some(String::from_utf8_lossy(id).into_owned()).filter(|id| !id.is_empty());
        let foreign = |text: Option<String>| text.map(|text| mask.whole(&text));
        let plugin = id(record.plugin);
        Some(Self {
            sequence: record.sequence,
            time: record.time(),
            level: record.level,
            plugin: if record.has(flag::FOREIGN_PLUGIN) { foreign(plugin) } else { plugin },
            message,
            fields,
            // A client may have chosen it.
            request_id: foreign(id(record.request)),
            trace_id: id(record.trace),
            span_id: id(record.span),
            session_id: id(record.session),
            is_cut: record.has(flag::CUT),
        })
    }

    /// The stack of the error that it tells of: the line's own, or that of an error among its fields.
    pub fn stack(&self) -> Option<&str> {
        let own = self.fields.get("stack").and_then(Value::as_str);
        own.or_else(|| self.fields.values().find_map(|value| value.get("stack")?.as_str()))
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut line = to.serialize_map(None)?;
        line.serialize_entry("sequence", &self.sequence)?;
        line.serialize_entry("time", &rfc_3339(self.time))?;
        line.serialize_entry("level", self.level.as_str())?;
        let mut text = |key: &str, text: &Option<String>| match text {
            Some(text) => line.serialize_entry(key, text),
            None => Ok(()),
        };
        text("plugin", &self.plugin)?;
        text("requestId", &self.request_id)?;
        text("traceId", &self.trace_id)?;
        text("spanId", &self.span_id)?;
        text("sessionId", &self.session_id)?;
        line.serialize_entry("message", &self.message)?;
        line.serialize_entry("fields", &self.fields)?;
        if self.is_cut {
            line.serialize_entry("isCut", &true)?;
        }
        line.end()
    }
}

/// A time as RFC 3339 writes it, to the millisecond.
pub(crate) fn rfc_3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    format!("{time:.3}")
}
