//! What only who runs the Node backend knows of it, where it is a child: for the page and the JSON.

use std::{path::PathBuf, sync::Arc, time::SystemTime};

use greenroom::logging::Level;
use parking_lot::Mutex;

/// What one plugin has printed at one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSpend {
    /// The plugin; `other` for those that are not told apart, none for what tells of no plugin.
    pub plugin: Option<String>,
    /// The level.
    pub level: Level,
    /// Records since the start of this process.
    pub records: u64,
    /// Bytes since then.
    pub bytes: u64,
    /// The records of the last five minutes.
    pub recent_records: u64,
    /// The bytes of these.
    pub recent_bytes: u64,
}

/// A file that has changed since the Node backend has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drifted {
    /// Which.
    pub file: PathBuf,
    /// `config` or `lockfile`.
    pub kind: &'static str,
    /// Since when.
    pub since: SystemTime,
}

type Ask<T> = Mutex<Option<Arc<dyn Fn() -> Vec<T> + Send + Sync>>>;

/// Who is asked.
#[derive(Default)]
pub(crate) struct ChildFacts {
    spend: Ask<LogSpend>,
    drift: Ask<Drifted>,
}

impl ChildFacts {
    pub(crate) fn set_spend(&self, ask: impl Fn() -> Vec<LogSpend> + Send + Sync + 'static) {
        *self.spend.lock() = Some(Arc::new(ask));
    }

    pub(crate) fn set_drift(&self, ask: impl Fn() -> Vec<Drifted> + Send + Sync + 'static) {
        *self.drift.lock() = Some(Arc::new(ask));
    }

    /// `None`: nobody reads what it prints.
    pub(crate) fn spend(&self) -> Option<Vec<LogSpend>> {
        ask(&self.spend)
    }

    /// `None`: nobody knows its files.
    pub(crate) fn drift(&self) -> Option<Vec<Drifted>> {
        ask(&self.drift)
    }
}

fn ask<T>(whom: &Ask<T>) -> Option<Vec<T>> {
    let whom = whom.lock().clone()?;
    Some(whom())
}
