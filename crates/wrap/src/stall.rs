//! What the main thread of a child does, as `/proc` shows it: while it does not answer, that is all that can be known of it.

use std::{fs, time::Duration};

use rustix::param::clock_ticks_per_second;

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadState {
    /// It runs, or would if there were a processor for it.
    Runs,
    /// It waits for something.
    Waits,
    /// It was stopped, by a signal or by who traces it.
    Stopped,
}

/// The main thread of a process at one moment.
///
/// ```
/// use greenroom_wrap::{MainThread, ThreadState};
///
/// if let Some(ours) = MainThread::of(std::process::id()) {
///     assert_ne!(ours.state, ThreadState::Stopped);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MainThread {
    /// How much of the processor it has had, in steps of the system's clock: a hundredth of a second.
    pub cpu: Duration,
    /// What it does now.
    pub state: ThreadState,
}

impl MainThread {
    /// Looks at it; `None` where `/proc` does not tell, or the process is gone. It takes some microseconds.
    pub fn of(pid: u32) -> Option<Self> {
        parse(&fs::read(format!("/proc/{pid}/task/{pid}/stat")).ok()?, clock_ticks_per_second())
    }
}

/// A line such as `42 (node) S 1 42 42 … 130 7 …`. The name may hold anything, parentheses and what is no UTF-8 too.
fn parse(stat: &[u8], ticks_per_second: u64) -> Option<MainThread> {
    let stat = String::from_utf8_lossy(stat);
    let mut fields = stat.rsplit_once(") ")?.1.split_ascii_whitespace();
    let state = match fields.next()? {
        "R" => ThreadState::Runs,
        "T" | "t" => ThreadState::Stopped,
        // It has ended.
        "Z" | "X" => return None,
        _ => ThreadState::Waits,
    };
    // The 14th and the 15th field of all: its own time, and that of the kernel for it.
    let (user, system): (u64, u64) = (fields.nth(10)?.parse().ok()?, fields.next()?.parse().ok()?);
    let cpu =
        Duration::from_millis(user.checked_add(system)?.checked_mul(1000)?.checked_div(ticks_per_second)?);
    Some(MainThread { cpu, state })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn state_and_time_are_read_whatever_the_program_is_called() {
        let line = |name: &str, state: &str| {
            format!("42 ({name}) {state} 1 42 42 0 -1 4194560 900 0 3 0 130 7 0 0 20 0 11 0 12345 1000 200\n")
        };
        for (state, expected) in [
            ("R", ThreadState::Runs),
            ("S", ThreadState::Waits),
            ("D", ThreadState::Waits),
            ("T", ThreadState::Stopped),
            ("t", ThreadState::Stopped),
        ] {
            for name in ["node", "a) R 9 (b"] {
                let thread = parse(line(name, state).as_bytes(), 100).unwrap();
                assert_eq!(thread, MainThread { cpu: Duration::from_millis(1370), state: expected });
            }
        }
        assert_eq!(parse(line("node", "Z").as_bytes(), 100), None, "it has ended");
        assert_eq!(parse(line("node", "R").as_bytes(), 0), None);
    }

    #[test]
    fn one_that_is_not_there_is_none() {
        assert_eq!(MainThread::of(u32::MAX), None);
    }

    proptest! {
        #[test]
        fn whatever_a_line_says_it_is_read_or_passed_over(line in any::<Vec<u8>>(), fields in "1 \\(n\\) [RST]( [0-9]{1,20}){0,20}") {
            let _ = (parse(&line, 100), parse(fields.as_bytes(), 100));
        }
    }
}
