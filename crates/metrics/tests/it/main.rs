//! The service, its text, and what protects both.

mod cardinality;
mod javascript;
mod keyed;
mod log_records;
mod service;
mod text;

use greenroom_logging::{CaptureSink, RootLogger};
use greenroom_metrics::{Meter, Metrics, MetricsRegistry};

/// A registry whose lines are seen.
fn registry() -> (MetricsRegistry, CaptureSink) {
    let lines = CaptureSink::new();
    let logger = RootLogger::builder().sink(lines.clone()).build();
    (MetricsRegistry::new(&logger), lines)
}

/// Instruments of a plugin, told of by the same lines.
fn plugin(registry: &MetricsRegistry, lines: &CaptureSink, id: &str) -> Metrics {
    let logger = RootLogger::builder().sink(lines.clone()).build();
    registry.metrics(&Meter::of_plugin(id), (*logger).clone())
}

/// The lines of a metric, by its name in Prometheus.
fn of<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    text.lines().filter(|line| line.starts_with(name)).collect()
}
