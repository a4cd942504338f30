//! The processes of this machine, as `/proc` shows them. Where there is no `/proc`, there are none.

use std::{collections::HashSet, fs};

use rustix::process::{Pid, Signal};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    /// `None` for the first one, and for one whose parent this namespace does not see.
    pub(crate) parent: Option<Pid>,
    pub(crate) group: Option<Pid>,
    /// It has ended, and nobody has taken its status yet.
    pub(crate) is_zombie: bool,
}

/// All of them, threads aside.
pub(crate) fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_process = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_process))
        // One that is gone meanwhile has nothing to read any more.
        .filter_map(|entry| fs::read(entry.path().join("stat")).ok())
        .filter_map(|stat| parse(&String::from_utf8_lossy(&stat)))
        .collect()
}

/// A line such as `42 (node) S 1 42 42 …`. The name may hold anything, parentheses too.
fn parse(stat: &str) -> Option<Process> {
    let (pid, rest) = stat.split_once(" (")?;
    let mut fields = rest.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    let mut number = || Some(Pid::from_raw(fields.next()?.parse().ok().filter(|number| *number >= 0)?));
    let (parent, group) = (number()?, number()?);
    let pid = pid.parse().ok().filter(|number| *number > 0)?;
    Some(Process { pid: Pid::from_raw(pid)?, parent, group, is_zombie: matches!(state, "Z" | "X") })
}

/// Those of a group that have not ended.
pub(crate) fn of_group(group: Pid) -> Vec<Pid> {
    let lives = |process: &Process| process.group == Some(group) && !process.is_zombie;
    all().into_iter().filter(lives).map(|process| process.pid).collect()
}

/// Those of them whose parent is not of them.
pub(crate) fn heads_of_group(group: Pid) -> Vec<Pid> {
    let lives = |process: &Process| process.group == Some(group) && !process.is_zombie;
    let all: Vec<_> = all().into_iter().filter(lives).collect();
    let has_parent = |process: &&Process| all.iter().any(|other| process.parent == Some(other.pid));
    all.iter().filter(|process| !has_parent(process)).map(|process| process.pid).collect()
}

/// Those of a group whom this signal would end. To be asked before it is sent: one that handles it once only, as by Node's
/// `process.once`, has no handler any more while it closes.
pub(crate) fn mortals_of_group(group: Pid, signal: Signal) -> HashSet<Pid> {
    of_group(group).into_iter().filter(|pid| dies_of(*pid, signal)).collect()
}

/// Whether this signal ends a process, for it neither handles nor ignores nor blocks it. Node always handles SIGTERM itself.
fn dies_of(pid: Pid, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()));
    status.is_ok_and(|status| has_no_answer(&status, signal))
}

/// Lines such as `SigCgt:\t0000000000004002`, a bit for each signal.
fn has_no_answer(status: &str, signal: Signal) -> bool {
    let lacks = |name: &str| {
        let mask = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask & (1 << (signal.as_raw() - 1)) == 0)
    };
    ["SigBlk", "SigIgn", "SigCgt"].into_iter().all(lacks)
}

/// Those that a process has started, and that have not ended.
pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let is_child = |process: &Process| process.parent == Some(parent) && !process.is_zombie;
    all().into_iter().filter(is_child).map(|process| process.pid).collect()
}

/// A process, those that it has started and those that these have started, with all of its group.
pub(crate) fn tree(root: Pid) -> Vec<Pid> {
    let all = all();
    let mut tree: Vec<Pid> = all
        .iter()
        .filter(|process| process.pid == root || process.group == Some(root))
        .map(|process| process.pid)
        .collect();
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        for process in &all {
            if process.parent == Some(parent) && !tree.contains(&process.pid) {
                tree.push(process.pid);
            }
        }
        next += 1;
    }
    tree
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let process = parse("42 (a) Z 1 (b) S 7 40 40 0 -1").unwrap();
        let pid = |number| Pid::from_raw(number);
        assert_eq!((Some(process.pid), process.parent, process.group), (pid(42), pid(7), pid(40)));
        assert!(!process.is_zombie);
        assert!(parse("42 (node) Z 0 0 0").unwrap().is_zombie);
    }

    #[test]
    fn a_signal_ends_who_neither_handles_nor_ignores_nor_blocks_it() {
        let status = |blocked, ignored, caught| {
            format!(
                "Name:\tSigCgt: 0\nSigBlk:\t{blocked:016x}\nSigIgn:\t{ignored:016x}\nSigCgt:\t{caught:016x}\n"
            )
        };
        assert!(has_no_answer(&status(0, 0, 0b1), Signal::TERM));
        for (blocked, ignored, caught) in [(0x4000, 0, 0), (0, 0x4000, 0), (0, 0, 0x1_8001_4002_u64)] {
            assert!(!has_no_answer(&status(blocked, ignored, caught), Signal::TERM));
        }
        assert!(!has_no_answer("", Signal::TERM), "not known");
    }

    proptest! {
        #[test]
        fn whatever_a_line_says_it_is_read_or_passed_over(line in "[0-9]{0,12} ?\\(?.{0,9}\\)? ?[SZ]? ?-?[0-9]{0,12} ?-?[0-9]{0,12}") {
            let _ = parse(&line);
        }
    }
}
