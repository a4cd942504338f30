//! How a process ended.

use std::{fmt, io, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use rustix::process::Signal;

/// How a child ended, and how long it had run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub exit: Exit,
    /// From its start to its end.
    pub uptime: Duration,
}

/// By itself, or by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// Killed by the signal of this number.
    Signal(i32),
    /// Killed by [`Supervisor::give_up`](crate::Supervisor::give_up): its start had failed, and its process did not end.
    GivenUp,
    /// Nobody knows: another has taken the status, or the process does not go away even though it was killed.
    Unknown,
}

impl Ended {
    /// The code with which we end: the child's own, 128 and the number of its signal, or 1.
    ///
    /// ```
    /// use std::time::Duration;
    /// use greenroom_wrap::{Ended, Exit};
    ///
    /// let aborted = Ended { exit: Exit::Signal(6), uptime: Duration::from_secs(1) };
    /// assert_eq!(aborted.exit_code(), 134);
    /// ```
    pub fn exit_code(&self) -> i32 {
        match self.exit {
            Exit::Code(code) => code,
            Exit::Signal(number) => 128 + number,
            Exit::GivenUp => 128 + Signal::KILL.as_raw(),
            Exit::Unknown => 1,
        }
    }
}

impl From<io::Result<ExitStatus>> for Exit {
    fn from(status: io::Result<ExitStatus>) -> Self {
        let Ok(status) = status else { return Self::Unknown };
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(number)) => Self::Signal(number),
            (None, None) => Self::Unknown,
        }
    }
}

/// `exit code 7`, `killed by SIGKILL`.
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(number) => match signal_name(*number) {
                Some(name) => write!(f, "killed by {name}"),
                None => write!(f, "killed by signal {number}"),
            },
            Self::GivenUp => f.write_str("killed by Greenroom (SIGKILL)"),
            Self::Unknown => f.write_str("exit code unknown"),
        }
    }
}

/// `exit code 7 after 12.3 s`.
impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {:.1} s", self.exit, self.uptime.as_secs_f64())?;
        match self.exit {
            Exit::GivenUp => f.write_str(", because its start had failed and it did not end by itself"),
            Exit::Code(_) | Exit::Signal(_) | Exit::Unknown => Ok(()),
        }
    }
}

pub(crate) fn signal_name(number: i32) -> Option<&'static str> {
    const NAMES: [(Signal, &str); 15] = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::TERM, "SIGTERM"),
        (Signal::SYS, "SIGSYS"),
    ];
    NAMES.iter().find(|(signal, _)| signal.as_raw() == number).map(|(_, name)| *name)
}
