//! How much memory a child and all around it take, and how much they may: as the kernel tells in `/proc` and of their cgroup.

mod resident;
mod thresholds;

use std::{path::PathBuf, time::SystemTime};

use greenroom_cgroup::Cgroup;

pub use thresholds::Thresholds;

/// Memory at one moment, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// When it was looked at.
    pub at: SystemTime,
    /// Resident, of the child with all that it has started. Not its heap alone: buffers, code and threads count as well.
    pub rss: u64,
    /// What the whole cgroup uses and the kernel cannot take back: without the pages of files. `None` without a cgroup.
    pub used: Option<u64>,
    /// What it may use, by its own limit or the lowest one above it. `None` if it may use all.
    pub limit: Option<u64>,
}

impl Memory {
    /// The share of the limit that is used, 1 at the limit; `None` without one.
    ///
    /// ```
    /// use greenroom_wrap::Memory;
    ///
    /// let at = std::time::SystemTime::now();
    /// let memory = Memory { at, rss: 300 << 20, used: Some(384 << 20), limit: Some(512 << 20) };
    /// assert_eq!(memory.share(), Some(0.75));
    /// ```
    pub fn share(&self) -> Option<f64> {
        let limit = self.limit.filter(|limit| *limit > 0)?;
        Some(self.used.unwrap_or(self.rss) as f64 / limit as f64)
    }
}

/// Where the kernel tells of the memory of this process's cgroup: version 2, or version 1.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
}

impl Default for Machine {
    fn default() -> Self {
        Self::at("/")
    }
}

impl Machine {
    /// One whose `/proc/self/cgroup` and `/sys/fs/cgroup` are below this directory.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Looks at the memory of a child. Blocks for some milliseconds.
    pub fn memory(&self, child: u32) -> Memory {
        let around = Cgroup::find(&self.root).as_ref().map(Cgroup::memory).unwrap_or_default();
        Memory {
            at: SystemTime::now(),
            rss: resident::of_tree(child),
            used: around.used,
            limit: around.limit,
        }
    }

    /// What the cgroup may use; `None` if all.
    pub fn limit(&self) -> Option<u64> {
        Cgroup::find(&self.root)?.memory().limit
    }

    /// How many processes of the cgroup the kernel has killed for want of memory so far; `None` where it does not tell.
    pub fn oom_kills(&self) -> Option<u64> {
        Cgroup::find(&self.root)?.oom_kills()
    }
}
