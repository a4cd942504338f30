//! Who looks at bodies: a few threads at a time, for which a request waits no longer than it is told.

use std::{sync::Arc, time::Duration};

use greenroom::context::spawn_thread;
use tokio::sync::{Semaphore, oneshot};

/// How many at a time, each of which may take 8 MiB more once a body is inflated.
const TURNS: usize = 4;
/// How long a request waits for its turn and what comes of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives turns.
#[derive(Debug)]
pub(super) struct Looks(Arc<Semaphore>);

/// Why there is nothing to tell of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotLooked {
    /// Others took too long, or this one did.
    Busy,
    /// It panicked, which is told where it did.
    Failed,
}

impl Default for Looks {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TURNS)))
    }
}

impl Looks {
    /// Looks. One that takes too long keeps its turn until it ends.
    pub(super) async fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, NotLooked> {
        tokio::time::timeout(PATIENCE, self.looked(look)).await.unwrap_or(Err(NotLooked::Busy))
    }

    async fn looked<R: Send + 'static>(
        &self,
        look: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, NotLooked> {
        let turn = self.0.clone().acquire_owned().await.map_err(|_| NotLooked::Busy)?;
        let (tell, told) = oneshot::channel();
        // No task of the backend: a stop does not wait for a look whose client has its answer.
        let started = spawn_thread("look at browser events", move || {
            let _turn = turn;
            // The client may have its answer already.
            let _ = tell.send(look());
        });
        started.map_err(|_| NotLooked::Busy)?;
        told.await.map_err(|_| NotLooked::Failed)
    }
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
                for _ in 0..TURNS {
                    let (tell, told) = mpsc::channel::<()>();
                    release.push(tell);
                    held.push(looks.look(move || told.recv()));
                }
                for answer in futures_util::future::join_all(held).await {
                    assert_eq!(answer, Err(NotLooked::Busy));
                }
                assert_eq!(looks.look(|| 1).await, Err(NotLooked::Busy), "there is no turn");
                assert_eq!(tasks.stop(HOUR).await, [""; 0], "and a stop does not wait for them");

                drop(release);
                let turns = looks.0.acquire_many(TURNS as u32).await.unwrap();
                drop(turns);
                tokio::time::resume();
                assert_eq!(looks.look(|| 1).await, Ok(1));
            })
            .await;
    }
}
