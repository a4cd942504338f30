//! What is known of a span that has ended.

use std::{borrow::Cow, sync::Arc, time::SystemTime};

use greenroom_context::TraceContext;
use opentelemetry::{Array, Key, KeyValue, StringValue, Value};

use crate::{LONGEST_TEXT, MOST_PARTS};

/// How many bytes of a text are kept beyond those that are told. Who sends it hides secrets in it first, and cuts it then: of a text
/// that ended where it is told to nobody would see that one had begun there.
const MARGIN: usize = 256;

/// Whose spans are whose: what OpenTelemetry calls a tracer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Where its conventions are written down.
    pub schema_url: Option<String>,
}

impl Scope {
    /// A plugin's, unless the config says another.
    pub fn of_plugin(id: &str) -> Self {
        Self::named(format!("backstage-plugin-{id}"))
    }

    /// One of that name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), version: None, schema_url: None }
    }
}

/// What a span is, seen from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanKind {
    /// Work within the backend.
    #[default]
    Internal,
    /// A request that is answered.
    Server,
    /// A request that is sent.
    Client,
    /// A message that is handed over.
    Producer,
    /// A message that is taken.
    Consumer,
}

/// How a span ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Nobody has said.
    #[default]
    Unset,
    /// Somebody has said that it went well.
    Ok,
    /// It failed; why.
    Error(String),
}

/// What happened at a moment of a span.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its name.
    pub name: Cow<'static, str>,
    /// When it happened.
    pub at: SystemTime,
    /// What is said of it.
    pub attributes: Vec<KeyValue>,
    /// How many more attributes were said.
    pub dropped_attributes: u32,
}

/// A span that has ended. Its texts are up to [`LONGEST_TEXT`] bytes long, or longer: then there may have been more of them.
#[derive(Clone, Debug)]
pub struct SpanData {
    /// Whose it is.
    pub scope: Arc<Scope>,
    /// Its name, of which there are few.
    pub name: Cow<'static, str>,
    /// What it is, seen from outside.
    pub kind: SpanKind,
    /// Where it stands in its trace.
    pub trace: TraceContext,
    /// Whether its parent is of another process.
    pub has_remote_parent: bool,
    /// What other systems keep of the trace.
    pub trace_state: Option<Box<str>>,
    /// When it began.
    pub began: SystemTime,
    /// When it ended: never before it began, whatever the clock did.
    pub ended: SystemTime,
    /// What is said of it, each key once.
    pub attributes: Vec<KeyValue>,
    /// How many more attributes were said.
    pub dropped_attributes: u32,
    /// What happened.
    pub events: Vec<Event>,
    /// How many more events there were.
    pub dropped_events: u32,
    /// How it ended.
    pub status: Status,
}

impl SpanData {
    /// One that begins now, of which nothing else is known.
    pub fn new(scope: Arc<Scope>, name: impl Into<Cow<'static, str>>, trace: TraceContext) -> Self {
        let now = SystemTime::now();
        Self {
            scope,
            name: short_name(name),
            kind: SpanKind::default(),
            trace,
            has_remote_parent: false,
            trace_state: None,
            began: now,
            ended: now,
            attributes: vec![],
            dropped_attributes: 0,
            events: vec![],
            dropped_events: 0,
            status: Status::Unset,
        }
    }

    /// Says something of it. Of two with the same key the later one stays.
    pub fn set(&mut self, attribute: KeyValue) {
        let attribute = kept(attribute);
        if let Some(known) = self.attributes.iter_mut().find(|known| known.key == attribute.key) {
            *known = attribute;
        } else if self.attributes.len() < MOST_PARTS {
            self.attributes.push(attribute);
        } else {
            self.dropped_attributes = self.dropped_attributes.saturating_add(1);
        }
    }

    /// Notes that something happened, now.
    pub fn add_event(&mut self, name: impl Into<Cow<'static, str>>, attributes: Vec<KeyValue>) {
        if self.events.len() >= MOST_PARTS {
            self.dropped_events = self.dropped_events.saturating_add(1);
            return;
        }
        let dropped = attributes.len().saturating_sub(MOST_PARTS);
        self.events.push(Event {
            name: short_name(name),
            at: SystemTime::now(),
            attributes: attributes.into_iter().take(MOST_PARTS).map(kept).collect(),
            dropped_attributes: u32::try_from(dropped).unwrap_or(u32::MAX),
        });
    }
}

/// As much of an attribute as is kept.
fn kept(KeyValue { key, value, .. }: KeyValue) -> KeyValue {
    let key = if is_long(key.as_str()) { Key::from(shortened(key.into())) } else { key };
    let value = match value {
        Value::String(text) => Value::String(short(text)),
        Value::Array(list) => Value::Array(match list {
            Array::String(texts) => Array::String(texts.into_iter().take(MOST_PARTS).map(short).collect()),
            Array::Bool(all) => Array::Bool(first(all)),
            Array::I64(all) => Array::I64(first(all)),
            Array::F64(all) => Array::F64(first(all)),
            other => other,
        }),
        other => other,
    };
    KeyValue::new(key, value)
}

fn first<T>(mut all: Vec<T>) -> Vec<T> {
    all.truncate(MOST_PARTS);
    all
}

fn short(text: StringValue) -> StringValue {
    if is_long(text.as_str()) { shortened(text.into()).into() } else { text }
}

/// As much of a name as is kept.
pub(crate) fn short_name(name: impl Into<Cow<'static, str>>) -> Cow<'static, str> {
    let name = name.into();
    if is_long(&name) { shortened(name.into_owned()).into() } else { name }
}

fn is_long(text: &str) -> bool {
    text.len() > LONGEST_TEXT + MARGIN
}

/// As much of a text as is kept.
pub(crate) fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_TEXT + MARGIN));
    text
}
