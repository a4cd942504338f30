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
    silent: AtomicUsize,
    is_probing: Arc<AtomicBool>,
}

impl Breaker {
    /// Whether Datadog does not answer.
    pub(super) fn is_open(&self) -> bool {
        self.silent.load(SeqCst) >= SILENT
    }

    /// Whether a request would be told at once that there is no answer.
    pub(super) fn is_shut(&self) -> bool {
        self.is_open() && self.is_probing.load(SeqCst)
    }

    /// The way for one request; `None` while another one finds out.
    pub(super) fn pass(&self) -> Option<Pass> {
        if !self.is_open() {
            return Some(Pass(None));
        }
        (!self.is_probing.swap(true, SeqCst)).then(|| Pass(Some(self.is_probing.clone())))
    }

    /// A call was answered, whatever with. Whether that is news.
    pub(super) fn answered(&self) -> bool {
        self.silent.swap(0, SeqCst) >= SILENT
    }

    /// A call was not answered in time. Whether it is the one that decides.
    pub(super) fn silent(&self) -> bool {
        self.silent.fetch_add(1, SeqCst) + 1 == SILENT
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
        assert!((1..SILENT).all(|_| !breaker.silent()));
        assert!(!breaker.answered(), "none was missing yet");
        assert!(
            (1..SILENT).all(|_| !breaker.silent()) && breaker.pass().is_some_and(|pass| !pass.is_probe())
        );
        assert!(breaker.silent() && breaker.is_open() && !breaker.is_shut());
        let probe = breaker.pass().unwrap();
        assert!(probe.is_probe() && breaker.is_shut() && breaker.pass().is_none());
        assert!(!breaker.silent(), "it is known already");
        drop(probe);
        let probe = breaker.pass().unwrap();
        assert!(breaker.answered() && !breaker.is_shut());
        drop(probe);
        assert!(breaker.pass().is_some_and(|pass| !pass.is_probe()));
    }
}
