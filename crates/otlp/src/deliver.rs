//! Sending something until it is taken, or it has been tried for long enough.

use std::time::Duration;

use bytes::Bytes;
use greenroom_logging::{Logger, warn};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    counts::Counts,
    outage::Outage,
    send::{Sender, Sent},
};

/// How long it waits before it tries again, and at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Delivers one signal.
pub(crate) struct Delivery {
    pub(crate) sender: Sender,
    pub(crate) counts: Counts,
    pub(crate) outage: Outage,
    pub(crate) logger: Logger,
    /// The backend stops: nothing is waited for any more.
    pub(crate) stopping: CancellationToken,
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
                    self.outage.works(self.counts.lost() + dropped());
                    self.tell_of_part(rejected, &why);
                    return;
                }
                Sent::Never(why) => {
                    // Before these are lost, too.
                    self.outage.fails(&why, self.counts.lost() + dropped());
                    return self.counts.end(0, Some((&why.kind, count)));
                }
                Sent::Later { after, why } => {
                    self.outage.fails(&why, self.counts.lost() + dropped());
                    let pause = after.unwrap_or_else(|| jittered(wait));
                    let is_over = began.elapsed() + pause >= at_most || self.stopping.is_cancelled();
                    if is_over {
                        return self.counts.end(0, Some((&why.kind, count)));
                    }
                    // A stop ends the wait, and there is one more try.
                    let _ = timeout(pause, self.stopping.cancelled()).await;
                    wait = (wait * 3 / 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    fn tell_of_part(&mut self, rejected: u64, why: &str) {
        if rejected == 0 || self.has_told_of_part {
            return;
        }
        self.has_told_of_part = true;
        let why = greenroom_redact::text(&why[..why.floor_char_boundary(256)]).into_owned();
        warn!(
            self.logger,
            rejected,
            reason = &*why,
            "The collector takes not all of what it is sent: this is told once, and counted"
        );
    }
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
