//! A histogram whose series are found by a key: the attributes of each are put together once, and a record costs a look at a table that
//! is read without a lock.

use std::{
    fmt,
    hash::Hash,
    sync::{Arc, OnceLock},
};

use arc_swap::ArcSwap;
use indexmap::{Equivalent, IndexMap};
use opentelemetry::KeyValue;

use crate::{
    MOST_SERIES,
    instrument::{BoundHistogram, Histogram, Number},
};

/// A histogram that is recorded very often, with attributes of which there are few. Keys that are borrowed find those that are kept.
///
/// ```
/// use greenroom_logging::Logger;
/// use greenroom_metrics::{KeyValue, KeyedHistogram, MetricsRegistry};
///
/// let registry = MetricsRegistry::new(&Logger::noop());
/// let took = KeyedHistogram::<String>::new(registry.own().histogram("jobs.duration").unit("s").buckets([1.0]).build());
/// let kind = "nightly";
/// took.record(kind, 0.5, || (kind.to_owned(), vec![KeyValue::new("kind", kind)]));
/// assert!(registry.text().contains(r#"jobs_duration_count{kind="nightly",otel_scope_name="greenroom"} 1"#));
/// ```
pub struct KeyedHistogram<K> {
    histogram: Histogram,
    known: ArcSwap<Table<K>>,
    /// What is recorded once there are too many.
    overflow: OnceLock<BoundHistogram>,
}

type Table<K> = IndexMap<K, BoundHistogram, foldhash::fast::RandomState>;

impl<K> fmt::Debug for KeyedHistogram<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHistogram")
    }
}

impl<K: Clone + Eq + Hash> KeyedHistogram<K> {
    /// The series of this one.
    pub fn new(histogram: Histogram) -> Self {
        Self { histogram, known: ArcSwap::default(), overflow: OnceLock::new() }
    }

    /// Records a value. A key that is new is made into one that stays, with its attributes; beyond 2,000 of them there is one series for
    /// the rest.
    pub fn record<Q>(&self, key: &Q, value: impl Number, make: impl FnOnce() -> (K, Vec<KeyValue>))
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        let known = self.known.load();
        match known.get(key) {
            Some(series) => series.record(value),
            None if known.len() >= MOST_SERIES => self.rest().record(value),
            None => {
                let (key, attributes) = make();
                self.add(&key, &attributes).record(value);
            }
        }
    }

    #[cold]
    fn add(&self, key: &K, attributes: &[KeyValue]) -> BoundHistogram {
        let mut series = None;
        self.known.rcu(|table| {
            // Somebody else may have been here first, here and in the next round.
            if let Some(known) = table.get(key) {
                series = Some(known.clone());
                return table.clone();
            }
            if table.len() >= MOST_SERIES {
                series = None;
                return table.clone();
            }
            // To bind the same attributes again is to get the same series.
            let new = self.histogram.bind(attributes);
            series = Some(new.clone());
            let mut table = Table::clone(table);
            table.insert(key.clone(), new);
            Arc::new(table)
        });
        series.unwrap_or_else(|| self.rest().clone())
    }

    fn rest(&self) -> &BoundHistogram {
        self.overflow.get_or_init(|| self.histogram.bind(&[KeyValue::new("otel.metric.overflow", true)]))
    }
}
