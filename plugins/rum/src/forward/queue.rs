//! What waits to leave: so many bytes and no more. When there is more, the oldest makes room: its browser sends it again.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use greenroom::{http_client::Call, prelude::*};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{Outcome, Throttle};
use crate::counts::Counts;

/// How many bytes of bodies may wait.
const MOST: usize = 32 << 20;
/// How many requests are under way at a time.
const AT_ONCE: usize = 16;
/// How long one may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer of the intake may be.
pub(crate) const MOST_ANSWER: usize = 64 << 10;

/// Sends requests in order, several at a time.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// A permit for each that waits.
    jobs: Semaphore,
    counts: Arc<Counts>,
    logger: Logger,
    most: usize,
    dropped: Throttle,
    failed: Throttle,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    bytes: usize,
}

struct Job {
    call: Call,
    answer: oneshot::Sender<Outcome>,
    /// In the memory that there is for bodies, for as long as this one is here.
    room: Option<OwnedSemaphorePermit>,
}

impl Job {
    fn bytes(&self) -> usize {
        self.call.request().body().len()
    }
}

impl Queue {
    /// Sends by this client, until the backend's tasks end.
    pub(crate) fn start(client: &HttpClient, counts: Arc<Counts>, logger: Logger) -> Arc<Self> {
        Self::start_with(client, counts, logger, MOST)
    }

    fn start_with(client: &HttpClient, counts: Arc<Counts>, logger: Logger, most: usize) -> Arc<Self> {
        let (waiting, dropped, failed) = Default::default();
        let queue =
            Arc::new(Self { waiting, jobs: Semaphore::new(0), counts, logger, most, dropped, failed });
        for _ in 0..AT_ONCE {
            let (queue, client) = (queue.clone(), client.clone());
            drop(spawn("forward browser events", async move {
                loop {
                    queue.send_one(&client).await;
                }
            }));
        }
        queue
    }

    /// Gives what comes of it, for who waits for that; it is sent in any case.
    pub(crate) fn send(
        &self,
        call: Call,
        room: Option<OwnedSemaphorePermit>,
    ) -> impl Future<Output = Outcome> + use<> {
        let (answer, answered) = oneshot::channel();
        self.push(Job { call, answer, room });
        answered.map(|outcome| outcome.unwrap_or_else(|_| dropped()))
    }

    fn push(&self, job: Job) {
        let mut gone = vec![];
        let mut waiting = self.waiting.lock();
        waiting.bytes += job.bytes();
        waiting.jobs.push_back(job);
        while waiting.bytes > self.most
            && let Some(oldest) = waiting.jobs.pop_front()
        {
            waiting.bytes -= oldest.bytes();
            gone.push(oldest);
        }
        drop(waiting);
        self.jobs.add_permits(1);
        for _ in gone {
            self.counts.answered(&dropped());
            if let Some(count) = self.dropped.count(Instant::now()) {
                warn!(
                    self.logger,
                    count, "Browser events are dropped: they come faster than Datadog's intake takes them"
                );
            }
        }
    }

    async fn send_one(&self, client: &HttpClient) {
        let Ok(permit) = self.jobs.acquire().await else { return };
        permit.forget();
        // There are more permits than jobs where some were dropped.
        let Some(Job { call, answer, room }) = self.pop() else { return };
        let outcome = match client.send(call).await {
            Ok(answer) => Outcome::Answered(answer.status()),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        drop(room);
        self.counts.answered(&outcome);
        let why = match &outcome {
            Outcome::Answered(status) if status.is_success() => None,
            Outcome::Answered(status) => Some(format!("it answered {}", status.as_u16())),
            Outcome::Failed(why) => Some(why.clone()),
        };
        if let Some(why) = why
            && let Some(count) = self.failed.count(Instant::now())
        {
            warn!(self.logger, count, "Browser events did not get to Datadog's intake: {why}");
        }
        // The browser may have left.
        let _ = answer.send(outcome);
    }

    fn pop(&self) -> Option<Job> {
        let mut waiting = self.waiting.lock();
        let job = waiting.jobs.pop_front()?;
        waiting.bytes -= job.bytes();
        Some(job)
    }
}

fn dropped() -> Outcome {
    Outcome::Failed("too much is waiting to be sent".to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use greenroom::{
        http_client::{BoxFuture, CallError, HttpClientService},
        logging::{CaptureSink, RootLogger},
    };
    use http::{Response, StatusCode};

    use super::*;

    /// Lets one through for each permit, and says what it saw.
    #[derive(Clone)]
    struct Gate {
        open: Arc<Semaphore>,
        seen: Arc<Mutex<Vec<usize>>>,
    }

    impl HttpClientService for Gate {
        fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, CallError>> {
            Box::pin(async move {
                self.seen.lock().push(call.request().body().len());
                self.open.acquire().await.unwrap().forget();
                let mut answer = Response::default();
                *answer.status_mut() = StatusCode::ACCEPTED;
                Ok(answer)
            })
        }
    }

    fn of(bytes: usize) -> Call {
        Call::post("https://intake.example/api/v2/rum?x", vec![b'x'; bytes]).unwrap()
    }

    #[tokio::test]
    async fn rum_23_the_oldest_makes_room_and_is_told() {
        let lines = CaptureSink::new();
        let logger = RootLogger::builder().sink(lines.clone()).build();
        let gate = Gate { open: Arc::new(Semaphore::new(0)), seen: Arc::default() };
        let queue = Queue::start_with(
            &HttpClient::new(gate.clone()),
            Arc::new(Counts::begin()),
            logger.plugin("rum"),
            100,
        );
        // As many as are under way at a time, then those that wait.
        (0..AT_ONCE).for_each(|_| drop(queue.send(of(1), None)));
        while gate.seen.lock().len() < AT_ONCE {
            tokio::task::yield_now().await;
        }
        let (first, second, third) =
            (queue.send(of(60), None), queue.send(of(40), None), queue.send(of(50), None));
        assert!(matches!(first.await, Outcome::Failed(_)), "60 bytes make room");
        gate.open.add_permits(AT_ONCE + 2);
        assert_eq!(second.await, Outcome::Answered(StatusCode::ACCEPTED));
        assert_eq!(third.await, Outcome::Answered(StatusCode::ACCEPTED));
        assert_eq!(gate.seen.lock()[AT_ONCE..], [40, 50]);
        let told: Vec<_> = lines.json().iter().map(|line| line["count"].clone()).collect();
        assert_eq!(told, [1]);
    }
}
