//! What goes wrong many times is told once a minute, with how often it did.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

const EACH: Duration = Duration::from_secs(60);

/// Lets a log line through once a minute, and counts how often there would have been one.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    untold: u64,
    last: Option<Instant>,
}

impl Throttle {
    /// Counts one more; gives the count if it is time to tell.
    pub(crate) fn count(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock();
        state.untold += 1;
        if state.last.is_some_and(|last| now.saturating_duration_since(last) < EACH) {
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_next_ones_together() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let at = |seconds| throttle.count(start + Duration::from_secs(seconds));
        assert_eq!([at(0), at(1), at(59), at(60), at(61)], [Some(1), None, None, Some(3), None]);
    }
}
