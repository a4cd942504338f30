//! How a child is that is kept running.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{Ended, StoppedBy};

/// How it is. Its text is a sentence for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is about to be started.
    Starting {
        /// Since when.
        since: Instant,
    },
    /// It runs. Whether it answers is another question.
    Running {
        /// Its process id.
        pid: u32,
        /// Since when.
        since: Instant,
        /// The port that it was told.
        port: Option<u16>,
    },
    /// It has ended.
    Ended {
        /// How; `None` if it was stopped before there was any.
        ended: Option<Ended>,
        /// What it took, if it was stopped.
        stopped: Option<StoppedBy>,
        /// What follows; without it, nothing does.
        restart: Option<Restart>,
    },
    /// It cannot be run, and nothing follows.
    Failed {
        /// Why.
        reason: Arc<str>,
        /// How the last one ended, if there was any.
        ended: Option<Ended>,
    },
}

/// A start that follows an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// After this time, counted from the end.
    pub after: Duration,
    /// Which restart in a row this is, from 1; 0 for one with another port.
    pub attempt: u32,
}

impl State {
    pub(super) fn starting() -> Self {
        Self::Starting { since: Instant::now() }
    }

    /// Whether nothing follows.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Ended { restart: None, .. })
    }

    /// The code with which this process ends, if nothing follows: the child's own. A failure is never 0.
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            // It was asked to stop while none ran: how the one before ended was told, and nobody waits for it.
            Self::Ended { stopped: Some(StoppedBy::Itself), restart: None, .. } => Some(0),
            Self::Ended { ended, restart: None, .. } => Some(ended.map_or(0, |ended| ended.exit_code())),
            Self::Failed { ended, .. } => Some(ended.map_or(1, |ended| ended.exit_code().max(1))),
            Self::Starting { .. } | Self::Running { .. } | Self::Ended { .. } => None,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting { .. } => f.write_str("The backend is being started"),
            Self::Running { pid, port: None, .. } => write!(f, "The backend runs as process {pid}"),
            Self::Running { pid, port: Some(port), .. } => {
                write!(f, "The backend runs as process {pid}, and is to listen on 127.0.0.1:{port}")
            }
            Self::Ended { ended: None, .. } => f.write_str("The backend was stopped before it was started"),
            Self::Ended { ended: Some(ended), stopped, restart } => {
                write!(f, "The backend has ended: {ended}")?;
                match stopped {
                    None | Some(StoppedBy::Term) => {}
                    Some(StoppedBy::Itself) => f.write_str("; it was stopped before it was started again")?,
                    Some(StoppedBy::SecondTerm) => f.write_str(", at the second SIGTERM")?,
                    Some(StoppedBy::Kill) => f.write_str(", because it did not end in time")?,
                }
                match restart {
                    None => Ok(()),
                    Some(Restart { attempt: 0, .. }) => {
                        f.write_str("; it is started again with another port")
                    }
                    Some(Restart { after, attempt }) => {
                        write!(
                            f,
                            "; it is started again in {} s, restart {attempt} in a row",
                            after.as_secs()
                        )
                    }
                }
            }
            Self::Failed { reason, ended: None } => write!(f, "The backend cannot be run: {reason}"),
            Self::Failed { reason, ended: Some(ended) } => {
                write!(f, "The backend cannot be run: {reason}; it has ended: {ended}")
            }
        }
    }
}
