//! Sending something until it is taken, or it has been tried for long enough.

use std::time::Duration;

use bytes::Bytes;
use greenroom_config::{Masks, RootConfig};
use greenroom_logging::{Logger, warn};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    counts::Counts,
    outage::Outage,
    send::{Sender, Sent},
};

/// How long it waits before it tries again, and at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long a stop waits for what is left.
pub(crate) const FLUSH: Duration = Duration::from_secs(5);

/// How many bytes of what a collector says are told.
const LONGEST_WORDS: usize = 256;

/// Delivers one signal.
pub(crate) struct Delivery {
    pub(crate) sender: Sender,
    pub(crate) counts: Counts,
    pub(crate) outage: Outage,
    pub(crate) logger: Logger,
    /// Whose secrets are in no line.
    pub(crate) config: RootConfig,
    /// The backend stops: what is left has [`FLUSH`].
    pub(crate) stopping: CancellationToken,
    /// When that time is over, once the stop was noticed.
    pub(crate) ends: Option<Instant>,
    /// Nothing is sent before, unless the backend stops: the collector has said so.
    pub(crate) rests_until: Option<Instant>,
    pub(crate) has_told_of_part: bool,
}

impl Delivery {
    /// Sends a body that holds so many, for so long at most. `dropped` says how many others were lost elsewhere so far.
    pub(crate) async fn deliver(
        &mut self,
        body: Bytes,
        count: u64,
        at_most: Duration,
        dropped: impl Fn() -> u64,
    ) {
        self.counts.begin(count);
        let (began, mut wait) = (Instant::now(), FIRST_WAIT);
        loop {
            let left = at_most.saturating_sub(began.elapsed());
            match self.sender.send(body.clone(), left).await {
                Sent::Taken { rejected, why } => {
                    let rejected = rejected.min(count);
                    self.counts.end(count - rejected, Some(("rejected", rejected)));
                    if rejected < count || count == 0 {
                        self.outage.works(self.counts.lost() + dropped());
                    }
                    self.tell_of_part(rejected, &why);
                    return;
                }
                Sent::Never(why) => {
                    // Before these are lost, too.
                    self.outage.fails(&why, self.counts.lost() + dropped(), false);
                    return self.counts.end(0, Some((&why.kind, count)));
                }
                Sent::Later { after, why } => {
                    self.outage.fails(&why, self.counts.lost() + dropped(), true);
                    let is_stopping = self.stopping.is_cancelled();
                    let pause = jittered(wait).max(after.unwrap_or_default());
                    let left = at_most.saturating_sub(began.elapsed()).min(self.left_of_stop());
                    if pause >= left {
                        // These cannot wait so long. Others can, where they are.
                        self.rests_until = after.map(|_| Instant::now() + pause);
                        return self.counts.end(0, Some((&why.kind, count)));
                    }
                    wait = match is_stopping {
                        true => {
                            sleep(pause).await;
                            (wait * 3 / 2).min(LONGEST_WAIT)
                        }
                        // A stop ends the wait: there is little time from then on.
                        false if self::pause(&self.stopping, pause).await => FIRST_WAIT,
                        false => (wait * 3 / 2).min(LONGEST_WAIT),
                    };
                }
            }
        }
    }

    /// Waits as long as the collector has said, if it has.
    pub(crate) async fn rest(&self) {
        if let Some(until) = self.rests_until {
            sleep_until(until).await;
        }
    }

    /// How much time there is once the backend stops.
    fn left_of_stop(&mut self) -> Duration {
        if !self.stopping.is_cancelled() {
            return Duration::MAX;
        }
        let ends = *self.ends.get_or_insert_with(|| Instant::now() + FLUSH);
        ends.saturating_duration_since(Instant::now())
    }

    fn tell_of_part(&mut self, rejected: u64, why: &str) {
        if rejected == 0 || self.has_told_of_part {
            return;
        }
        self.has_told_of_part = true;
        let why = words(&self.sender.without_keys(why), &self.config.masks());
        warn!(
            self.logger,
            rejected,
            reason = &*why,
            "The collector takes not all of what it is sent: this is told once, and counted"
        );
    }
}

/// As much as is told of what a collector says, without secrets: they are hidden before it is cut, or half of one would be left.
pub(crate) fn words(said: &str, masks: &Masks) -> String {
    let mut words = greenroom_redact::text(&masks.all(said)).into_owned();
    words.truncate(words.floor_char_boundary(LONGEST_WORDS));
    words
}

/// From half of it to all of it, so that replicas do not come together.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Waits so long, unless the backend stops. Whether it does.
pub(crate) async fn pause(stopping: &CancellationToken, time: Duration) -> bool {
    tokio::select! {
        () = stopping.cancelled() => true,
        () = sleep(time) => false,
    }
}
