//! The memory of all that runs beside this process in its cgroup, against the limit at which the kernel kills.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use greenroom_cgroup::{Cgroup, CgroupMemory};

use crate::Check;

/// The share of the limit from which it is too much, in percent.
const HIGH: u64 = 90;
/// Below which it is not any more.
const LOW: u64 = 85;

const MIB: u64 = 1 << 20;

/// Whether it was too much when it was looked at last.
pub(super) struct Watch {
    root: PathBuf,
    is_high: AtomicBool,
}

impl Watch {
    /// `/proc` and `/sys` are below `root`.
    pub(super) fn at(root: impl AsRef<Path>) -> Self {
        Self { root: root.as_ref().to_owned(), is_high: AtomicBool::new(false) }
    }

    /// Looks; it blocks for some microseconds.
    pub(super) fn check(&self) -> Check {
        let memory = Cgroup::find(&self.root).as_ref().map(Cgroup::memory).unwrap_or_default();
        let CgroupMemory { used: Some(used), limit: Some(limit @ 1..) } = memory else {
            return Check { message: Some("no limit is set".to_owned()), ..Check::pass() };
        };
        let percent = used.saturating_mul(100) / limit;
        let is_high = percent >= HIGH || (percent >= LOW && self.is_high.load(Relaxed));
        self.is_high.store(is_high, Relaxed);
        let told = format!(
            "{} MiB of the {} MiB that its cgroup may use are taken, by this process and all that run beside it: {percent} %",
            used / MIB,
            limit / MIB
        );
        match is_high {
            false => Check { message: Some(told), ..Check::pass() },
            true => Check::fail(told).next_step(
                "raise the memory limit of its container, or find out what takes the memory: at the limit the kernel kills a process of it",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Outcome;

    #[test]
    fn near_the_limit_is_told_until_it_is_well_below_it() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let watch = Watch::at(root.path());
        assert_eq!(watch.check().message.as_deref(), Some("no limit is set"));
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/memory.max", &format!("{}\n", 512 * MIB));
        let outcomes = [100, 460, 461, 440, 435, 440].map(|used| {
            write("sys/fs/cgroup/memory.current", &format!("{}\n", used * MIB));
            watch.check().outcome
        });
        let (pass, fail) = (Outcome::Pass, Outcome::Fail);
        assert_eq!(outcomes, [pass, pass, fail, fail, pass, pass]);
        let told = watch.check();
        assert_eq!(
            told.message.as_deref(),
            Some(
                "440 MiB of the 512 MiB that its cgroup may use are taken, by this process and all that run beside it: 85 %"
            )
        );
    }
}
