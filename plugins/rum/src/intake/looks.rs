//! Who looks at bodies: a few threads at a time, for which a request waits no longer than it is told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::sync::oneshot;

use super::threads::Threads;
use crate::bounds::{Client, Turn, Turns};

/// How many at a time, each of which may take 6 MiB more once a body is inflated and written anew.
const TURNS: usize = 4;
/// How many of one client: as many processors it keeps busy, and what an SDK sends takes a millisecond.
const TURNS_OF_ONE: usize = 1;
/// How long a request waits for its turn and what comes of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives turns.
#[derive(Debug)]
pub(super) struct Looks {
    turns: Arc<Turns>,
    threads: Threads,
}

/// Why there is nothing to tell of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotLooked {
    /// Others took too long, or this one did.
    Busy,
    /// It panicked, which is told where it did.
    Failed,
}

/// Whether somebody still waits for what a look finds.
#[derive(Clone, Debug)]
pub(super) struct Wanted(Arc<AtomicBool>);

impl Wanted {
    pub(super) fn is_so(&self) -> bool {
        self.0.load(SeqCst)
    }
}

/// Who waits.
struct Waits(Wanted);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.0.store(false, SeqCst);
    }
}

impl Default for Looks {
    fn default() -> Self {
        Self { turns: Turns::new(TURNS, TURNS_OF_ONE), threads: Threads::default() }
    }
}

impl Looks {
    /// Looks. One that takes too long keeps its turn until it ends, which it should do soon once it is not wanted any more.
    pub(super) async fn look<R: Send + 'static>(
        &self,
        client: Client,
        look: impl FnOnce(&Wanted) -> R + Send + 'static,
    ) -> Result<R, NotLooked> {
        let looked = async { looked(&self.threads, self.turns.take(client).await, look).await };
        tokio::time::timeout(PATIENCE, looked).await.unwrap_or(Err(NotLooked::Busy))
    }
}

async fn looked<R: Send + 'static>(
    threads: &Threads,
    turn: Turn,
    look: impl FnOnce(&Wanted) -> R + Send + 'static,
) -> Result<R, NotLooked> {
    let wanted = Wanted(Arc::new(true.into()));
    let _waits = Waits(wanted.clone());
    let (tell, told) = oneshot::channel();
    let started = threads.run(move || {
        let _turn = turn;
        // The client may have its answer already.
        let _ = tell.send(look(&wanted));
    });
    started.map_err(|_| NotLooked::Busy)?;
    told.await.map_err(|_| NotLooked::Failed)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use greenroom::context::{Context, Tasks};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn rum_54_a_look_that_does_not_end_holds_up_neither_its_client_nor_others_nor_a_stop() {
        let tasks = Tasks::default();
        let context = Context::current().with_tasks(tasks.clone());
        context
            .scope(async {
                let looks = Looks::default();
                let (mut release, mut held) = (vec![], vec![]);
                let (tell_wanted, was_wanted) = mpsc::channel();
                for number in 0..TURNS as u32 {
                    let ((tell, told), tell_wanted) = (mpsc::channel::<()>(), tell_wanted.clone());
                    release.push(tell);
                    held.push(looks.look(Client::numbered(number), move |wanted| {
                        let _ = told.recv();
                        tell_wanted.send(wanted.is_so()).unwrap();
                    }));
                }
                for answer in futures_util::future::join_all(held).await {
                    assert_eq!(answer, Err(NotLooked::Busy));
                }
                let last = Client::numbered(99);
                assert_eq!(looks.look(last, |_| 1).await, Err(NotLooked::Busy), "there is no turn");
                assert_eq!(tasks.stop(HOUR).await, [""; 0], "and a stop does not wait for them");

                drop(release);
                assert_eq!(was_wanted.iter().take(TURNS).collect::<Vec<_>>(), [false; TURNS], "they know it");
                tokio::time::resume();
                assert_eq!(looks.look(last, Wanted::is_so).await, Ok(true));
            })
            .await;
    }
}
