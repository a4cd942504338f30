//! What only who runs the Node backend knows of it, where it is a child: for the page and the JSON.

use std::sync::Arc;

use greenroom_wrap::{Drifted, LastExit, Memory, Spent};
use parking_lot::Mutex;

type Ask<T> = Mutex<Option<Arc<dyn Fn() -> T + Send + Sync>>>;

/// The process that runs, and its memory, as it was looked at last.
pub(crate) type Running = (u32, Option<Memory>);

/// Who is asked, and what was told.
#[derive(Default)]
pub(crate) struct ChildFacts {
    spend: Ask<Vec<Spent>>,
    drift: Ask<Vec<Drifted>>,
    running: Ask<Option<Running>>,
    last_exit: Mutex<Option<LastExit>>,
}

impl ChildFacts {
    pub(crate) fn set_spend(&self, ask: impl Fn() -> Vec<Spent> + Send + Sync + 'static) {
        *self.spend.lock() = Some(Arc::new(ask));
    }

    pub(crate) fn set_drift(&self, ask: impl Fn() -> Vec<Drifted> + Send + Sync + 'static) {
        *self.drift.lock() = Some(Arc::new(ask));
    }

    pub(crate) fn set_running(&self, ask: impl Fn() -> Option<Running> + Send + Sync + 'static) {
        *self.running.lock() = Some(Arc::new(ask));
    }

    pub(crate) fn set_last_exit(&self, exit: LastExit) {
        *self.last_exit.lock() = Some(exit);
    }

    /// Whether somebody reads what it prints: it is kept beside our own lines then.
    pub(crate) fn has_lines(&self) -> bool {
        self.spend.lock().is_some()
    }

    /// What its log costs. `None`: nobody reads what it prints.
    pub(crate) fn spend(&self) -> Option<Vec<Spent>> {
        ask(&self.spend)
    }

    /// Its files that have changed. `None`: nobody knows them.
    pub(crate) fn drift(&self) -> Option<Vec<Drifted>> {
        ask(&self.drift)
    }

    /// `None` while none runs, and where nobody knows.
    pub(crate) fn running(&self) -> Option<Running> {
        ask(&self.running).flatten()
    }

    /// How it ended last: also of the process before this one.
    pub(crate) fn last_exit(&self) -> Option<LastExit> {
        self.last_exit.lock().clone()
    }
}

/// Not under the lock: it is somebody else's code.
fn ask<T>(whom: &Ask<T>) -> Option<T> {
    let whom = whom.lock().clone()?;
    Some(whom())
}
