//! The series of answered requests. One is looked up by the plugin, the route and the status, all of which there are few: its
//! attributes are put together once.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use arc_swap::ArcSwap;
use greenroom_metrics::{BoundHistogram, Histogram, KeyValue, MOST_SERIES};
use indexmap::{Equivalent, IndexMap};

/// All of them.
pub(crate) struct AllSeries {
    scheme: &'static str,
    duration: Histogram,
    received: Histogram,
    sent: Histogram,
    known: ArcSwap<Table>,
    /// What is recorded once there are too many.
    overflow: OnceLock<Arc<Series>>,
}

type Table = IndexMap<Key<Arc<str>>, Arc<Series>, foldhash::fast::RandomState>;

/// What makes a series. Its texts are owned in the table, and borrowed of the exchange that is looked up there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key<T> {
    pub(crate) plugin: Option<T>,
    pub(crate) route: Option<T>,
    /// The method's place in the list of methods.
    pub(crate) method: usize,
    /// 0: there was no answer.
    pub(crate) status: u16,
    /// Empty, unless there is more to say than the status.
    pub(crate) error: &'static str,
}

/// Histograms with their attributes. Those that are not always recorded come with their first value.
struct Series {
    attributes: Vec<KeyValue>,
    duration: BoundHistogram,
    sent: BoundHistogram,
    received: OnceLock<BoundHistogram>,
}

impl AllSeries {
    pub(crate) fn new(
        scheme: &'static str,
        duration: Histogram,
        received: Histogram,
        sent: Histogram,
    ) -> Self {
        let (known, overflow) = Default::default();
        Self { scheme, duration, received, sent, known, overflow }
    }

    /// One request is over; of its bodies so many bytes have passed.
    pub(crate) fn record(&self, key: &Key<&str>, took: Duration, received: u64, sent: u64) {
        let record = |series: &Series| {
            series.duration.record(took.as_secs_f64());
            series.sent.record(sent);
            if received > 0 {
                series.received.get_or_init(|| self.received.bind(&series.attributes)).record(received);
            }
        };
        match self.known.load().get(key) {
            Some(series) => record(series),
            None => record(&self.add(key)),
        }
    }

    #[cold]
    fn add(&self, key: &Key<&str>) -> Arc<Series> {
        let made = OnceLock::new();
        let mut series = None;
        self.known.rcu(|table| {
            // Somebody else may have been here first.
            series = table.get(key).cloned();
            if series.is_some() || table.len() >= MOST_SERIES {
                return table.clone();
            }
            let new: &Arc<Series> = made.get_or_init(|| Arc::new(self.bind(self.attributes(key))));
            series = Some(new.clone());
            let mut table = Table::clone(table);
            table.insert(key.owned(), new.clone());
            Arc::new(table)
        });
        let overflow = || Arc::new(self.bind(vec![KeyValue::new("otel.metric.overflow", true)]));
        series.unwrap_or_else(|| self.overflow.get_or_init(overflow).clone())
    }

    fn bind(&self, attributes: Vec<KeyValue>) -> Series {
        let (duration, sent) = (self.duration.bind(&attributes), self.sent.bind(&attributes));
        Series { attributes, duration, sent, received: OnceLock::new() }
    }

    fn attributes(&self, key: &Key<&str>) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new("http.request.method", super::name(key.method)),
            KeyValue::new("url.scheme", self.scheme),
        ];
        let mut text = |name, value: Option<&str>| {
            attributes.extend(value.map(|value| KeyValue::new(name, value.to_owned())));
        };
        let status = Some(key.status).filter(|status| *status > 0);
        let failed = status.filter(|status| *status >= 500).map(|status| status.to_string());
        text("http.route", key.route);
        text("backstage.plugin.id", key.plugin);
        text("error.type", Some(key.error).filter(|error| !error.is_empty()).or(failed.as_deref()));
        attributes.extend(status.map(|status| KeyValue::new("http.response.status_code", i64::from(status))));
        attributes
    }
}

impl Key<&str> {
    fn owned(&self) -> Key<Arc<str>> {
        let (plugin, route) = (self.plugin.map(Into::into), self.route.map(Into::into));
        Key { plugin, route, method: self.method, status: self.status, error: self.error }
    }
}

impl Key<Arc<str>> {
    fn borrowed(&self) -> Key<&str> {
        let (plugin, route) = (self.plugin.as_deref(), self.route.as_deref());
        Key { plugin, route, method: self.method, status: self.status, error: self.error }
    }
}

/// The hashes are the same, too: an owned text has that of a borrowed one.
impl Equivalent<Key<Arc<str>>> for Key<&str> {
    fn equivalent(&self, key: &Key<Arc<str>>) -> bool {
        *self == key.borrowed()
    }
}
