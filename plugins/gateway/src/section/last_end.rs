//! How the Node backend ended last, where it is a child: while it starts again and again, that is why.

use std::{sync::Arc, time::SystemTime};

use greenroom_proxy::{State, Why};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::words;

/// When it did, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastEnd(Arc<Mutex<Option<(SystemTime, Why)>>>);

impl LastEnd {
    /// Notes each end, as long as there is a proxy.
    pub(crate) async fn follow(self, mut state: watch::Receiver<State>) {
        loop {
            let now = state.borrow_and_update().clone();
            if let Some(why) = words::why(&now).filter(|why| words::of_process(why).is_some()) {
                *self.0.lock() = Some((words::since(&now, SystemTime::now()), why.into()));
            }
            if state.changed().await.is_err() {
                return;
            }
        }
    }

    pub(super) fn known(&self) -> Option<(SystemTime, Why)> {
        self.0.lock().clone()
    }
}
