//! Whom a signal is for: the child that runs now, if one does.

use std::{io, sync::Arc, task::Poll};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

/// The child that runs now, and whom the last one has left. Whoever holds it can send signals at any time, and never to a process
/// that only has its number.
#[derive(Clone, Debug, Default)]
pub struct Target(Arc<Mutex<Current>>);

#[derive(Debug, Default)]
struct Current {
    pid: Option<Pid>,
    /// Its process group, which outlives it: nobody else gets the number as long as one of the group is there. Kept until whoever
    /// ends the group has seen it end.
    group: Option<Pid>,
    /// None is started any more.
    is_closed: bool,
}

impl Target {
    /// Sends a signal to the child itself, not to what it has started. `false` if none runs.
    pub fn signal(&self, signal: Signal) -> bool {
        self.0.lock().pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
    }

    /// Kills the child with all of its process group, at once, and also those of it who are about to end behind the child; from then
    /// on none is started. `false` if there is nobody.
    ///
    /// For who ends the process without a stop in order: nothing else would end the child. Waits for one that is being started.
    pub fn kill_group(&self) -> bool {
        let mut current = self.0.lock();
        current.is_closed = true;
        current.group.is_some_and(|group| kill_process_group(group, Signal::KILL).is_ok())
    }

    /// Its process id.
    pub fn pid(&self) -> Option<u32> {
        self.0.lock().pid.map(|pid| pid.as_raw_pid().cast_unsigned())
    }

    /// Whether [`kill_group`](Self::kill_group) was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().is_closed
    }

    /// Starts the child, unless none is to be started any more. Who kills it in the meantime finds it here.
    pub(super) fn start<T>(&self, start: impl FnOnce() -> io::Result<(T, Pid)>) -> io::Result<(T, Pid)> {
        let mut current = self.0.lock();
        if current.is_closed {
            return Err(io::Error::other("this process is about to end"));
        }
        let (started, pid) = start()?;
        (current.pid, current.group) = (Some(pid), Some(pid));
        Ok((started, pid))
    }

    /// Nothing is left of this child, or nobody looks after what is.
    pub(super) fn forget(&self, child: Pid) {
        let mut current = self.0.lock();
        // Another one may run by now.
        current.pid = current.pid.filter(|pid| *pid != child);
        current.group = current.group.filter(|group| *group != child);
    }

    /// Asks whether the child has ended; from then on there is none, but perhaps others of its group.
    pub(super) fn until_ended<T>(&self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let mut current = self.0.lock();
        let ended = poll();
        if ended.is_ready() {
            current.pid = None;
            current.group = current.group.filter(|group| test_kill_process_group(*group).is_ok());
        }
        ended
    }
}
