//! The metrics of requests, by OpenTelemetry's names: counted from the exchange, as its access line is.

mod series;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom_metrics::{Histogram, KeyValue, MetricsRegistry};
use http::Method;

use self::series::{AllSeries, Key};
use crate::exchange::Exchange;

/// How many methods are told by their name, as OpenTelemetry lists them.
const NAMED: usize = 9;
static METHODS: [Method; NAMED] = [
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
/// Streams stay for minutes and hours.
const LONG_SECONDS: [f64; 8] = [1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];
const BYTES: [f64; 9] =
    [128.0, 512.0, 2048.0, 8192.0, 32_768.0, 131_072.0, 524_288.0, 4_194_304.0, 33_554_432.0];

/// The metrics of a server's requests.
#[derive(Clone)]
pub(crate) struct RequestMetrics(Arc<Inner>);

struct Inner {
    scheme: &'static str,
    streamed: Histogram,
    /// By method, all that have no name last.
    active: [Active; NAMED + 1],
    streams: [AtomicI64; KINDS.len()],
    series: AllSeries,
}

/// Requests of one method that are at work.
#[derive(Default)]
struct Active {
    now: AtomicI64,
    /// There has been one: from then on it is a series, at 0, too.
    has_been: AtomicBool,
}

/// What lasts longer than a request does, and is not among their durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LongLived {
    /// Server-sent events.
    Events,
    /// A connection that has left HTTP, as WebSockets do.
    Tunnel,
}

const KINDS: [&str; 2] = ["events", "tunnel"];

/// One request that is at work.
pub(crate) struct Measured {
    metrics: RequestMetrics,
    method: usize,
}

impl RequestMetrics {
    pub(crate) fn new(registry: &MetricsRegistry, is_encrypted: bool) -> Self {
        let metrics = registry.own();
        let scheme = if is_encrypted { "https" } else { "http" };
        let duration = metrics.histogram("http.server.request.duration").unit("s").buckets(SECONDS);
        let received = metrics.histogram("http.server.request.body.size").unit("By").buckets(BYTES);
        let sent = metrics.histogram("http.server.response.body.size").unit("By").buckets(BYTES);
        let streamed = metrics.histogram("greenroom.http.stream.duration").unit("s").buckets(LONG_SECONDS);
        let inner = Arc::new(Inner {
            scheme,
            streamed: streamed
                .description(
                    "How long streams of events, and forwarded connections that left HTTP, have lasted.",
                )
                .build(),
            active: Default::default(),
            streams: Default::default(),
            series: AllSeries::new(
                scheme,
                duration.description("Duration of HTTP server requests.").build(),
                received.description("Size of HTTP server request bodies.").build(),
                sent.description("Size of HTTP server response bodies.").build(),
            ),
        });
        let asked = inner.clone();
        metrics
            .observable_up_down_counter("http.server.active_requests")
            .unit("{request}")
            .description("Number of active HTTP server requests.")
            .observe(move |now| {
                for (method, active) in asked.active.iter().enumerate() {
                    // What nobody has asked by yet is no series.
                    if method == index(&Method::GET) || active.has_been.load(Relaxed) {
                        let attributes =
                            [("http.request.method", name(method)), ("url.scheme", asked.scheme)];
                        let attributes = attributes.map(|(key, value)| KeyValue::new(key, value));
                        now.observe(active.now.load(Relaxed), &attributes);
                    }
                }
            });
        let asked = inner.clone();
        metrics
            .observable_up_down_counter("greenroom.http.streams")
            .unit("{stream}")
            .description("Open streams of events, and forwarded connections that left HTTP.")
            .observe(move |now| {
                for (kind, count) in KINDS.iter().zip(&asked.streams) {
                    now.observe(count.load(Relaxed), &[KeyValue::new("kind", *kind)]);
                }
            });
        Self(inner)
    }

    /// A request begins.
    pub(crate) fn begin(&self, method: &Method) -> Measured {
        let method = index(method);
        let active = &self.0.active[method];
        active.now.fetch_add(1, Relaxed);
        if !active.has_been.load(Relaxed) {
            active.has_been.store(true, Relaxed);
        }
        Measured { metrics: self.clone(), method }
    }
}

fn index(method: &Method) -> usize {
    METHODS.iter().position(|named| named == method).unwrap_or(NAMED)
}

/// The name of a method that OpenTelemetry lists.
pub fn method(method: &Method) -> Option<&'static str> {
    METHODS.iter().find(|named| *named == method).map(Method::as_str)
}

/// OpenTelemetry's name of a method.
fn name(index: usize) -> &'static str {
    METHODS.get(index).map_or("_OTHER", Method::as_str)
}

impl Measured {
    /// From here on it is no request that is at work, but something that stays.
    pub(crate) fn lasts(&self, as_what: LongLived) {
        self.metrics.0.active[self.method].now.fetch_sub(1, Relaxed);
        self.metrics.0.streams[as_what as usize].fetch_add(1, Relaxed);
    }

    /// It is over. `sent` is how much of the body has left.
    pub(crate) fn end(self, exchange: &Exchange, sent: u64, is_aborted: bool, took: Duration) {
        let inner = &*self.metrics.0;
        if let Some(kind) = exchange.long_lived {
            inner.streams[kind as usize].fetch_sub(1, Relaxed);
            inner.streamed.record(took.as_secs_f64(), &[KeyValue::new("kind", KINDS[kind as usize])]);
            return;
        }
        inner.active[self.method].now.fetch_sub(1, Relaxed);
        let received = match exchange.told.as_deref() {
            None => exchange.asked.content_length,
            Some(told) => Some(told.bytes_in()),
        };
        inner.series.record(
            &key(exchange, self.method, is_aborted),
            took,
            received.unwrap_or_default(),
            sent,
        );
    }
}

fn key(exchange: &Exchange, method: usize, is_aborted: bool) -> Key<&str> {
    let told = exchange.told.as_deref();
    let error = match told.and_then(|told| told.gateway_error()) {
        Some(code) => code,
        None if is_aborted => "aborted",
        None => "",
    };
    Key {
        plugin: plugin(exchange),
        route: exchange.request.route(),
        method,
        status: exchange.answered.map_or(0, |answered| answered.status.as_u16()),
        error,
    }
}

/// The plugin that a request was sent to. What is below `/api` of a server behind may be any client's word: who forwards knows its
/// plugins.
pub(crate) fn plugin(exchange: &Exchange) -> Option<&str> {
    let has_plugin = exchange.told.as_deref().is_none_or(|told| told.is_plugin_known());
    exchange.request.target_plugin().filter(|_| has_plugin)
}
