//! What plugins and the backend itself count, and its text for Prometheus.
//!
//! ```
//! use greenroom_core::plugin;
//! use greenroom_metrics::{KeyValue, Metrics};
//!
//! plugin("tasks", |env| {
//!     env.register_init(async |metrics: Metrics| {
//!         let runs = metrics.counter("tasks.runs").description("Runs that have ended").build();
//!         let took = metrics.histogram("tasks.duration").unit("s").buckets([0.1, 1.0, 10.0]).build();
//!         runs.add(1, &[KeyValue::new("result", "completed")]);
//!         took.record(0.25, &[]);
//!         metrics.observable_gauge("tasks.waiting").observe(|now| now.observe(7, &[]));
//!         Ok(())
//!     });
//! });
//! ```
//!
//! [`Metrics`] is Backstage's `alpha.core.metrics`: names pass unchanged, and each series tells its plugin by the name of its meter,
//! `backstage-plugin-<id>`. Below it is OpenTelemetry's SDK: what is recorded is kept there, with at most 2,000 series for each
//! instrument. What else records goes into one more, which has the attribute `otel.metric.overflow`, and a line of the log tells once
//! which attribute has so many values.
//!
//! [`MetricsRegistry`] has them all, and [`text`](MetricsRegistry::text) says them as the JavaScript exporter for Prometheus does:
//! dots become `_`, counters end in `_total`, no unit is in a name. [`read`](MetricsRegistry::read) gives them to who sends them on. This
//! crate knows no HTTP: who serves that text is above it.

mod cardinality;
mod instrument;
mod keyed;
mod log_records;
mod observable;
mod points;
mod registry;
mod service;
mod text;

pub use indexmap::Equivalent;
pub use instrument::{
    BoundCounter, BoundHistogram, Builder, Counter, Gauge, Histogram, Instrument, Number, UpDownCounter,
};
pub use keyed::KeyedHistogram;
pub use log_records::LogRecords;
pub use observable::{Observable, Observation};
pub use opentelemetry::{Array, Key, KeyValue, StringValue, Value};
pub use opentelemetry_sdk::metrics::data::ResourceMetrics;
pub use registry::{Described, MetricsRegistry, TemporalityPreference};
pub use service::{Meter, Metrics, MetricsSettings};
pub use text::CONTENT_TYPE;

/// How many series an instrument has at most; one more takes what is recorded beyond them.
pub const MOST_SERIES: usize = 2_000;

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
