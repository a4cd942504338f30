//! One start of the server behind, and all that belongs to it alone.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::SystemTime,
};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{state::Why, status::Readiness};

/// Finds out whether who takes connections at the address of a start is that start, and not another program. It is asked once
/// somebody takes them, until it says yes.
pub type IsIt = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// One start: its address, what it has said of its readiness, and what ends with it.
pub(crate) struct Start {
    pub(crate) address: SocketAddr,
    /// Cancelled at its end, and when this server drains: streams on its connections end, and none of these is kept for later.
    pub(crate) ended: CancellationToken,
    is_it: Option<IsIt>,
    is_absence_told: AtomicBool,
    has_failed: AtomicBool,
    readiness: Mutex<Option<Arc<Readiness>>>,
}

/// An answer to the question for readiness, as it came.
pub(crate) type Said = Result<(u16, String), Why>;

impl Start {
    pub(crate) fn new(address: SocketAddr, ended: CancellationToken, is_it: Option<IsIt>) -> Self {
        let (is_absence_told, has_failed, readiness) = Default::default();
        Self { address, ended, is_it, is_absence_told, has_failed, readiness }
    }

    /// Whether it is this one that takes connections there.
    pub(crate) async fn is_it(&self) -> bool {
        match &self.is_it {
            Some(is_it) => is_it().await,
            None => true,
        }
    }

    /// Whether it is news that nobody is there yet: once, and only of who is not known to be on the way. A child process of ours is,
    /// and its start and its end are told elsewhere.
    pub(crate) fn is_absence_news(&self) -> bool {
        self.is_it.is_none() && !self.is_absence_told.swap(true, Relaxed)
    }

    /// It does not become ready, as who reads what it prints knows.
    pub(crate) fn fails(&self) {
        self.has_failed.store(true, Relaxed);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.load(Relaxed)
    }

    pub(crate) fn readiness(&self) -> Option<Arc<Readiness>> {
        self.readiness.lock().clone()
    }

    /// Notes an answer that has come now. Returns whether it is another one than the last: ready, or no longer.
    pub(crate) fn says(&self, answer: Said, at: SystemTime, took: std::time::Duration) -> bool {
        let mut last = self.readiness.lock();
        let mut readiness = Readiness { since: at, at, took, answer };
        let same = last.as_ref().filter(|last| last.is_ready() == readiness.is_ready());
        let is_news = same.is_none();
        readiness.since = same.map_or(at, |last| last.since);
        *last = Some(Arc::new(readiness));
        is_news
    }

    /// What it has said is of no use any more: it takes no connections.
    pub(crate) fn goes(&self) {
        *self.readiness.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_is_known_since_when_it_has_said_the_same() {
        let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let start = Start::new(([127, 0, 0, 1], 1).into(), CancellationToken::new(), None);
        let said = |second, status| {
            start.says(Ok((status, String::new())), at(second), Duration::ZERO);
            start.readiness().unwrap().since
        };
        assert_eq!(
            [said(1, 503), said(2, 404), said(3, 200), said(4, 204), said(5, 503)],
            [1, 1, 3, 3, 5].map(at)
        );
        start.goes();
        assert_eq!(start.readiness(), None);
        assert_eq!(said(6, 503), at(6));
    }
}
