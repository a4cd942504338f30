//! The metrics of requests, by OpenTelemetry's names: counted from the exchange, as its access line is.
//!
//! A series is looked up by the plugin, the route and the status, all of which there are few: its attributes are put together once.

use std::{
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use greenroom_metrics::{BoundHistogram, Histogram, KeyValue, MOST_SERIES, MetricsRegistry};
use http::{Method, StatusCode};
use indexmap::{Equivalent, IndexMap};

use crate::exchange::Exchange;

/// The methods that are told by their name, as OpenTelemetry lists them; all others are the last.
const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"];

/// In seconds, as OpenTelemetry has them.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Streams stay for minutes and hours.
const LONG_SECONDS: [f64; 8] = [1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];
const BYTES: [f64; 9] =
    [128.0, 512.0, 2048.0, 8192.0, 32_768.0, 131_072.0, 524_288.0, 4_194_304.0, 33_554_432.0];

/// So many plugins of another server are told by their names.
const MOST_PLUGINS: usize = 200;

/// The metrics of a server's requests.
#[derive(Clone)]
pub(crate) struct RequestMetrics(Arc<Inner>);

struct Inner {
    scheme: &'static str,
    duration: Histogram,
    received: Histogram,
    sent: Histogram,
    streamed: Histogram,
    /// By method.
    active: [AtomicI64; METHODS.len()],
    streams: [AtomicI64; KINDS.len()],
    series: ArcSwap<Table>,
    /// What is recorded once there are too many.
    overflow: OnceLock<Arc<Series>>,
    /// Plugins of another server that have answered as plugins do: anybody can ask for a path below `/api`.
    plugins: ArcSwap<Vec<Arc<str>>>,
}

type Table = IndexMap<Key, Arc<Series>, BuildHasherDefault<Known>>;

/// What lasts longer than a request does, and is not among their durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
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
    lasting: Option<Lasting>,
}

/// What makes a series.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    plugin: Option<Arc<str>>,
    route: Option<Arc<str>>,
    method: usize,
    status: u16,
    error: &'static str,
}

/// The same, borrowed of an exchange: equal ones have one hash.
#[derive(Clone, Copy)]
struct Wanted<'e> {
    plugin: Option<&'e str>,
    route: Option<&'e str>,
    method: usize,
    status: u16,
    error: &'static str,
}

impl Equivalent<Key> for Wanted<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        (self.method, self.status) == (key.method, key.status)
            && self.route == key.route.as_deref()
            && self.plugin == key.plugin.as_deref()
            && self.error == key.error
    }
}

/// Histograms with their attributes. Those that are not always recorded come with their first value.
struct Series {
    attributes: Vec<KeyValue>,
    duration: BoundHistogram,
    sent: BoundHistogram,
    received: OnceLock<BoundHistogram>,
}

impl RequestMetrics {
    pub(crate) fn new(registry: &MetricsRegistry, is_encrypted: bool) -> Self {
        let metrics = registry.own();
        let duration = metrics.histogram("http.server.request.duration").unit("s").buckets(SECONDS);
        let received = metrics.histogram("http.server.request.body.size").unit("By").buckets(BYTES);
        let sent = metrics.histogram("http.server.response.body.size").unit("By").buckets(BYTES);
        let streamed = metrics.histogram("greenroom.http.stream.duration").unit("s").buckets(LONG_SECONDS);
        let inner = Arc::new(Inner {
            scheme: if is_encrypted { "https" } else { "http" },
            duration: duration.description("Duration of HTTP server requests.").build(),
            received: received.description("Size of HTTP server request bodies.").build(),
            sent: sent.description("Size of HTTP server response bodies.").build(),
            streamed: streamed
                .description(
                    "How long streams of events, and forwarded connections that left HTTP, have lasted.",
                )
                .build(),
            active: Default::default(),
            streams: Default::default(),
            series: ArcSwap::default(),
            overflow: OnceLock::new(),
            plugins: ArcSwap::default(),
        });
        let asked = inner.clone();
        metrics
            .observable_up_down_counter("http.server.active_requests")
            .unit("{request}")
            .description("Number of active HTTP server requests.")
            .observe(move |now| {
                for (method, count) in METHODS.iter().zip(&asked.active) {
                    let count = count.load(Relaxed);
                    // What nobody has asked by yet is no series.
                    if count != 0 || *method == "GET" {
                        let attributes = [("http.request.method", *method), ("url.scheme", asked.scheme)];
                        now.observe(count, &attributes.map(|(key, value)| KeyValue::new(key, value)));
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
        self.0.active[method].fetch_add(1, Relaxed);
        Measured { metrics: self.clone(), method, lasting: None }
    }
}

fn index(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::POST => 2,
        Method::PUT => 3,
        Method::DELETE => 4,
        Method::CONNECT => 5,
        Method::OPTIONS => 6,
        Method::TRACE => 7,
        Method::PATCH => 8,
        _ => METHODS.len() - 1,
    }
}

impl Measured {
    /// From here on it is no request that is at work, but something that stays.
    pub(crate) fn lasts(&mut self, as_what: Lasting) {
        if self.lasting.replace(as_what).is_none() {
            self.metrics.0.active[self.method].fetch_sub(1, Relaxed);
            self.metrics.0.streams[as_what as usize].fetch_add(1, Relaxed);
        }
    }

    /// It is over. `sent` is how much of the body has left.
    pub(crate) fn end(self, exchange: &Exchange, sent: u64, is_aborted: bool, took: Duration) {
        let inner = &*self.metrics.0;
        if let Some(lasting) = self.lasting {
            inner.streams[lasting as usize].fetch_sub(1, Relaxed);
            inner.streamed.record(took.as_secs_f64(), &[KeyValue::new("kind", KINDS[lasting as usize])]);
            return;
        }
        inner.active[self.method].fetch_sub(1, Relaxed);
        let wanted = inner.wanted(exchange, self.method, is_aborted);
        let received = match exchange.told.as_deref() {
            None => exchange.asked.content_length,
            Some(told) => Some(told.bytes_in()),
        };
        let record = |series: &Series| {
            series.duration.record(took.as_secs_f64());
            series.sent.record(sent);
            if let Some(received) = received.filter(|bytes| *bytes > 0) {
                series.received.get_or_init(|| inner.received.bind(&series.attributes)).record(received);
            }
        };
        match inner.series.load().get(&wanted) {
            Some(series) => record(series),
            None => record(&inner.add(&wanted)),
        }
    }
}

impl Inner {
    fn wanted<'e>(&self, exchange: &'e Exchange, method: usize, is_aborted: bool) -> Wanted<'e> {
        let status = exchange.answered.map(|answered| answered.status);
        let error = match exchange.told.as_deref().and_then(|told| told.gateway_error()) {
            Some(code) => code,
            None if is_aborted => "aborted",
            None => "",
        };
        Wanted {
            plugin: self.plugin(exchange, status),
            route: exchange.request.route(),
            method,
            status: status.map_or(0, |status| status.as_u16()),
            error,
        }
    }

    #[cold]
    fn add(&self, wanted: &Wanted<'_>) -> Arc<Series> {
        let made = OnceLock::new();
        let (mut is_full, mut series) = (false, None);
        self.series.rcu(|table| {
            // Somebody else may have been here first.
            series = table.get(wanted).cloned();
            is_full = table.len() >= MOST_SERIES;
            if series.is_some() || is_full {
                return table.clone();
            }
            let new: &Arc<Series> = made.get_or_init(|| Arc::new(self.bind(self.attributes(wanted))));
            series = Some(new.clone());
            let mut table = Table::clone(table);
            table.insert(wanted.to_key(), new.clone());
            Arc::new(table)
        });
        let overflow = || Arc::new(self.bind(vec![KeyValue::new("otel.metric.overflow", true)]));
        series.unwrap_or_else(|| self.overflow.get_or_init(overflow).clone())
    }

    fn bind(&self, attributes: Vec<KeyValue>) -> Series {
        let (duration, sent) = (self.duration.bind(&attributes), self.sent.bind(&attributes));
        Series { attributes, duration, sent, received: OnceLock::new() }
    }

    fn attributes(&self, wanted: &Wanted<'_>) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new("http.request.method", METHODS[wanted.method]),
            KeyValue::new("url.scheme", self.scheme),
        ];
        let mut text = |key, value: Option<&str>| {
            attributes.extend(value.map(|value| KeyValue::new(key, value.to_owned())));
        };
        let status = Some(wanted.status).filter(|status| *status > 0);
        let failed = status.filter(|status| *status >= 500).map(|status| status.to_string());
        text("http.route", wanted.route);
        text("backstage.plugin.id", wanted.plugin);
        text("error.type", Some(wanted.error).filter(|error| !error.is_empty()).or(failed.as_deref()));
        attributes.extend(status.map(|status| KeyValue::new("http.response.status_code", i64::from(status))));
        attributes
    }

    /// Whose request it was. One of another server's plugins has a name here once it has answered as plugins do.
    fn plugin<'e>(&self, exchange: &'e Exchange, status: Option<StatusCode>) -> Option<&'e str> {
        let plugin = exchange.request.target_plugin()?;
        let Some(told) = exchange.told.as_deref() else { return Some(plugin) };
        let is_known = |plugins: &[Arc<str>]| plugins.iter().any(|known| **known == *plugin);
        if is_known(&self.plugins.load()) {
            return Some(plugin);
        }
        let answers = |status: StatusCode| {
            status.is_success() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        };
        if told.gateway_error().is_some() || !status.is_some_and(answers) {
            return None;
        }
        let mut is_in = false;
        self.plugins.rcu(|plugins| {
            let mut plugins = Vec::clone(plugins);
            is_in = is_known(&plugins) || plugins.len() < MOST_PLUGINS;
            if is_in && !is_known(&plugins) {
                plugins.push(plugin.into());
            }
            plugins
        });
        is_in.then_some(plugin)
    }
}

impl Wanted<'_> {
    fn to_key(&self) -> Key {
        let (plugin, route) = (self.plugin.map(Into::into), self.route.map(Into::into));
        Key { plugin, route, method: self.method, status: self.status, error: self.error }
    }
}

impl Hash for Wanted<'_> {
    /// Of a text its length, its end and its middle: what tells routes apart, whose beginnings are the same.
    fn hash<H: Hasher>(&self, to: &mut H) {
        let (plugin, route) = (self.plugin.unwrap_or_default(), self.route.unwrap_or_default());
        let others = (self.method << 16 | usize::from(self.status)) as u64 | (self.error.len() as u64) << 32;
        let words = [end(plugin), end(route), middle(route), (route.len() as u64) << 48 ^ others];
        let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x51_7c_c1_b7_27_22_0a_95);
        let hash = words.into_iter().fold(0, mix);
        // The upper bits are the better ones, and a table takes the lower, too.
        to.write_u64(hash ^ (hash >> 32));
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, to: &mut H) {
        let (plugin, route) = (self.plugin.as_deref(), self.route.as_deref());
        Wanted { plugin, route, method: self.method, status: self.status, error: self.error }.hash(to);
    }
}

fn end(text: &str) -> u64 {
    match text.as_bytes().last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => text.bytes().fold(0, |word, byte| word << 8 | u64::from(byte)),
    }
}

fn middle(text: &str) -> u64 {
    text.as_bytes()[text.len() / 2..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Takes a hash that is known already. Nobody outside can choose what is kept under it.
#[derive(Default)]
pub(crate) struct Known(u64);

impl Hasher for Known {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = self.0.rotate_left(5) ^ hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
