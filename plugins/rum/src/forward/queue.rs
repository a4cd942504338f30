//! What waits to leave: so many bytes and no more. Beyond that nothing is taken, because a browser keeps what it was refused.
//!
//! Where a browser waits for the answer, it is sent first and in time, or not at all: the browser is told to send it again. Where
//! it has its answer already, it is sent whenever that can be.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant as Clock},
};

use greenroom::{
    http_client::{Call, Fault},
    prelude::*,
};
use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, oneshot},
    time::{Instant, timeout_at},
};

use super::{
    Outcome, Room, Throttle,
    breaker::{Breaker, Pass},
};
use crate::counts::Counts;

/// How many bytes may wait whose browsers have their answer.
const MOST: usize = 32 << 20;
/// What a request takes besides its body.
const HEAD: usize = 4 << 10;
/// How many requests are under way at a time: as many as the client has calls to one host.
const AT_ONCE: usize = 64;
/// How long one may take, in the queue and on its way.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer of the intake may be.
pub(crate) const MOST_ANSWER: usize = 64 << 10;

/// Sends requests in order, several at a time.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// A permit for each that waits.
    jobs: Semaphore,
    breaker: Breaker,
    counts: Arc<Counts>,
    logger: Logger,
    most: usize,
    failed: Throttle,
}

/// Why a request is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotQueued {
    /// Datadog does not answer, and somebody else finds out when it does.
    Silent,
    /// Too much waits.
    Full,
}

#[derive(Default)]
struct Waiting {
    /// Browsers wait for what comes of these: not many, as the intake has them wait.
    asked: VecDeque<Job>,
    told: VecDeque<Job>,
    /// Of what nobody waits for.
    bytes: usize,
}

struct Job {
    call: Call,
    asked: Option<Asked>,
    /// What its body takes of the memory, for as long as it is here.
    room: Option<Room>,
    pass: Pass,
}

/// Who waits, and until when.
struct Asked {
    answer: oneshot::Sender<Outcome>,
    until: Instant,
}

impl Asked {
    /// How long it may take: none where nobody waits any more.
    fn left(&self) -> Duration {
        if self.answer.is_closed() { Duration::ZERO } else { self.until.duration_since(Instant::now()) }
    }
}

impl Job {
    fn bytes(&self) -> usize {
        self.call.request().body().len() + HEAD
    }
}

impl Waiting {
    /// What goes next; while Datadog does not answer, only what finds out whether it does.
    fn pop(&mut self, is_silent: bool) -> Option<Job> {
        if let Some(job) = self.asked.pop_front() {
            return Some(job);
        }
        let job = if is_silent { None } else { self.told.pop_front() }?;
        self.bytes -= job.bytes();
        Some(job)
    }
}

impl Queue {
    /// Sends by this client, until the backend's tasks end.
    pub(crate) fn start(client: &HttpClient, counts: Arc<Counts>, logger: Logger) -> Arc<Self> {
        Self::start_with(client, counts, logger, MOST)
    }

    fn start_with(client: &HttpClient, counts: Arc<Counts>, logger: Logger, most: usize) -> Arc<Self> {
        let (waiting, breaker, failed) = Default::default();
        let queue =
            Arc::new(Self { waiting, jobs: Semaphore::new(0), breaker, counts, logger, most, failed });
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

    /// Whether there is no use in looking at a request.
    pub(crate) fn is_shut(&self) -> bool {
        self.breaker.is_shut()
    }

    /// Gives what comes of it, until then and no later. What is not under way by then, or when nobody waits any more, is not sent.
    pub(crate) fn ask(
        &self,
        call: Call,
        room: Option<Room>,
        until: Instant,
    ) -> Result<impl Future<Output = Outcome> + use<>, NotQueued> {
        let pass = self.breaker.pass().ok_or(NotQueued::Silent)?;
        let (answer, answered) = oneshot::channel();
        self.push(Job { call, asked: Some(Asked { answer, until }), room, pass })?;
        Ok(async move {
            match timeout_at(until, answered).await {
                Ok(Ok(outcome)) => outcome,
                // It is left out because it is late, or because all ends.
                Ok(Err(_)) | Err(_) => late(),
            }
        })
    }

    /// Sends it when that can be.
    pub(crate) fn tell(&self, call: Call, room: Option<Room>) -> Result<(), NotQueued> {
        // Who waits finds out, because nothing is lost by that.
        let pass = self.breaker.pass().filter(|pass| !pass.is_probe()).ok_or(NotQueued::Silent)?;
        self.push(Job { call, asked: None, room, pass })
    }

    fn push(&self, job: Job) -> Result<(), NotQueued> {
        let mut waiting = self.waiting.lock();
        if job.asked.is_some() {
            waiting.asked.push_back(job);
        } else if waiting.bytes + job.bytes() > self.most {
            return Err(NotQueued::Full);
        } else {
            waiting.bytes += job.bytes();
            waiting.told.push_back(job);
        }
        drop(waiting);
        self.jobs.add_permits(1);
        Ok(())
    }

    async fn send_one(&self, client: &HttpClient) {
        let Ok(permit) = self.jobs.acquire().await else { return };
        permit.forget();
        // There are more permits than jobs where some wait for Datadog to answer.
        let job = self.waiting.lock().pop(self.breaker.is_open());
        let Some(Job { call, asked, room, pass }) = job else { return };
        let left = asked.as_ref().map_or(PATIENCE, Asked::left);
        if left.is_zero() {
            self.failed(&late());
            return;
        }
        let outcome = match client.send(call.deadline(left)).await {
            Ok(answer) => {
                self.has_answered();
                Outcome::Answered(answer.status())
            }
            Err(error) => {
                // Of what had little time left, the queue has taken it.
                if matches!(error.fault(), Fault::Deadline { .. }) && left >= PATIENCE / 2 {
                    self.is_silent();
                }
                Outcome::Failed(error.to_string())
            }
        };
        drop((room, pass));
        match &outcome {
            Outcome::Answered(status) if status.is_success() => self.counts.answered(&outcome),
            outcome => self.failed(outcome),
        }
        if let Some(asked) = asked {
            // The browser may have its answer already.
            let _ = asked.answer.send(outcome);
        }
    }

    fn failed(&self, outcome: &Outcome) {
        self.counts.answered(outcome);
        if let Some(count) = self.failed.count(Clock::now()) {
            let why = match outcome {
                Outcome::Answered(status) => format!("it answered {}", status.as_u16()),
                Outcome::Failed(why) => why.clone(),
            };
            warn!(self.logger, count, "Browser events did not get to Datadog's intake: {why}");
        }
    }

    fn has_answered(&self) {
        if self.breaker.answered() {
            self.logger.info("Datadog's intake answers again: browser events are forwarded");
            // For those that nobody was there to send meanwhile.
            let waiting = self.waiting.lock().told.len();
            self.jobs.add_permits(waiting);
        }
    }

    fn is_silent(&self) {
        if !self.breaker.silent() {
            return;
        }
        self.logger.warn(
            "Datadog's intake does not answer: until it does, one request at a time asks it, and all others are told at once to come again",
        );
        let asked = std::mem::take(&mut self.waiting.lock().asked);
        for asked in asked.into_iter().filter_map(|job| job.asked) {
            let _ = asked.answer.send(Outcome::Failed("it does not answer".to_owned()));
        }
    }
}

fn late() -> Outcome {
    Outcome::Failed("too much was waiting to be sent in time".to_owned())
}

#[cfg(test)]
mod tests;
