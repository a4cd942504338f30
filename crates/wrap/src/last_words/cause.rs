//! Why a child has ended, by what is known of it. Decides alone, and asks nobody: see [`Evidence`].

use std::fmt;

use serde::{Deserialize, Serialize};

use super::tail::Said;
use crate::{Exit, StoppedBy, ended::signal_name};

/// From this share of the memory limit on a process that was killed may have been killed for it.
const NEAR_LIMIT: f64 = 0.9;

const ABORT: i32 = 6;
const KILL: i32 = 9;
/// SIGQUIT aside, those that the system sends to a process for its own fault: SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV,
/// SIGSYS.
const FAULTS: [i32; 7] = [4, 5, ABORT, 7, 8, 11, 31];

/// Why a child has ended. Its text is for people, [`as_str`](Self::as_str) for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Cause {
    /// We were asked to stop it.
    Stopped,
    /// It has ended by itself, with this or that code.
    Exit,
    /// Its heap reached V8's limit.
    V8HeapLimit,
    /// It broke: SIGABRT, SIGSEGV and the like.
    Abort,
    /// One of both: what it said at its end is not known.
    AbortOrV8HeapLimit,
    /// The kernel killed it, because the memory limit of its cgroup was reached.
    CgroupOom,
    /// It was killed close to that limit, and the kernel does not tell by whom.
    KilledOrCgroupOom,
    /// A signal that was sent to us, and that we have passed on.
    PassedOn,
    /// A signal that neither we nor the kernel's memory limit have sent.
    Killed,
    /// A plugin, or the backend as a whole, could not be started.
    StartFailed,
    /// It has ended by itself without ever having listened.
    NeverListened,
    /// There was none: its program cannot be run.
    CannotRun,
    /// Nobody was left to see: whoever started it, we, had ended with it. The next start tells.
    NoGoodbye,
    /// Nobody knows; or a newer version has written a word that this one does not know.
    #[serde(other)]
    Unknown,
}

impl Cause {
    /// Its name in records and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Exit => "exit",
            Self::V8HeapLimit => "v8HeapLimit",
            Self::Abort => "abort",
            Self::AbortOrV8HeapLimit => "abortOrV8HeapLimit",
            Self::CgroupOom => "cgroupOom",
            Self::KilledOrCgroupOom => "killedOrCgroupOom",
            Self::PassedOn => "passedOn",
            Self::Killed => "killed",
            Self::StartFailed => "startFailed",
            Self::NeverListened => "neverListened",
            Self::CannotRun => "cannotRun",
            Self::NoGoodbye => "noGoodbye",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "it was asked to",
            Self::Exit => "it ended by itself",
            Self::V8HeapLimit => "its heap reached V8's limit",
            Self::Abort => "it broke",
            Self::AbortOrV8HeapLimit => "it broke, or its heap reached V8's limit",
            Self::CgroupOom => "the kernel killed it at the memory limit of its cgroup",
            Self::KilledOrCgroupOom => {
                "it was killed from outside, or by the kernel at the memory limit of its cgroup"
            }
            Self::PassedOn => "the signal was sent to Greenroom, which passed it on",
            Self::Killed => "it was killed from outside",
            Self::StartFailed => "its start failed",
            Self::NeverListened => "it never listened",
            Self::CannotRun => "it cannot be run",
            Self::NoGoodbye => "without goodbye",
            Self::Unknown => "nobody knows why",
        })
    }
}

/// What is known of an end.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// How it ended.
    pub exit: Exit,
    /// What it took, if it was stopped.
    pub stopped: Option<StoppedBy>,
    /// We have ended it, because its start had failed and it did not end by itself.
    pub is_given_up: bool,
    /// The last signal that was sent to us and that it got in our place.
    pub passed_on: Option<i32>,
    /// How many processes of its cgroup the kernel has killed for memory within the last seconds; `None` where it does not tell.
    pub oom_kills: Option<u64>,
    /// What it has printed. Empty where nobody reads it.
    pub said: &'a Said,
    /// Whether it has listened; `None` where nobody knows.
    pub listened: Option<bool>,
    /// The share of the memory limit that was used when it was looked at last; `None` where there is no limit.
    pub memory: Option<f64>,
}

impl Evidence<'_> {
    /// Why it has ended.
    ///
    /// ```
    /// use greenroom_wrap::{Cause, Evidence, Exit, Said};
    ///
    /// let said = Said { fatal: Some("FATAL ERROR: Reached heap limit".to_owned()), ..Said::default() };
    /// let evidence = Evidence {
    ///     exit: Exit::Signal(6), stopped: None, is_given_up: false, passed_on: None, oom_kills: Some(0), said: &said, listened: None,
    ///     memory: None,
    /// };
    /// assert_eq!(evidence.cause(), Cause::V8HeapLimit);
    /// ```
    pub fn cause(&self) -> Cause {
        if self.is_given_up {
            return Cause::StartFailed;
        }
        match self.signal() {
            Some(KILL) if self.stopped == Some(StoppedBy::Kill) => Cause::Stopped,
            Some(KILL) => self.killed(),
            Some(fault) if FAULTS.contains(&fault) => self.broken(fault),
            Some(_) if self.is_asked() => Cause::Stopped,
            Some(number) if self.passed_on == Some(number) => Cause::PassedOn,
            Some(_) => Cause::Killed,
            None => self.ended(),
        }
    }

    /// Whether a stop has asked it to end.
    fn is_asked(&self) -> bool {
        self.stopped.is_some_and(|by| by > StoppedBy::Itself)
    }

    /// That which has ended it, also where a shell in between tells of it by its exit code.
    fn signal(&self) -> Option<i32> {
        match self.exit {
            Exit::Signal(number) => Some(number),
            Exit::GivenUp => Some(KILL),
            Exit::Code(code) => Some(code - 128).filter(|number| signal_name(*number).is_some()),
            Exit::Unknown => None,
        }
    }

    fn has_oom_kills(&self) -> bool {
        self.oom_kills.is_some_and(|count| count > 0)
    }

    fn killed(&self) -> Cause {
        match self.oom_kills {
            Some(0) => Cause::Killed,
            Some(_) => Cause::CgroupOom,
            None if self.memory.is_some_and(|share| share >= NEAR_LIMIT) => Cause::KilledOrCgroupOom,
            None => Cause::Killed,
        }
    }

    fn broken(&self, fault: i32) -> Cause {
        match fault {
            _ if self.said.is_heap_full() => Cause::V8HeapLimit,
            ABORT if self.said.lines.is_empty() => Cause::AbortOrV8HeapLimit,
            _ => Cause::Abort,
        }
    }

    fn ended(&self) -> Cause {
        let is_failure = self.exit != Exit::Code(0);
        let has_failed_to_start =
            self.said.startup.is_some() || self.said.rejection.is_some() && self.listened != Some(true);
        if self.is_asked() {
            Cause::Stopped
        } else if self.exit == Exit::Unknown {
            Cause::Unknown
        } else if is_failure && self.said.is_heap_full() {
            // A package manager in between ends with a code of its own.
            Cause::V8HeapLimit
        } else if is_failure && self.has_oom_kills() {
            Cause::CgroupOom
        } else if is_failure && has_failed_to_start {
            Cause::StartFailed
        } else if self.listened == Some(false) {
            Cause::NeverListened
        } else {
            Cause::Exit
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tail::tests::{error, said},
        *,
    };

    static NOTHING: Said = Said { lines: vec![], fatal: None, startup: None, rejection: None };

    fn of(exit: Exit, said: &Said) -> Evidence<'_> {
        Evidence {
            exit,
            stopped: None,
            is_given_up: false,
            passed_on: None,
            oom_kills: Some(0),
            said,
            listened: Some(true),
            memory: None,
        }
    }

    #[test]
    fn the_signal_and_what_was_said_decide() {
        let heap =
            said(&["FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"]);
        let other = said(&["node: ../src/env.cc:12: Assertion `x' failed."]);
        for (exit, said, cause) in [
            (Exit::Code(0), &other, Cause::Exit),
            (Exit::Code(7), &NOTHING, Cause::Exit),
            (Exit::Signal(6), &heap, Cause::V8HeapLimit),
            (Exit::Code(134), &heap, Cause::V8HeapLimit),
            (Exit::Code(1), &heap, Cause::V8HeapLimit),
            (Exit::Signal(6), &other, Cause::Abort),
            (Exit::Signal(6), &NOTHING, Cause::AbortOrV8HeapLimit),
            (Exit::Code(134), &NOTHING, Cause::AbortOrV8HeapLimit),
            (Exit::Signal(11), &NOTHING, Cause::Abort),
            (Exit::Signal(5), &heap, Cause::V8HeapLimit),
            (Exit::Signal(9), &other, Cause::Killed),
            (Exit::Code(137), &other, Cause::Killed),
            (Exit::Signal(15), &other, Cause::Killed),
            (Exit::Unknown, &other, Cause::Unknown),
        ] {
            assert_eq!(of(exit, said).cause(), cause, "{exit:?}, {said:?}");
        }
    }

    #[test]
    fn a_kill_is_the_kernels_only_where_the_kernel_says_so() {
        for (oom_kills, memory, cause) in [
            (Some(1), None, Cause::CgroupOom),
            (Some(1), Some(0.5), Cause::CgroupOom),
            (Some(0), Some(0.99), Cause::Killed),
            (None, Some(0.95), Cause::KilledOrCgroupOom),
            (None, Some(0.5), Cause::Killed),
            (None, None, Cause::Killed),
        ] {
            let evidence = Evidence { oom_kills, memory, ..of(Exit::Signal(9), &NOTHING) };
            assert_eq!(evidence.cause(), cause, "{oom_kills:?}, {memory:?}");
        }
        // A package manager survives the backend that it has started.
        let outlived = Evidence { oom_kills: Some(1), ..of(Exit::Code(1), &NOTHING) };
        assert_eq!(outlived.cause(), Cause::CgroupOom);
    }

    #[test]
    fn who_is_asked_to_end_was_stopped_unless_it_broke() {
        use StoppedBy::{Itself, Kill, SecondTerm, Term};
        for (exit, by, cause) in [
            (Exit::Code(0), Term, Cause::Stopped),
            (Exit::Code(1), Term, Cause::Stopped),
            (Exit::Signal(15), SecondTerm, Cause::Stopped),
            (Exit::Code(143), Term, Cause::Stopped),
            (Exit::Signal(9), Kill, Cause::Stopped),
            (Exit::Unknown, Kill, Cause::Stopped),
            (Exit::Signal(9), Term, Cause::Killed),
            (Exit::Signal(11), Term, Cause::Abort),
            (Exit::Code(3), Itself, Cause::Exit),
        ] {
            assert_eq!(
                Evidence { stopped: Some(by), ..of(exit, &NOTHING) }.cause(),
                cause,
                "{exit:?}, {by:?}"
            );
        }
    }

    #[test]
    fn a_signal_that_we_have_passed_on_is_no_kill_from_outside() {
        for (exit, passed_on, stopped, cause) in [
            (Exit::Signal(1), Some(1), None, Cause::PassedOn),
            // Of a shell or a package manager in between.
            (Exit::Code(129), Some(1), None, Cause::PassedOn),
            (Exit::Signal(12), Some(12), None, Cause::PassedOn),
            (Exit::Signal(1), None, None, Cause::Killed),
            (Exit::Signal(15), Some(1), None, Cause::Killed),
            (Exit::Signal(9), Some(1), None, Cause::Killed),
            (Exit::Code(0), Some(1), None, Cause::Exit),
            (Exit::Signal(15), Some(1), Some(StoppedBy::Term), Cause::Stopped),
        ] {
            let evidence = Evidence { passed_on, stopped, ..of(exit, &NOTHING) };
            assert_eq!(evidence.cause(), cause, "{exit:?}, {passed_on:?}");
        }
    }

    #[test]
    fn a_start_that_failed_is_told_from_a_backend_that_never_listened() {
        let plugin = said(&[&error("Plugin 'catalog' threw an error during startup. boom")]);
        let taken = said(&[&error("Unhandled rejection listen EADDRINUSE: address already in use :::7007")]);
        for (code, said, listened, cause) in [
            (1, &plugin, Some(true), Cause::StartFailed),
            (1, &plugin, None, Cause::StartFailed),
            (1, &taken, Some(false), Cause::StartFailed),
            (1, &taken, None, Cause::StartFailed),
            (1, &taken, Some(true), Cause::Exit),
            (0, &plugin, Some(true), Cause::Exit),
            (1, &NOTHING, Some(false), Cause::NeverListened),
            (0, &NOTHING, Some(false), Cause::NeverListened),
            (1, &NOTHING, None, Cause::Exit),
        ] {
            let evidence = Evidence { listened, ..of(Exit::Code(code), said) };
            assert_eq!(evidence.cause(), cause, "{code}, {said:?}, {listened:?}");
        }
        let given_up =
            Evidence { is_given_up: true, stopped: Some(StoppedBy::Term), ..of(Exit::Code(0), &taken) };
        assert_eq!(given_up.cause(), Cause::StartFailed);
    }
}
