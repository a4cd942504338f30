//! Whether what browsers send gets to Datadog: the check `rum.forwarding`.

use std::{sync::Arc, time::Duration};

use greenroom::{
    health::{Check, Dependency, HealthChecks},
    prelude::Severity,
};
use http::{StatusCode, Uri};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::Queue;

/// For how long it is told that there was no room.
const MEMORY: Duration = Duration::from_secs(60);

/// What became of the last requests.
#[derive(Debug, Default)]
pub(crate) struct Fate(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// Why the last ones did not get there, and how many since the last that did.
    failed: Option<(Failed, u64)>,
    /// When one was refused last because too much waits.
    was_full: Option<Instant>,
}

#[derive(Debug)]
enum Failed {
    Answered(StatusCode),
    Unasked(String),
}

impl Fate {
    pub(super) fn answered(&self, status: StatusCode) {
        match status.is_success() {
            true => self.0.lock().failed = None,
            false => self.failed(Failed::Answered(status)),
        }
    }

    pub(super) fn unasked(&self, why: String) {
        self.failed(Failed::Unasked(why));
    }

    pub(super) fn full(&self) {
        self.0.lock().was_full = Some(Instant::now());
    }

    fn failed(&self, why: Failed) {
        let mut seen = self.0.lock();
        let count = seen.failed.as_ref().map_or(0, |(_, count)| *count);
        seen.failed = Some((why, count + 1));
    }

    /// `is_silent`: there are no answers at all; `waiting` are answered and not sent.
    fn check(&self, is_silent: bool, waiting: usize) -> Check {
        const DOCTOR: &str = "`greenroom rum doctor` says at which step they are lost";
        let seen = self.0.lock();
        if is_silent {
            let told = format!(
                "Datadog's intake does not answer; {waiting} requests with browser events wait for it"
            );
            return Check::fail(told)
                .next_step(format!("see whether this host may ask it, by proxy or firewall; {DOCTOR}"));
        }
        match &seen.failed {
            Some((Failed::Answered(status), count)) => {
                let told =
                    format!("Datadog's intake answered {} to the last of {count} requests that it has not taken", status.as_u16());
                let next = match *status {
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                        "check app.datadogRum.clientToken, and that app.datadogRum.site is that of its organization"
                    }
                    StatusCode::TOO_MANY_REQUESTS => "lower app.datadogRum.sessionSampleRate, or ask Datadog for more",
                    _ => DOCTOR,
                };
                Check::fail(told).next_step(next)
            }
            Some((Failed::Unasked(why), count)) => {
                let told = format!("{count} requests with browser events have not got to Datadog's intake, the last one because {why}");
                Check::fail(told).next_step(DOCTOR)
            }
            None if seen.was_full.is_some_and(|at| at.elapsed() <= MEMORY) => Check::fail(
                "browser events are refused because too much waits to be sent to Datadog's intake; browsers send them again",
            )
            .next_step("see how fast this host reaches it, or lower app.datadogRum.sessionSampleRate"),
            None => Check::pass(),
        }
    }
}

/// Registers the check. It asks nobody: what it says is what became of the last requests.
pub(crate) fn tell(queue: Arc<Queue>, intake: &str, checks: &HealthChecks) {
    let place = intake.parse::<Uri>().ok().and_then(|url| url.authority().map(ToString::to_string));
    let declared = checks.declare("forwarding").severity(Severity::Degrade);
    let declared = match place {
        Some(place) => declared.dependency(Dependency::new("datadog", place)),
        None => declared,
    };
    declared.run(async move || queue.fate.check(queue.breaker.is_tripped(), *queue.left.borrow()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(fate: &Fate) -> String {
        fate.check(false, 0).message.unwrap_or_default()
    }

    #[tokio::test(start_paused = true)]
    async fn rum_120_what_became_of_the_last_requests_is_told_until_one_gets_there() {
        let fate = Fate::default();
        assert_eq!(fate.check(false, 3), Check::pass());
        fate.unasked("no route".to_owned());
        fate.answered(StatusCode::FORBIDDEN);
        assert_eq!(
            said(&fate),
            "Datadog's intake answered 403 to the last of 2 requests that it has not taken"
        );
        assert!(fate.check(false, 0).next_step.unwrap().contains("clientToken"));
        fate.answered(StatusCode::ACCEPTED);
        assert_eq!(fate.check(false, 3), Check::pass());
        fate.unasked("no route".to_owned());
        assert!(said(&fate).ends_with("the last one because no route"));
        let silent = fate.check(true, 3).message.unwrap();
        assert_eq!(silent, "Datadog's intake does not answer; 3 requests with browser events wait for it");
    }

    #[tokio::test(start_paused = true)]
    async fn rum_120_that_there_was_no_room_is_told_for_a_minute() {
        let fate = Fate::default();
        fate.full();
        assert!(said(&fate).starts_with("browser events are refused because too much waits"));
        tokio::time::advance(MEMORY + Duration::from_secs(1)).await;
        assert_eq!(fate.check(false, 0), Check::pass());
    }
}
