//! What an operator is told of browser events that get no further: each reason once a minute, with how often it was one.

use std::{error::Error as _, net::IpAddr, sync::Arc, time::Duration};

use greenroom::{
    http_client::{CallError, Fault, Stage},
    prelude::*,
};
use http::StatusCode;

use crate::{
    bounds::{Counted, Throttle},
    refusal::Refusal,
};

/// Tells.
pub(crate) struct Troubles {
    logger: Logger,
    throttle: Throttle<Reason>,
}

/// Lines of one reason are counted as one.
#[derive(Debug, PartialEq)]
enum Reason {
    Refused(Refusal),
    /// It waited for too long.
    Late,
    Answered(StatusCode),
    /// The intake could not be asked: the kind of error, and what did not end in time.
    Failed(&'static str, Option<Stage>),
    /// The database did not take it: what it says.
    NotKept(String),
    RequestsLost,
}

impl Troubles {
    /// Tells at once what comes first, and each minute what has come besides, until the backend's tasks end.
    pub(crate) fn start(logger: Logger) -> Arc<Self> {
        let troubles = Arc::new(Self { logger, throttle: Throttle::new() });
        let telling = troubles.clone();
        drop(spawn("tell of browser events that get no further", async move {
            loop {
                telling.throttle.due().await.into_iter().for_each(|counted| telling.tell(counted));
            }
        }));
        troubles
    }

    /// A request went no further.
    pub(crate) fn refused(&self, refusal: Refusal) {
        // Who sends or keeps it tells why, once for all requests.
        if !matches!(refusal, Refusal::Silent | Refusal::NotKept) {
            let line = format!("Browser events were refused: {}", refusal.sentence());
            self.count(Reason::Refused(refusal), line);
        }
    }

    /// A request waited so long to be sent that nobody waits for it any more.
    pub(crate) fn late(&self) {
        self.not_sent(Reason::Late, "too much was waiting to be sent in time");
    }

    /// The intake did not take a request.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.not_sent(Reason::Answered(status), &format!("it answered {}", status.as_u16()));
    }

    /// The intake could not be asked.
    pub(crate) fn failed(&self, error: &CallError) {
        let stage = match error.fault() {
            Fault::Deadline { of, .. } => Some(*of),
            _ => None,
        };
        self.not_sent(Reason::Failed(error.kind(), stage), &error.to_string());
    }

    /// The database did not take a batch. Its browser sends it again.
    pub(crate) fn not_kept(&self, error: &Error) {
        // What clients are told is not why.
        let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        self.count(
            Reason::NotKept(why.clone()),
            format!("Browser events could not be kept, and come again: {why}"),
        );
    }

    /// The database did not take a batch in time.
    pub(crate) fn not_kept_in_time(&self, limit: Duration) {
        let why = format!("the database took longer than {} s", limit.as_secs());
        self.count(
            Reason::NotKept(why.clone()),
            format!("Browser events could not be kept, and come again: {why}"),
        );
    }

    /// Requests of this backend that pages will not show.
    pub(crate) fn requests_lost(&self, count: usize, why: &str) {
        let line = format!("Requests that browsers have traced are not kept: {why}");
        for _ in 0..count {
            self.count(Reason::RequestsLost, line.clone());
        }
    }

    /// A peer that says it asks for several others asks too often; `None` is one on a Unix socket.
    pub(crate) fn untrusted(&self, peer: Option<IpAddr>) {
        let peer = peer.map_or_else(|| "a Unix socket".to_owned(), |peer| peer.to_canonical().to_string());
        warn!(
            self.logger,
            "Browser events come through a proxy at {peer} that is not trusted, or somebody there pretends to be one: all who are behind it count as one client, which asks too often. If the proxy is yours, name it in backend.trustProxy",
        );
    }

    /// Tells what was counted and not told yet: nothing else will come.
    pub(crate) fn tell_rest(&self) {
        self.throttle.rest().into_iter().for_each(|counted| self.tell(counted));
    }

    /// At the end so many requests were answered and are not known to have been sent.
    pub(crate) fn lost(&self, count: usize) {
        if count > 0 {
            warn!(
                self.logger,
                count,
                "Browser events were answered and not sent to Datadog's intake before the stop: they are lost",
            );
        }
    }

    fn not_sent(&self, reason: Reason, why: &str) {
        self.count(reason, format!("Browser events did not get to Datadog's intake: {why}"));
    }

    fn count(&self, reason: Reason, line: String) {
        if let Some(counted) = self.throttle.count(reason, line) {
            self.tell(counted);
        }
    }

    fn tell(&self, (line, count): Counted) {
        warn!(self.logger, count, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use greenroom::logging::{CaptureSink, RootLogger};

    use super::*;

    fn told(lines: &CaptureSink) -> Vec<(String, u64)> {
        let of = |line: &serde_json::Value| {
            (line["message"].as_str().unwrap().to_owned(), line["count"].as_u64().unwrap())
        };
        lines.json().iter().map(of).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn rum_58_each_reason_is_told_with_its_own_count_and_what_is_left_too() {
        let lines = CaptureSink::new();
        let troubles = Troubles::start(RootLogger::builder().sink(lines.clone()).build().plugin("rum"));
        troubles.refused(Refusal::NoTarget);
        (0..40).for_each(|_| troubles.refused(Refusal::TooLarge));
        (0..3).for_each(|_| troubles.answered(StatusCode::FORBIDDEN));
        for of in [Stage::Connect, Stage::Answer, Stage::Answer] {
            let limit = Duration::from_secs(10);
            troubles.failed(&CallError::new("intake.example:443", Fault::Deadline { of, limit }));
        }
        let first = told(&lines);
        assert_eq!(first.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1; 5], "{first:?}");

        tokio::time::sleep(Duration::from_secs(61)).await;
        let second = &told(&lines)[5..];
        let (large, forbidden, late) = (&first[1].0, &first[2].0, &first[4].0);
        assert_eq!(second, [(large.clone(), 39), (forbidden.clone(), 2), (late.clone(), 1)]);
        assert!(large.ends_with(": the body is too large") && forbidden.ends_with(": it answered 403"));

        troubles.late();
        troubles.late();
        troubles.tell_rest();
        assert_eq!(told(&lines)[8..].iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1, 1]);
    }
}
