//! Batches that wait for the one task that writes, and are kept together.
//!
//! What a transaction and its commit cost is most of what keeping a few events costs. So a batch waits a moment, and is written with those
//! that have come meanwhile, as if one browser had sent them all at once. Each is still kept whole or not at all.

use std::time::Duration;

use greenroom::{context::catch_panic, database::DatabaseError, prelude::*};
use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
    time::{Instant, sleep},
};

use crate::{Store, batch::Batch, keep::LONGEST, store::Database};

/// How long is waited for others. No browser waits for the answer: it has sent what it had measured.
const GATHER: Duration = Duration::from_millis(10);
/// How many batches go in one transaction.
const BATCHES: usize = 32;
/// How many events do, about: those who read and those who sweep wait for it.
const EVENTS: usize = 1_000;
/// Of how many views it may tell, each of which may have to be read and written anew.
const VIEWS: usize = 100;
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
        let (mut events, mut views) = (group[0].batch.rows(), group[0].batch.views());
        while group.len() < BATCHES {
            let Ok(more) = queue.try_recv() else { break };
            (events, views) = (events + more.batch.rows(), views + more.batch.views());
            if events > EVENTS || views > VIEWS {
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
    let kept = match group.len() {
        0 => return,
        1 => None,
        _ => {
            let all = together(group.iter().map(|waiting| waiting.batch.clone()).collect()).await;
            Some(kept(database, all, LONGEST).await)
        }
    };
    // One by one they have as long as all have had at once: together less than a browser is kept waiting.
    let mut time = LONGEST;
    for (left, Waiting { batch, answer }) in (1..=group.len()).rev().zip(group) {
        let told = match &kept {
            Some(Ok(kept)) => Ok(*kept),
            // All have had their time.
            Some(Err(error)) if is_of_all(error) => Err(error.clone()),
            // One that cannot be kept, takes too long, or has to wait for another replica, must not keep others from it.
            _ if answer.is_closed() => continue,
            _ => {
                let began = Instant::now();
                let told = self::kept(database, batch, share(time, left)).await;
                time = time.saturating_sub(began.elapsed());
                told
            }
        };
        // Who has asked may have left.
        let _ = answer.send(told);
    }
}

/// What these batches tell.
async fn together(batches: Vec<Batch>) -> Batch {
    let mut all = Batch::empty();
    for batch in batches {
        all.join(batch);
        // Where several tell of the same views, these are put together, which is work.
        yield_now().await;
    }
    all
}

/// How long one may take of the time that is left for so many: what it does not need the others have.
fn share(time: Duration, batches: usize) -> Duration {
    // In whole milliseconds, because a line of the log may tell it.
    Duration::from_millis(time.as_millis() as u64 / batches.max(1) as u64)
}

/// A panic is one batch's, and not the end of the task.
async fn kept(database: &Database, batch: Batch, limit: Duration) -> Result<Kept, Error> {
    let kept = catch_panic(database.keep_in_one_transaction(batch, limit)).await;
    kept.unwrap_or_else(|panic| Err(Error::new(format!("a batch could not be kept: it {panic}"))))
}

/// Whether each batch of a group would fail by this alone, too: the database is away, full, or lets nobody in. Whether another one holds
/// a row, whether the time was too short, and what a statement or a panic says, may be of one of them.
fn is_of_all(error: &Error) -> bool {
    use DatabaseError::{Locked, Statement, TimedOut};
    match DatabaseError::of(error) {
        Some(Locked { .. } | TimedOut { .. } | Statement { .. }) => false,
        Some(_) => true,
        None => error.status() == 503,
    }
}

#[cfg(test)]
mod tests {
    use greenroom::database::DatabaseSettings;

    use super::*;

    #[test]
    fn rum_90_after_a_fault_that_may_be_of_one_batch_each_is_tried_alone() {
        let settings = DatabaseSettings::from_config(&RootConfig::from_yaml("").unwrap()).unwrap();
        let database = settings.for_plugin("rum").unwrap();
        for of_one in
            [database.timed_out("8 s"), database.locked("busy"), database.statement("no such table")]
        {
            assert!(!is_of_all(&Error::from(of_one.clone())), "{of_one}");
        }
        for of_all in [database.unreachable("away"), database.refused("password"), database.full("disk")] {
            assert!(is_of_all(&Error::from(of_all.clone())), "{of_all}");
        }
        assert!(!is_of_all(&Error::new("it panicked")));
    }

    #[test]
    fn rum_90_all_that_are_tried_alone_have_the_time_of_one_group() {
        for batches in 1..=BATCHES {
            // Each takes all that it may.
            let left = (1..=batches).rev().fold(LONGEST, |left, others| left - share(left, others));
            assert_eq!(left, Duration::ZERO, "{batches}");
            assert!(share(LONGEST, batches) >= LONGEST / 32, "{batches}");
        }
    }
}
