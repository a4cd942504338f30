//! How often a child was started, and why each ended, as metrics.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use greenroom_metrics::{KeyValue, MetricsRegistry};
use parking_lot::Mutex;

use super::Cause;

/// Of all children so far.
#[derive(Clone, Default)]
pub(super) struct Counts(Arc<Inner>);

#[derive(Default)]
struct Inner {
    starts: AtomicU64,
    exits: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counts {
    pub(super) fn started(&self) {
        self.0.starts.fetch_add(1, Relaxed);
    }

    pub(super) fn ended(&self, cause: Cause) {
        *self.0.exits.lock().entry(cause.as_str()).or_default() += 1;
    }

    pub(super) fn told_by(&self, registry: &MetricsRegistry) {
        let (starts, exits) = (self.0.clone(), self.0.clone());
        registry
            .own()
            .observable_counter("greenroom.child.starts")
            .unit("{start}")
            .description("How many times the Node backend's process was started.")
            .observe(move |now| now.observe(starts.starts.load(Relaxed), &[]));
        registry
            .own()
            .observable_counter("greenroom.child.exits")
            .unit("{exit}")
            .description("How many times the Node backend's process has ended, by cause.")
            .observe(move |now| {
                for (cause, count) in &*exits.exits.lock() {
                    now.observe(*count, &[KeyValue::new("cause", *cause)]);
                }
            });
    }
}
