//! Who has too many series: told once for each instrument, with the attribute that makes them.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_logging::{Logger, warn};
use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use parking_lot::Mutex;

use crate::points::{Point, Points};

/// What the SDK says of the series that takes what is recorded beyond the limit.
const OVERFLOW: &str = "otel.metric.overflow";

/// Tells of instruments that have reached their limit.
pub(crate) struct Overflows {
    logger: Logger,
    told: Mutex<BTreeSet<(String, String)>>,
}

impl Overflows {
    pub(crate) fn new(logger: Logger) -> Self {
        Self { logger, told: Mutex::default() }
    }

    /// Looks at what was read. Only an instrument that has the one more series costs anything here.
    pub(crate) fn look(&self, metrics: &ResourceMetrics) {
        for of in metrics.scope_metrics() {
            let meter = of.scope().name();
            for metric in of.metrics() {
                let Some(points) = Points::of(metric) else { continue };
                let overflows = points.all.iter().any(|of| of.attributes.iter().any(is_overflow));
                if !overflows || !self.told.lock().insert((meter.to_owned(), metric.name().to_owned())) {
                    continue;
                }
                let metric = metric.name();
                let (attribute, values) = culprit(&points.all);
                warn!(
                    self.logger,
                    metric,
                    meter,
                    attribute,
                    values,
                    "This metric has too many series: more of them are one, `{OVERFLOW}`; its attribute {attribute} has the most values"
                );
            }
        }
    }
}

fn is_overflow(attribute: &&KeyValue) -> bool {
    attribute.key.as_str() == OVERFLOW
}

/// The attribute that has the most different values.
fn culprit<'a>(series: &[Point<'a>]) -> (&'a str, usize) {
    let mut values = BTreeMap::<&str, BTreeSet<String>>::new();
    for one in series.iter().flat_map(|of| &of.attributes).filter(|one| !is_overflow(one)) {
        values.entry(one.key.as_str()).or_default().insert(one.value.to_string());
    }
    let most = values.into_iter().max_by_key(|(_, values)| values.len());
    most.map_or(("", 0), |(key, values)| (key, values.len()))
}
