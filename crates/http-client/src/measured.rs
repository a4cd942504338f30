//! The metric of calls, by OpenTelemetry's names: how long each took, by plugin and host. Each ends here, as metrics and as spans.

use std::{collections::HashSet, sync::Arc, time::Duration};

use bytes::Bytes;
use greenroom_context::Context;
use greenroom_metrics::{Equivalent, KeyValue, KeyedHistogram, MetricsRegistry};
use greenroom_traces::{StartedSpan, Tracer};
use http::{Method, Response};
use parking_lot::RwLock;
use tokio::time::Instant;

use crate::{call::Call, error::CallError, target::Target, traced};

/// How many hosts are told by their names. More have one name for all.
const MOST_HOSTS: usize = 200;

/// What OpenTelemetry calls what has no name of its own.
const OTHER: &str = "_OTHER";

/// Methods that are told by their names, as OpenTelemetry lists them.
static METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::CONNECT,
    Method::OPTIONS,
    Method::TRACE,
    Method::PATCH,
];

/// In seconds, as OpenTelemetry has them.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The metrics of a client's calls.
pub(crate) struct CallMetrics {
    took: KeyedHistogram<Key<Arc<str>>>,
    hosts: RwLock<HashSet<Box<str>>>,
}

/// What makes a series.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key<T> {
    plugin: Option<T>,
    /// `None`: one of those that have no name.
    host: Option<T>,
    port: u16,
    method: &'static str,
    /// 0: there was no answer.
    status: u16,
    /// Empty, unless there is more to say than the status.
    error: &'static str,
}

/// A call under way. One that is dropped before it has ended was given up by who made it.
pub(crate) struct Measured<'c> {
    metrics: Option<&'c CallMetrics>,
    began: Instant,
    method: &'static str,
    target: &'c Target,
    is_named: bool,
    has_ended: bool,
    span: StartedSpan,
}

/// Where calls are told.
pub(crate) struct Told {
    pub(crate) metrics: Option<CallMetrics>,
    pub(crate) tracer: Tracer,
}

impl CallMetrics {
    pub(crate) fn new(registry: &MetricsRegistry) -> Self {
        let took = registry.own().histogram("http.client.request.duration").unit("s").buckets(SECONDS);
        let took = took.description("Duration of HTTP client requests.").build();
        Self { took: KeyedHistogram::new(took), hosts: RwLock::default() }
    }

    /// Whether the host is told by its name. One that others than the operator have chosen is not: anybody could make series.
    fn names(&self, host: &str, is_chosen_by_others: bool) -> bool {
        if is_chosen_by_others {
            return false;
        }
        if self.hosts.read().contains(host) {
            return true;
        }
        let mut hosts = self.hosts.write();
        hosts.contains(host) || (hosts.len() < MOST_HOSTS && hosts.insert(host.into()))
    }

    fn record(&self, key: &Key<&str>, took: Duration) {
        self.took.record(key, took.as_secs_f64(), || (key.owned(), key.attributes()));
    }
}

/// The name of a method that OpenTelemetry lists.
pub(crate) fn known(method: &Method) -> Option<&'static str> {
    METHODS.iter().find(|known| *known == method).map(Method::as_str)
}

/// `error.type`. Of a client, each status from 400 on is an error.
fn error_type(status: u16, error: &'static str) -> Option<String> {
    match status {
        400.. => Some(status.to_string()),
        _ => Some(error.to_owned()).filter(|error| !error.is_empty()),
    }
}

impl<'c> Measured<'c> {
    /// A call begins.
    pub(crate) fn begin(told: &'c Told, call: &Call, target: &'c Target) -> Self {
        let (metrics, request) = (told.metrics.as_ref(), &call.request);
        let span = traced::begin(&told.tracer, request.method(), target, request.uri());
        let is_named = metrics.is_some_and(|metrics| metrics.names(&target.host, call.is_public));
        let method = known(request.method()).unwrap_or(OTHER);
        Self { metrics, began: Instant::now(), method, target, is_named, has_ended: false, span }
    }

    /// What goes along with the call is of this.
    pub(crate) fn context(&self) -> Context {
        self.span.context()
    }

    /// It has ended with this.
    pub(crate) fn end(mut self, answer: &Result<Response<Bytes>, CallError>) {
        match answer {
            Ok(answer) => self.ended(answer.status().as_u16(), ""),
            Err(error) => self.ended(0, error.kind()),
        }
    }

    fn ended(&mut self, status: u16, error: &'static str) {
        self.has_ended = true;
        traced::end(&self.span, status, error_type(status, error));
        let Some(metrics) = self.metrics else { return };
        let context = Context::current();
        let (host, port) = match self.is_named {
            true => (Some(&*self.target.host), self.target.port),
            false => (None, 0),
        };
        let key = Key { plugin: context.plugin(), host, port, method: self.method, status, error };
        metrics.record(&key, self.began.elapsed());
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.ended(0, "aborted");
        }
    }
}

impl Key<&str> {
    fn owned(&self) -> Key<Arc<str>> {
        let Self { port, method, status, error, .. } = *self;
        Key {
            plugin: self.plugin.map(Into::into),
            host: self.host.map(Into::into),
            port,
            method,
            status,
            error,
        }
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new("http.request.method", self.method),
            KeyValue::new("server.address", self.host.unwrap_or(OTHER).to_owned()),
        ];
        if self.host.is_some() {
            attributes.push(KeyValue::new("server.port", i64::from(self.port)));
        }
        if self.status > 0 {
            attributes.push(KeyValue::new("http.response.status_code", i64::from(self.status)));
        }
        let error = error_type(self.status, self.error);
        attributes.extend(error.map(|error| KeyValue::new("error.type", error)));
        attributes.extend(self.plugin.map(|id| KeyValue::new("backstage.plugin.id", id.to_owned())));
        attributes
    }
}

impl Key<Arc<str>> {
    fn borrowed(&self) -> Key<&str> {
        let Self { port, method, status, error, .. } = *self;
        Key { plugin: self.plugin.as_deref(), host: self.host.as_deref(), port, method, status, error }
    }
}

/// The hashes are the same, too: an owned text has that of a borrowed one.
impl Equivalent<Key<Arc<str>>> for Key<&str> {
    fn equivalent(&self, key: &Key<Arc<str>>) -> bool {
        *self == key.borrowed()
    }
}
