//! Resident memory of the process.

use super::{Hour as Minutes, MINUTES};

/// In bytes, at the end of each minute; nothing where the system does not tell.
#[derive(Debug)]
pub(super) struct Hour(Minutes<Option<f64>>);

impl Default for Hour {
    fn default() -> Self {
        Self(Minutes::new(MINUTES))
    }
}

impl Hour {
    pub(super) fn note(&mut self, minute: u64) {
        if let Some(entry) = self.0.at(minute) {
            *entry = resident().or(*entry);
        }
    }

    pub(super) fn list(&self, now: u64) -> Vec<Option<f64>> {
        self.0.list(now)
    }
}

/// As Linux tells it.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024.0)
}
