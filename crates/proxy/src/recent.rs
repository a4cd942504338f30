//! Which requests have begun lately and have no answer yet: of each only a number is kept.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The requests of one plugin that have begun since the turn before the last one. Each has the number of those before it.
///
/// It is counted without a lock: an answer that comes as it turns may be missed until the next turns.
#[derive(Default)]
pub(crate) struct Recent {
    /// The first one of the time before the last turn.
    before: AtomicU64,
    /// The first one since the last turn.
    since: AtomicU64,
    answered_before: AtomicU64,
    answered_since: AtomicU64,
}

impl Recent {
    /// That request has an answer, or will get none.
    pub(crate) fn ends(&self, number: u64) {
        if number >= self.since.load(Relaxed) {
            self.answered_since.fetch_add(1, Relaxed);
        } else if number >= self.before.load(Relaxed) {
            self.answered_before.fetch_add(1, Relaxed);
        }
    }

    /// What has begun before the last turn is no longer recent; so many have begun.
    pub(crate) fn turn(&self, begun: u64) {
        self.before.store(self.since.swap(begun, Relaxed), Relaxed);
        self.answered_before.store(self.answered_since.swap(0, Relaxed), Relaxed);
    }

    /// How many have no answer yet.
    pub(crate) fn waiting(&self, begun: u64) -> u64 {
        let answered = self.answered_before.load(Relaxed) + self.answered_since.load(Relaxed);
        begun.saturating_sub(self.before.load(Relaxed)).saturating_sub(answered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_begun_lately_waits_and_what_is_old_does_not() {
        let recent = Recent::default();
        // Numbers 0 to 4 have begun; 1 was answered at once.
        recent.ends(1);
        assert_eq!(recent.waiting(5), 4);
        recent.turn(5);
        recent.ends(2);
        assert_eq!(recent.waiting(6), 4, "0, 3, 4 and 5");
        recent.turn(6);
        assert_eq!(recent.waiting(6), 1, "5; the others are no longer recent");
        recent.ends(0);
        assert_eq!(recent.waiting(6), 1);
        recent.ends(5);
        assert_eq!(recent.waiting(6), 0);
    }
}
