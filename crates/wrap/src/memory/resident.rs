//! The resident memory of processes.

use std::fs;

use rustix::process::Pid;

use crate::proc;

/// That of a process with all that it has started, in bytes. Pages that they share count for each.
pub(super) fn of_tree(root: u32) -> u64 {
    let root = i32::try_from(root).ok().and_then(Pid::from_raw);
    root.map(proc::tree).unwrap_or_default().into_iter().filter_map(of_one).sum()
}

fn of_one(pid: Pid) -> Option<u64> {
    parse(&fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).ok()?)
}

/// `VmRSS: 123456 kB`, with a tab behind the colon. The name above it has no line break: the kernel escapes it.
fn parse(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    value.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn this_process_takes_memory_and_one_that_is_gone_none() {
        assert!(of_tree(std::process::id()) > 1 << 20);
        assert_eq!(of_tree(0), 0);
        assert_eq!(parse("Name:\tnode\nVmPeak:\t 9 kB\nVmRSS:\t    1024 kB\n"), Some(1 << 20));
    }

    proptest! {
        #[test]
        fn whatever_it_says_it_is_read_or_passed_over(status in "(VmRSS:)?[ \t]?[0-9]{0,25} ?(kB)?\n?.{0,9}") {
            let _ = parse(&status);
        }
    }
}
