//! What becomes of the requests that come to the intake: each counts as one thing.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use http::StatusCode;

use super::Counts;
use crate::refusal::Refusal;

#[derive(Default)]
pub(super) struct IntakeSeen {
    pub(super) received: u64,
    pub(super) behind_untrusted: u64,
    pub(super) events: u64,
    pub(super) rejected: u64,
    pub(super) unkept: u64,
    pub(super) waiting: u64,
    pub(super) refused: BTreeMap<&'static str, u64>,
    pub(super) unsent: u64,
    pub(super) empty: u64,
    pub(super) taken: u64,
    pub(super) failed: u64,
    pub(super) kept: u64,
    pub(super) left_out: u64,
    pub(super) last_kept: Option<Instant>,
    pub(super) last_received: Option<Instant>,
    pub(super) last_outcome: Option<(Instant, Outcome)>,
}

/// What came of a call to Datadog's intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The intake answered.
    Answered(StatusCode),
    /// It could not be asked, or did not answer: why.
    Failed(String),
}

/// A request that came to the intake. It counts as waiting for as long as this is there, and then as one other thing: as unsent,
/// unless it was said what became of it.
pub(crate) struct Received {
    counts: Arc<Counts>,
    end: End,
}

enum End {
    Unsent,
    Refused(Refusal),
    Became(Outcome),
    Kept,
    LeftOut,
    Empty,
}

impl IntakeSeen {
    fn was_kept(&mut self) {
        self.kept += 1;
        self.last_kept = Some(Instant::now());
    }
}

impl Counts {
    /// Events of a request that goes on are in the store.
    pub(crate) fn count_kept(&self) {
        self.intake.lock().was_kept();
    }

    /// A request that came to the intake, whatever becomes of it.
    pub(crate) fn count_received(self: &Arc<Self>) -> Received {
        let mut intake = self.intake.lock();
        intake.received += 1;
        intake.waiting += 1;
        intake.last_received = Some(Instant::now());
        Received { counts: self.clone(), end: End::Unsent }
    }
}

impl Received {
    /// It goes no further.
    pub(crate) fn refused(mut self, why: Refusal) {
        self.end = End::Refused(why);
    }

    /// It is in the store, and goes no further.
    pub(crate) fn kept(mut self) {
        self.end = End::Kept;
    }

    /// It is of a track that is not kept.
    pub(crate) fn left_out(mut self) {
        self.end = End::LeftOut;
    }

    /// Nothing is to be kept of it, and nothing to be sent.
    pub(crate) fn empty(mut self) {
        self.end = End::Empty;
    }

    /// It was sent.
    pub(crate) fn became(mut self, outcome: Outcome) {
        self.end = End::Became(outcome);
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        let mut intake = self.counts.intake.lock();
        intake.waiting -= 1;
        match std::mem::replace(&mut self.end, End::Unsent) {
            End::Unsent => intake.unsent += 1,
            End::Kept => intake.was_kept(),
            End::LeftOut => intake.left_out += 1,
            End::Empty => intake.empty += 1,
            End::Refused(why) => *intake.refused.entry(why.code()).or_default() += 1,
            End::Became(outcome) => {
                match &outcome {
                    Outcome::Answered(status) if status.is_success() => intake.taken += 1,
                    Outcome::Answered(_) | Outcome::Failed(_) => intake.failed += 1,
                }
                intake.last_outcome = Some((Instant::now(), outcome));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_47_each_request_is_counted_as_one_thing() {
        let counts = Arc::new(Counts::begin());
        let received = || counts.count_received();
        received().refused(Refusal::TooLarge);
        received().became(Outcome::Answered(StatusCode::ACCEPTED));
        received().became(Outcome::Failed("no route".to_owned()));
        received().became(Outcome::Answered(StatusCode::FORBIDDEN));
        received().kept();
        received().left_out();
        received().empty();
        drop(received());
        let waits = received();
        let told = counts.told();
        assert_eq!((told.received, told.taken, told.failed, told.unsent, told.waiting), (9, 1, 2, 1, 1));
        assert_eq!((told.kept, told.left_out, told.empty), (1, 1, 1));
        assert_eq!(told.refused, BTreeMap::from([("tooLarge".to_owned(), 1)]));
        drop(waits);
        assert_eq!(counts.told().waiting, 0);
    }
}
