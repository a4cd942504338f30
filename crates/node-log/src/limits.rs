//! How much a reader holds, and for how long.

use std::time::Duration;

/// How much a [`Reader`](crate::Reader) holds, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A longer line is cut; the rest is counted and skipped, with the word that the cut goes through: it may be a secret.
    pub line_bytes: usize,
    /// A record of several lines ends with the line that reaches this.
    pub record_bytes: usize,
    /// A record has at most so many lines.
    pub record_lines: usize,
    /// A record that could go on has ended when nothing has come for so long.
    pub quiet: Duration,
    /// The same for what a process prints while it dies: V8 looks up the names of its native stack for a while.
    pub dying_quiet: Duration,
}

impl Default for Limits {
    /// 1 MiB for a line; 64 KiB, 256 lines and 50 ms for a record; 2 s for a dying process.
    fn default() -> Self {
        Self {
            line_bytes: 1 << 20,
            record_bytes: 64 << 10,
            record_lines: 256,
            quiet: Duration::from_millis(50),
            dying_quiet: Duration::from_secs(2),
        }
    }
}

impl Limits {
    /// The most bytes that a reader holds: a record that waits, of which one line may be long, an unfinished line and a piece.
    pub const fn most_held(&self) -> usize {
        2 * self.line_bytes + self.record_bytes + (128 << 10)
    }
}
