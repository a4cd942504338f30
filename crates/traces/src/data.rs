//! What is known of a span that has ended.

use std::{borrow::Cow, sync::Arc, time::SystemTime};

use greenroom_context::TraceContext;
use opentelemetry::{KeyValue, StringValue, Value};

use crate::{LONGEST_TEXT, MOST_PARTS};

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
}

/// A span that has ended.
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
            name: name.into(),
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
        let attribute = KeyValue::new(attribute.key, cut(attribute.value));
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
        let attributes = attributes.into_iter().take(MOST_PARTS);
        let attributes = attributes.map(|one| KeyValue::new(one.key, cut(one.value))).collect();
        self.events.push(Event { name: name.into(), at: SystemTime::now(), attributes });
    }
}

/// As much of a text as is kept.
fn cut(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(StringValue::from(shortened(text.into()))),
        other => other,
    }
}

pub(crate) fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_TEXT));
    text
}
