//! The metrics of what was asked of the server behind, by OpenTelemetry's names, and of its silences.

use std::{net::IpAddr, sync::Arc, time::Duration};

use greenroom_http::known_method;
use greenroom_metrics::{Equivalent, Histogram, KeyValue, KeyedHistogram, MetricsRegistry};
use http::{Method, StatusCode};

use crate::{failure::Failure, stall::StallKind};

/// In seconds, as OpenTelemetry has them.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// A stall is one from a second on.
const STALLS: [f64; 10] = [1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 300.0];

/// The metrics of a proxy.
pub(crate) struct ProxyMetrics {
    took: KeyedHistogram<Key<Arc<str>>>,
    stalled: Histogram,
    /// `None`: it is another one after each start.
    port: Option<u16>,
}

/// What makes a series.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key<T> {
    plugin: Option<T>,
    method: &'static str,
    server: IpAddr,
    /// 0: there was no answer.
    status: u16,
    /// Empty, unless there is more to say than the status.
    error: &'static str,
}

/// A request that was sent to the server behind.
pub(crate) struct Sent<'r> {
    /// Its plugin, where the server behind has it: what clients ask for may be none.
    pub(crate) plugin: Option<&'r str>,
    pub(crate) method: &'r Method,
    pub(crate) server: IpAddr,
    /// Until an answer began, or it was known that none will.
    pub(crate) took: Duration,
}

impl ProxyMetrics {
    pub(crate) fn new(registry: &MetricsRegistry, port: Option<u16>) -> Self {
        let metrics = registry.own();
        let took = metrics.histogram("http.client.request.duration").unit("s").buckets(SECONDS);
        let stalled = metrics.histogram("greenroom.upstream.stall.duration").unit("s").buckets(STALLS);
        Self {
            took: KeyedHistogram::new(took.description("Duration of HTTP client requests.").build()),
            stalled: stalled
                .description("How long the Node backend's event loop has stood still, by what it did.")
                .build(),
            port,
        }
    }

    /// It was answered so.
    pub(crate) fn answered(&self, sent: &Sent<'_>, status: StatusCode) {
        self.record(sent, status.as_u16(), "");
    }

    /// It was not answered.
    pub(crate) fn failed(&self, sent: &Sent<'_>, failure: Failure) {
        self.record(sent, 0, failure.code());
    }

    /// A stall is over.
    pub(crate) fn stalled(&self, kind: StallKind, lasted: Duration) {
        self.stalled.record(lasted.as_secs_f64(), &[KeyValue::new("kind", kind.as_str())]);
    }

    fn record(&self, sent: &Sent<'_>, status: u16, error: &'static str) {
        let Sent { plugin, method, server, took } = *sent;
        let method = known_method(method).unwrap_or("_OTHER");
        let key = Key { plugin, method, server, status, error };
        self.took.record(&key, took.as_secs_f64(), || (key.owned(), key.attributes(self.port)));
    }
}

impl Key<&str> {
    fn owned(&self) -> Key<Arc<str>> {
        let Self { method, server, status, error, .. } = *self;
        Key { plugin: self.plugin.map(Into::into), method, server, status, error }
    }

    fn attributes(&self, port: Option<u16>) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new("http.request.method", self.method),
            KeyValue::new("server.address", self.server.to_string()),
        ];
        attributes.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
        if self.status > 0 {
            attributes.push(KeyValue::new("http.response.status_code", i64::from(self.status)));
        }
        // Of a client, each status from 400 on is an error.
        let error = match self.status {
            400.. => Some(self.status.to_string()),
            _ => Some(self.error.to_owned()).filter(|error| !error.is_empty()),
        };
        attributes.extend(error.map(|error| KeyValue::new("error.type", error)));
        attributes.extend(self.plugin.map(|id| KeyValue::new("backstage.plugin.id", id.to_owned())));
        attributes
    }
}

impl Key<Arc<str>> {
    fn borrowed(&self) -> Key<&str> {
        let Self { method, server, status, error, .. } = *self;
        Key { plugin: self.plugin.as_deref(), method, server, status, error }
    }
}

/// The hashes are the same, too: an owned text has that of a borrowed one.
impl Equivalent<Key<Arc<str>>> for Key<&str> {
    fn equivalent(&self, key: &Key<Arc<str>>) -> bool {
        *self == key.borrowed()
    }
}
