//! Batches that wait for the one that writes, kept together.
//!
//! What a transaction and its commit cost is most of what keeping a few events costs. So a batch waits a moment, and is written with those
//! that have come meanwhile, as if one browser had sent them all at once. Each is still kept whole or not at all.

use std::{mem, time::Duration};

use greenroom::prelude::*;
use parking_lot::Mutex;
use tokio::{sync::oneshot, time::sleep};

use crate::{Store, batch::Batch};

/// How long is waited for others. No browser waits for the answer: it has sent what it had measured.
const GATHER: Duration = Duration::from_millis(10);
/// How many batches go in one transaction.
const BATCHES: usize = 32;
/// How many events do, about: those who read and those who sweep wait for it.
const EVENTS: usize = 1_000;

/// What has become of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many events and views have told something new, of this batch and of those that were kept with it. What was known already
    /// changes nothing.
    pub new: u64,
}

type Answer = Result<Kept, Error>;

/// Who waits.
#[derive(Debug, Default)]
pub(crate) struct Writer(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    is_writing: bool,
}

#[derive(Debug)]
struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Answer>,
}

impl Store {
    /// Keeps a batch, which is committed when this returns. Who does not wait for it may have it kept all the same.
    ///
    /// # Errors
    /// If nothing of it is known to be kept: it may be sent again.
    pub async fn keep(&self, batch: Batch) -> Result<Kept, Error> {
        if batch.is_empty() {
            return Ok(Kept { new: 0 });
        }
        let (answer, told) = oneshot::channel();
        if self.writer().add(Waiting { batch, answer }) {
            let turn = Turn { store: self.clone(), is_over: false };
            drop(spawn("keep browser events", turn.write_all()));
        }
        let stopped =
            || Error::service_unavailable("browser events are not kept any more: the backend stops");
        told.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Writer {
    /// Whether nobody writes yet.
    fn add(&self, waiting: Waiting) -> bool {
        let mut queue = self.0.lock();
        queue.waiting.push(waiting);
        !mem::replace(&mut queue.is_writing, true)
    }

    /// The next ones that somebody still waits for; none ends the turn.
    fn next(&self) -> Vec<Waiting> {
        let mut queue = self.0.lock();
        queue.waiting.retain(|waiting| !waiting.answer.is_closed());
        let (mut events, mut batches) = (0, 0);
        for waiting in queue.waiting.iter().take(BATCHES) {
            events += waiting.batch.rows();
            if batches > 0 && events > EVENTS {
                break;
            }
            batches += 1;
        }
        queue.is_writing = batches > 0;
        queue.waiting.drain(..batches).collect()
    }
}

/// Whoever writes, as long as anybody waits.
struct Turn {
    store: Store,
    is_over: bool,
}

impl Turn {
    async fn write_all(mut self) {
        loop {
            sleep(GATHER).await;
            let group = self.store.writer().next();
            if group.is_empty() {
                self.is_over = true;
                return;
            }
            self.write(group).await;
        }
    }

    async fn write(&self, group: Vec<Waiting>) {
        let mut all = group.iter().map(|waiting| waiting.batch.clone());
        let Some(mut joined) = all.next() else { return };
        all.for_each(|batch| joined.join(batch));
        let kept = self.store.keep_at_once(joined).await;
        // One that cannot be kept at all must not keep others from it; where the database is away, all have had their time.
        let is_by_one = group.len() > 1 && kept.as_ref().is_err_and(|error| error.status() != 503);
        for Waiting { batch, answer } in group {
            let kept = match is_by_one {
                true => self.store.keep_at_once(batch).await,
                false => kept.clone(),
            };
            // Who has asked may have left.
            let _ = answer.send(kept);
        }
    }
}

impl Drop for Turn {
    /// If it is ended before it is over, nobody waits for it any more, and the next batch begins another one.
    fn drop(&mut self) {
        if !self.is_over {
            *self.store.writer().0.lock() = Queue::default();
        }
    }
}
