//! What pages tell of the Node backend's past: how it ended last, where it is a child, and since when it has not been ready.

use std::{sync::Arc, time::SystemTime};

use greenroom_proxy::{State, Why};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::words;

/// When it did, and how; and when it was ready last.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastEnd(Arc<Mutex<Past>>);

#[derive(Debug, Default)]
struct Past {
    end: Option<(SystemTime, Why)>,
    is_ready: bool,
    /// Since when it has not been ready; nothing of one that has never been.
    not_since: Option<SystemTime>,
}

impl LastEnd {
    /// Notes each end, as long as there is a proxy.
    pub(crate) async fn follow(self, mut state: watch::Receiver<State>) {
        loop {
            let now = state.borrow_and_update().clone();
            if let Some(why) = words::why(&now).filter(|why| words::of_process(why).is_some()) {
                self.0.lock().end = Some((words::since(&now, SystemTime::now()), why.into()));
            }
            if state.changed().await.is_err() {
                return;
            }
        }
    }

    /// Notes whether it is ready; `since` is when it ceased to be, if it did.
    pub(crate) fn note(&self, is_ready: bool, since: impl FnOnce() -> SystemTime) {
        let mut past = self.0.lock();
        if std::mem::replace(&mut past.is_ready, is_ready) && !is_ready {
            past.not_since = Some(since());
        }
    }

    /// Since when it has not been ready, where what is wrong now is so since then: a start that begins anew makes it no better. Of one
    /// that has never been ready it is so since ever.
    pub(super) fn not_ready_since(&self, this: SystemTime) -> SystemTime {
        let past = self.0.lock();
        match past.is_ready {
            true => this,
            false => past.not_since.unwrap_or(SystemTime::UNIX_EPOCH).min(this),
        }
    }

    pub(super) fn known(&self) -> Option<(SystemTime, Why)> {
        self.0.lock().end.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_is_not_ready_since_it_was_ready_last_however_often_it_starts_anew() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let past = LastEnd::default();
        assert_eq!(past.not_ready_since(at(5)), SystemTime::UNIX_EPOCH, "it has never been");
        past.note(false, || at(5));
        assert_eq!(past.not_ready_since(at(7)), SystemTime::UNIX_EPOCH);
        past.note(true, || unreachable!());
        assert_eq!(past.not_ready_since(at(9)), at(9), "nobody has noted it yet");
        for again in [9, 12, 15] {
            past.note(false, || at(again));
            assert_eq!(past.not_ready_since(at(again)), at(9));
        }
    }
}
