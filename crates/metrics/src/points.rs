//! What a metric has recorded, whatever its instrument: the SDK has types of their own for each.

use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, HistogramDataPoint, Metric, MetricData};

/// All that is recorded of one metric.
pub(crate) struct Points<'m> {
    pub(crate) kind: Kind,
    pub(crate) all: Vec<Point<'m>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    UpDownCounter,
    Gauge,
    Histogram,
}

/// One series.
pub(crate) struct Point<'m> {
    pub(crate) attributes: Vec<&'m KeyValue>,
    pub(crate) value: Recorded<'m>,
}

#[derive(Clone, Copy)]
pub(crate) enum Recorded<'m> {
    Number(f64),
    Histogram(&'m HistogramDataPoint<f64>),
}

impl<'m> Points<'m> {
    /// `None` for what none of our instruments makes: all are of floats, and no histogram is exponential.
    pub(crate) fn of(metric: &'m Metric) -> Option<Self> {
        let AggregatedMetrics::F64(data) = metric.data() else { return None };
        Some(match data {
            MetricData::Sum(sum) => Self {
                kind: if sum.is_monotonic() { Kind::Counter } else { Kind::UpDownCounter },
                all: sum.data_points().map(|of| number(of.attributes(), of.value())).collect(),
            },
            MetricData::Gauge(gauge) => Self {
                kind: Kind::Gauge,
                all: gauge.data_points().map(|of| number(of.attributes(), of.value())).collect(),
            },
            MetricData::Histogram(histogram) => {
                let point = |of: &'m HistogramDataPoint<f64>| Point {
                    attributes: of.attributes().collect(),
                    value: Recorded::Histogram(of),
                };
                Self { kind: Kind::Histogram, all: histogram.data_points().map(point).collect() }
            }
            MetricData::ExponentialHistogram(_) => return None,
        })
    }
}

fn number<'m>(attributes: impl Iterator<Item = &'m KeyValue>, value: f64) -> Point<'m> {
    Point { attributes: attributes.collect(), value: Recorded::Number(value) }
}
