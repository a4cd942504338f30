//! How much of the memory is used that there may be: of the cgroup, in which a Node child is, too; without a limit of the machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use greenroom_cgroup::{Cgroup, CgroupMemory};
use greenroom_metrics::Metrics;

pub(super) fn tell(metrics: &Metrics) {
    tell_of(metrics, PathBuf::from("/"));
}

fn tell_of(metrics: &Metrics, root: PathBuf) {
    metrics
        .observable_gauge("greenroom.memory.limit.utilization")
        .unit("1")
        .description(
            "Share of the memory in use that this process and those beside it may have: by the limit of their cgroup, or else of the \
             machine. At 1 the kernel kills.",
        )
        .observe(move |now| {
            if let Some(share) = share(&root) {
                now.observe(share, &[]);
            }
        });
}

/// `None` where the system does not tell.
fn share(root: &Path) -> Option<f64> {
    let memory = Cgroup::find(root).as_ref().map(Cgroup::memory).unwrap_or_default();
    let (used, limit) = match memory {
        CgroupMemory { used: Some(used), limit: Some(limit @ 1..) } => (used, limit),
        _ => of_machine(&fs::read_to_string(root.join("proc/meminfo")).ok()?)?,
    };
    Some(used as f64 / limit as f64)
}

/// What is used of a machine and cannot be taken back, and what it has.
fn of_machine(meminfo: &str) -> Option<(u64, u64)> {
    let field = |name: &str| {
        let value = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        value.split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    let (all, available) = (field("MemTotal").filter(|all| *all > 0)?, field("MemAvailable")?);
    Some((all.saturating_sub(available), all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_that_of_the_cgroup_or_else_the_machines_memory() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert_eq!(share(root.path()), None);
        write("proc/meminfo", "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    750 kB\n");
        assert_eq!(share(root.path()), Some(0.25));
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/memory.current", "600\n");
        write("sys/fs/cgroup/memory.max", "max\n");
        assert_eq!(share(root.path()), Some(0.25));
        write("sys/fs/cgroup/memory.max", "800\n");
        assert_eq!(share(root.path()), Some(0.75));
    }

    #[test]
    fn what_meminfo_does_not_say_is_not_known() {
        for text in
            ["", "MemTotal: 0 kB\nMemAvailable: 0 kB", "MemTotal: 5 kB", "MemTotal: x\nMemAvailable: 1 kB"]
        {
            assert_eq!(of_machine(text), None, "{text}");
        }
    }
}
