//! What waits to leave. How much that may be, the intake knows; each takes its share of the memory with it.
//!
//! Where a browser waits for the answer, it is sent first and in time, or not at all: the browser is told to send it again. Where
//! it has its answer already, it is sent once, and lost if Datadog does not take it. So a stop waits for those.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use greenroom::{
    http_client::{CALLS_AT_ONCE, Call, Fault, Stage},
    prelude::*,
};
use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, oneshot, watch},
    time::{Instant, timeout, timeout_at},
};

use super::{
    breaker::{Breaker, Pass},
    health::Fate,
};
use crate::{
    bounds::Share,
    counts::{Outcome, Received},
    refusal::Refusal,
    troubles::Troubles,
};

/// How long a browser waits for an answer, and a call for Datadog's.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(10);
/// How long an answer of the intake may be.
pub(crate) const MOST_ANSWER: usize = 64 << 10;

/// Sends requests in order, several at a time.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// A permit for each that waits.
    jobs: Semaphore,
    pub(super) breaker: Breaker,
    pub(super) fate: Fate,
    /// How many are not sent yet of those that nobody waits for.
    pub(super) left: watch::Sender<usize>,
    is_last: AtomicBool,
    logger: Logger,
    troubles: Arc<Troubles>,
}

/// What is to be sent.
pub(crate) struct Outgoing {
    pub(crate) call: Call,
    /// What it takes of the memory, for as long as it is here.
    pub(crate) share: Share,
    pub(crate) received: Received,
}

#[derive(Default)]
struct Waiting {
    /// Browsers wait for what comes of these: not many, as the intake has them wait.
    asked: VecDeque<Job>,
    told: VecDeque<Job>,
}

struct Job {
    outgoing: Outgoing,
    asked: Option<Asked>,
    /// Where nobody waits for it.
    left: Option<Left>,
    pass: Pass,
}

/// Counts as one that is not sent yet.
struct Left(watch::Sender<usize>);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.send_modify(|left| *left -= 1);
    }
}

/// Who waits, and until when.
struct Asked {
    answer: oneshot::Sender<Result<Outcome, Refusal>>,
    until: Instant,
}

impl Queue {
    /// Sends by this client, until the backend's tasks end.
    pub(crate) fn start(client: &HttpClient, logger: Logger, troubles: Arc<Troubles>) -> Arc<Self> {
        let (waiting, breaker, fate, is_last, left) = Default::default();
        let jobs = Semaphore::new(0);
        let queue = Arc::new(Self { waiting, jobs, breaker, fate, left, is_last, logger, troubles });
        // More would wait for their turn in the client.
        for _ in 0..CALLS_AT_ONCE {
            let (queue, client) = (queue.clone(), client.clone());
            drop(spawn("forward browser events", async move {
                loop {
                    queue.send_one(&client).await;
                }
            }));
        }
        queue
    }

    /// Whether Datadog does not answer, and somebody else finds out when it does.
    pub(crate) fn is_refusing(&self) -> bool {
        self.breaker.is_refusing()
    }

    /// One was refused because too much waits.
    pub(crate) fn was_full(&self) {
        self.fate.full();
    }

    /// Sends it, and gives what comes of it until then and no later. What is not under way by then, or when nobody waits any more,
    /// is not sent.
    pub(crate) fn ask(
        &self,
        outgoing: Outgoing,
        until: Instant,
    ) -> impl Future<Output = Result<Outcome, Refusal>> + use<> {
        let (answer, answered) = oneshot::channel();
        let asked = Some(Asked { answer, until });
        let queued = self.push(outgoing, asked, self.breaker.pass());
        async move {
            queued?;
            // It is left out because it is late, or because all ends.
            timeout_at(until, answered).await.ok().and_then(Result::ok).unwrap_or(Err(Refusal::Late))
        }
    }

    /// Sends it when that can be.
    pub(crate) fn tell(&self, outgoing: Outgoing) -> Result<(), Refusal> {
        // Who waits finds out, because nothing is lost by that.
        self.push(outgoing, None, self.breaker.pass().filter(|pass| !pass.is_probe()))
    }

    /// Sends what nobody waits for, whether Datadog answers or not, because it is lost otherwise. Gives how many are not known to have
    /// been sent after so long.
    pub(crate) async fn finish(&self, most: Duration) -> usize {
        self.is_last.store(true, SeqCst);
        self.wake_for_told();
        let mut left = self.left.subscribe();
        match timeout(most, left.wait_for(|left| *left == 0)).await {
            Ok(_) => 0,
            Err(_) => *self.left.borrow(),
        }
    }

    fn push(&self, outgoing: Outgoing, asked: Option<Asked>, pass: Option<Pass>) -> Result<(), Refusal> {
        let Some(pass) = pass else {
            outgoing.received.refused(Refusal::Silent);
            return Err(Refusal::Silent);
        };
        let left = asked.is_none().then(|| {
            self.left.send_modify(|left| *left += 1);
            Left(self.left.clone())
        });
        let mut waiting = self.waiting.lock();
        let line = if asked.is_some() { &mut waiting.asked } else { &mut waiting.told };
        line.push_back(Job { outgoing, asked, left, pass });
        drop(waiting);
        self.jobs.add_permits(1);
        Ok(())
    }

    /// What goes next; while Datadog does not answer, only what finds out whether it does, as long as there is time for that.
    fn next(&self) -> Option<Job> {
        let mut waiting = self.waiting.lock();
        let next = waiting.asked.pop_front();
        let stays = || self.breaker.is_tripped() && !self.is_last.load(SeqCst);
        next.or_else(|| if stays() { None } else { waiting.told.pop_front() })
    }

    async fn send_one(&self, client: &HttpClient) {
        let Ok(permit) = self.jobs.acquire().await else { return };
        permit.forget();
        // There are more permits than jobs where some wait for Datadog to answer.
        let Some(Job { outgoing, asked, left: _left, pass }) = self.next() else { return };
        let Outgoing { call, share, received } = outgoing;
        let time = asked.as_ref().map_or(ANSWER_TIME, |asked| asked.until.duration_since(Instant::now()));
        if time.is_zero() {
            received.refused(Refusal::Late);
            self.troubles.late();
            self.was_full();
            return;
        }
        if asked.as_ref().is_some_and(|asked| asked.answer.is_closed()) {
            // The browser has gone.
            return;
        }
        let outcome = match client.send(call.deadline(time)).await {
            Ok(answer) => {
                self.on_answer();
                self.fate.answered(answer.status());
                if !answer.status().is_success() {
                    self.troubles.answered(answer.status());
                }
                Outcome::Answered(answer.status())
            }
            Err(error) => {
                if is_silence(error.fault(), time) {
                    self.on_timeout();
                }
                self.troubles.failed(&error);
                self.fate.unasked(error.to_string());
                Outcome::Failed(error.to_string())
            }
        };
        drop((share, pass));
        received.became(outcome.clone());
        if let Some(asked) = asked {
            // The browser may have its answer already.
            let _ = asked.answer.send(Ok(outcome));
        }
    }

    fn on_answer(&self) {
        if self.breaker.record_answer() {
            self.logger.info("Datadog's intake answers again: browser events are forwarded");
            self.wake_for_told();
        }
    }

    /// For those that nobody was there to send meanwhile.
    fn wake_for_told(&self) {
        let waiting = self.waiting.lock().told.len();
        self.jobs.add_permits(waiting);
    }

    fn on_timeout(&self) {
        if self.breaker.record_timeout() {
            self.logger.warn(
                "Datadog's intake does not answer: until it does, one request at a time asks it, and all others are told at once to come again",
            );
            self.refuse_who_waits();
        }
    }

    fn refuse_who_waits(&self) {
        let waiting = std::mem::take(&mut self.waiting.lock().asked);
        for Job { outgoing, asked, .. } in waiting {
            outgoing.received.refused(Refusal::Silent);
            if let Some(asked) = asked {
                let _ = asked.answer.send(Err(Refusal::Silent));
            }
        }
    }
}

/// Whether a call that had so much time left says that Datadog does not answer. What had little time left, the queue has taken it;
/// and who waits for a turn has not asked.
fn is_silence(fault: &Fault, left: Duration) -> bool {
    let is_asked = matches!(fault, Fault::Deadline { of: Stage::Connect | Stage::Answer | Stage::Body, .. });
    is_asked && left >= ANSWER_TIME / 2
}

#[cfg(test)]
mod tests;
