//! Where spans wait for whoever sends them.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::data::SpanData;

/// A bounded queue. Nobody waits for room in it.
pub(crate) struct Queue {
    waiting: Mutex<VecDeque<Box<SpanData>>>,
    capacity: usize,
    /// From so many on they are taken at once.
    batch: usize,
    is_full_enough: Notify,
    taken: AtomicU64,
    dropped: AtomicU64,
}

/// What has become of spans so far. Each that was recorded is in one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanCounts {
    /// How many wait.
    pub waiting: u64,
    /// How many may.
    pub capacity: u64,
    /// How many were taken, to be sent.
    pub taken: u64,
    /// How many found no room.
    pub dropped: u64,
}

impl Queue {
    pub(crate) fn new(capacity: usize, batch: usize) -> Self {
        let capacity = capacity.max(1);
        let (waiting, is_full_enough, taken, dropped) = Default::default();
        Self { waiting, capacity, batch: batch.clamp(1, capacity), is_full_enough, taken, dropped }
    }

    pub(crate) fn push(&self, span: Box<SpanData>) {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= self.capacity {
            drop(waiting);
            self.dropped.fetch_add(1, Relaxed);
            return;
        }
        waiting.push_back(span);
        let is_full_enough = waiting.len() >= self.batch;
        drop(waiting);
        if is_full_enough {
            self.is_full_enough.notify_one();
        }
    }

    pub(crate) fn counts(&self) -> SpanCounts {
        SpanCounts {
            waiting: self.waiting.lock().len() as u64,
            capacity: self.capacity as u64,
            taken: self.taken.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
        }
    }
}

/// The spans that wait, for the one who sends them.
pub struct Spans(pub(crate) Arc<Queue>);

impl Spans {
    /// Up to a batch of them: as soon as there are so many, or those that are there after `at_most`, if only a few.
    ///
    /// What is returned is out of the queue; a call that is given up has taken nothing.
    pub async fn next(&self, at_most: Duration) -> Vec<SpanData> {
        if self.0.waiting.lock().len() < self.0.batch {
            // One that was notified for before is here at once, and finds too few perhaps: no harm.
            let _ = tokio::time::timeout(at_most, self.0.is_full_enough.notified()).await;
        }
        self.take()
    }

    /// Up to a batch of those that are there.
    pub fn take(&self) -> Vec<SpanData> {
        let mut waiting = self.0.waiting.lock();
        let count = waiting.len().min(self.0.batch);
        let taken: Vec<_> = waiting.drain(..count).collect();
        drop(waiting);
        self.0.taken.fetch_add(taken.len() as u64, Relaxed);
        taken.into_iter().map(|span| *span).collect()
    }

    /// What has become of spans so far.
    pub fn counts(&self) -> SpanCounts {
        self.0.counts()
    }
}
