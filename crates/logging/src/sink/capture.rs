//! Lines kept in memory, for tests.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::sink::{Emitted, Sink, Wants};

/// Keeps the lines. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct CaptureSink {
    lines: Arc<Mutex<Vec<String>>>,
    wants: Wants,
}

impl CaptureSink {
    /// No lines yet; they will be in the logger's format.
    pub fn new() -> Self {
        Self::default()
    }

    /// No lines yet; they will be in this format.
    pub fn in_format(format: crate::Format) -> Self {
        Self { wants: Wants::LineIn(format), ..Self::default() }
    }

    /// The lines so far, without their ends.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().clone()
    }

    /// The lines so far, which are forgotten.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock())
    }

    /// The lines so far, parsed; `null` for one that is not JSON.
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.lines.lock().iter().map(|line| serde_json::from_str(line).unwrap_or_default()).collect()
    }
}

impl Sink for CaptureSink {
    fn wants(&self) -> Wants {
        self.wants
    }

    fn emit(&self, emitted: &Emitted<'_>) {
        let line = String::from_utf8_lossy(emitted.line());
        self.lines.lock().push(line.strip_suffix('\n').unwrap_or(&line).to_owned());
    }
}
