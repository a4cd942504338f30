//! Batches that wait for the one task that writes, and are kept together.
//!
//! What a transaction and its commit cost is most of what keeping a few events costs. So a batch waits a moment, and is written with those
//! that have come meanwhile, as if one browser had sent them all at once. Each is still kept whole or not at all.

use std::time::Duration;

use greenroom::{context::catch_panic, database::DatabaseError, prelude::*};
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

use crate::{Store, batch::Batch, store::Database};

/// How long is waited for others. No browser waits for the answer: it has sent what it had measured.
const GATHER: Duration = Duration::from_millis(10);
/// How many batches go in one transaction.
const BATCHES: usize = 32;
/// How many events do, about: those who read and those who sweep wait for it.
const EVENTS: usize = 1_000;
/// How many wait besides; who comes then waits for a place.
const WAITING: usize = 64;

/// What has become of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many events and views have told something new, of this batch and of those that were kept with it. What was known already
    /// changes nothing.
    pub new: u64,
}

#[derive(Debug)]
struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Result<Kept, Error>>,
}

/// Where batches wait. What writes them ends with the last of these, and with the backend.
#[derive(Clone, Debug)]
pub(crate) struct Writer(mpsc::Sender<Waiting>);

impl Store {
    /// Keeps a batch, which is committed when this returns. If the caller stops waiting, the batch may be kept all the same.
    ///
    /// # Errors
    /// If nothing of it is known to be kept: it may be sent again.
    pub async fn keep(&self, batch: Batch) -> Result<Kept, Error> {
        if batch.is_empty() {
            return Ok(Kept { new: 0 });
        }
        let ended = || Error::service_unavailable("browser events are not kept any more: the backend stops");
        let (answer, told) = oneshot::channel();
        self.writer().0.send(Waiting { batch, answer }).await.map_err(|_| ended())?;
        told.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl Writer {
    pub(crate) fn start(database: Database) -> Self {
        let (add, queue) = mpsc::channel(WAITING);
        drop(spawn("keep browser events", write_all(database, queue)));
        Self(add)
    }
}

async fn write_all(database: Database, mut queue: mpsc::Receiver<Waiting>) {
    let mut next = None;
    loop {
        let first = match next.take() {
            Some(left) => left,
            None => match queue.recv().await {
                Some(first) => {
                    sleep(GATHER).await;
                    first
                }
                None => return,
            },
        };
        let mut group = vec![first];
        let mut events = group[0].batch.rows();
        while group.len() < BATCHES {
            let Ok(more) = queue.try_recv() else { break };
            events += more.batch.rows();
            if events > EVENTS {
                next = Some(more);
                break;
            }
            group.push(more);
        }
        write(&database, group).await;
    }
}

async fn write(database: &Database, mut group: Vec<Waiting>) {
    group.retain(|waiting| !waiting.answer.is_closed());
    let kept = match &*group {
        [] => return,
        [_] => None,
        [first, rest @ ..] => {
            let mut joined = first.batch.clone();
            rest.iter().for_each(|waiting| joined.join(waiting.batch.clone()));
            Some(kept(database, joined).await)
        }
    };
    for Waiting { batch, answer } in group {
        let told = match &kept {
            Some(Ok(kept)) => Ok(*kept),
            // Where the database is away all have had their time.
            Some(Err(error)) if is_of_all(error) => Err(error.clone()),
            // One that cannot be kept, or that has to wait for another replica, must not keep others from it.
            _ if answer.is_closed() => continue,
            _ => self::kept(database, batch).await,
        };
        // Who has asked may have left.
        let _ = answer.send(told);
    }
}

/// A panic is one batch's, and not the end of the task.
async fn kept(database: &Database, batch: Batch) -> Result<Kept, Error> {
    let kept = catch_panic(database.keep_in_one_transaction(batch)).await;
    kept.unwrap_or_else(|panic| Err(Error::new(format!("a batch could not be kept: it {panic}"))))
}

fn is_of_all(error: &Error) -> bool {
    error.status() == 503 && !matches!(DatabaseError::of(error), Some(DatabaseError::Locked { .. }))
}
