//! What has become of what was sent, as OpenTelemetry's own metrics of an SDK.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use greenroom_metrics::{KeyValue, MetricsRegistry};
use greenroom_traces::TracerProvider;
use parking_lot::Mutex;

/// Of so many kinds of failure each has a number of its own: there are few words for them, and some hundred statuses.
const MOST_KINDS: usize = 64;

/// How much of a signal was sent, and was not.
#[derive(Clone, Default)]
pub(crate) struct Counts(Arc<Inner>);

#[derive(Default)]
struct Inner {
    taken: AtomicU64,
    in_flight: AtomicU64,
    lost: Mutex<BTreeMap<String, u64>>,
}

impl Counts {
    /// So many are on their way.
    pub(crate) fn begin(&self, count: u64) {
        self.0.in_flight.store(count, Relaxed);
    }

    /// That is over.
    pub(crate) fn end(&self, taken: u64, lost: Option<(&str, u64)>) {
        self.0.in_flight.store(0, Relaxed);
        self.0.taken.fetch_add(taken, Relaxed);
        let Some((kind, count)) = lost.filter(|(_, count)| *count > 0) else { return };
        let mut all = self.0.lost.lock();
        let kind = if all.len() < MOST_KINDS || all.contains_key(kind) { kind } else { "_OTHER" };
        *all.entry(kind.to_owned()).or_default() += count;
    }

    /// How many were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.0.taken.load(Relaxed)
    }

    /// How many were lost.
    pub(crate) fn lost(&self) -> u64 {
        self.0.lost.lock().values().sum()
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.0.in_flight.load(Relaxed)
    }

    /// Tells them as a counter, each kind of failure apart.
    fn told_as(
        &self,
        registry: &MetricsRegistry,
        name: &str,
        unit: &str,
        what: &str,
        component: &'static str,
    ) {
        let counts = self.clone();
        registry.own().observable_counter(name).unit(unit).description(what).observe(move |now| {
            now.observe(counts.taken(), &component_of(component));
            for (kind, count) in &*counts.0.lost.lock() {
                let kind = KeyValue::new("error.type", kind.clone());
                now.observe(*count, &[&component_of(component)[..], &[kind]].concat());
            }
        });
    }
}

fn component_of(kind: &'static str) -> [KeyValue; 2] {
    [KeyValue::new("otel.component.type", kind), KeyValue::new("otel.component.name", format!("{kind}/0"))]
}

const PROCESSOR: &str = "batching_span_processor";
const SPANS: &str = "otlp_http_span_exporter";
const METRICS: &str = "otlp_http_metric_exporter";

/// Tells what has become of spans.
pub(crate) fn tell_of_spans(registry: &MetricsRegistry, provider: &TracerProvider, counts: &Counts) {
    let metrics = registry.own();
    let asked = provider.clone();
    metrics
        .observable_up_down_counter("otel.sdk.processor.span.queue.size")
        .unit("{span}")
        .description("The number of spans in the queue.")
        .observe(move |now| now.observe(asked.counts().waiting, &component_of(PROCESSOR)));
    let asked = provider.clone();
    metrics
        .observable_up_down_counter("otel.sdk.processor.span.queue.capacity")
        .unit("{span}")
        .description("The maximum number of spans the queue can hold.")
        .observe(move |now| now.observe(asked.counts().capacity, &component_of(PROCESSOR)));
    let asked = provider.clone();
    metrics
        .observable_counter("otel.sdk.processor.span.processed")
        .unit("{span}")
        .description(
            "The number of spans that were handed to the exporter, or that found no room in the queue.",
        )
        .observe(move |now| {
            let counts = asked.counts();
            let is_full = KeyValue::new("error.type", "queue_full");
            now.observe(counts.taken, &component_of(PROCESSOR));
            now.observe(counts.dropped, &[&component_of(PROCESSOR)[..], &[is_full]].concat());
        });
    let asked = counts.clone();
    metrics
        .observable_up_down_counter("otel.sdk.exporter.span.inflight")
        .unit("{span}")
        .description("The number of spans that are being sent.")
        .observe(move |now| now.observe(asked.in_flight(), &component_of(SPANS)));
    let what = "The number of spans for which sending has ended, well or not.";
    counts.told_as(registry, "otel.sdk.exporter.span.exported", "{span}", what, SPANS);
}

/// Tells what has become of metrics.
pub(crate) fn tell_of_metrics(registry: &MetricsRegistry, counts: &Counts) {
    let what = "The number of points of metrics for which sending has ended, well or not.";
    let name = "otel.sdk.exporter.metric_data_point.exported";
    counts.told_as(registry, name, "{data_point}", what, METRICS);
}
