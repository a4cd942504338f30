//! How the Node backend ended last, where it is a child: also of the process before this one.

use std::{sync::Arc, time::SystemTime};

use parking_lot::Mutex;

/// An end, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastExit {
    /// When.
    pub at: SystemTime,
    /// Why, in a word for programs.
    pub cause: &'static str,
    /// How, in a sentence without a full stop.
    pub sentence: String,
}

/// The last one, if any is known. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known(Arc<Mutex<Option<LastExit>>>);

impl Known {
    pub(crate) fn set(&self, exit: LastExit) {
        *self.0.lock() = Some(exit);
    }

    pub(crate) fn get(&self) -> Option<LastExit> {
        self.0.lock().clone()
    }
}
