//! Whether Datadog answers at all. While it does not, one request at a time finds out, and all others are told so at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

/// How many calls without an answer, and none with one among them, mean that there will be none.
pub(super) const SILENT: usize = 8;

/// Knows what came of the last calls.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    timeouts: AtomicUsize,
    is_probing: Arc<AtomicBool>,
}

impl Breaker {
    /// Whether Datadog does not answer.
    pub(super) fn is_tripped(&self) -> bool {
        self.timeouts.load(SeqCst) >= SILENT
    }

    /// Whether it does not, and somebody finds out: each further request is told so at once.
    pub(super) fn is_refusing(&self) -> bool {
        self.is_tripped() && self.is_probing.load(SeqCst)
    }

    /// The way for one request; `None` while another one finds out.
    pub(super) fn pass(&self) -> Option<Pass> {
        if !self.is_tripped() {
            return Some(Pass(None));
        }
        (!self.is_probing.swap(true, SeqCst)).then(|| Pass(Some(self.is_probing.clone())))
    }

    /// A call was answered, whatever with. Whether that is news.
    pub(super) fn record_answer(&self) -> bool {
        self.timeouts.swap(0, SeqCst) >= SILENT
    }

    /// A call was not answered in time. Whether it is the one that decides.
    pub(super) fn record_timeout(&self) -> bool {
        self.timeouts.fetch_add(1, SeqCst) + 1 == SILENT
    }
}

/// Kept until it is known what came of the request.
#[derive(Debug)]
pub(super) struct Pass(Option<Arc<AtomicBool>>);

impl Pass {
    pub(super) fn is_probe(&self) -> bool {
        self.0.is_some()
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(is_probing) = &self.0 {
            is_probing.store(false, SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_52_after_calls_without_an_answer_one_at_a_time_finds_out() {
        let breaker = Breaker::default();
        assert!((1..SILENT).all(|_| !breaker.record_timeout()));
        assert!(!breaker.record_answer(), "none was missing yet");
        assert!(
            (1..SILENT).all(|_| !breaker.record_timeout())
                && breaker.pass().is_some_and(|pass| !pass.is_probe())
        );
        assert!(breaker.record_timeout() && breaker.is_tripped() && !breaker.is_refusing());
        let probe = breaker.pass().unwrap();
        assert!(probe.is_probe() && breaker.is_refusing() && breaker.pass().is_none());
        assert!(!breaker.record_timeout(), "it is known already");
        drop(probe);
        let probe = breaker.pass().unwrap();
        assert!(breaker.record_answer() && !breaker.is_refusing());
        drop(probe);
        assert!(breaker.pass().is_some_and(|pass| !pass.is_probe()));
    }
}
