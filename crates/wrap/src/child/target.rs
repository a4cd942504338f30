//! Whom a signal is for: the child that runs now, if one does.

use std::{sync::Arc, task::Poll};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The child that runs now. Whoever holds it can send signals at any time, and never to a process that only has its number.
#[derive(Clone, Debug, Default)]
pub struct Target(Arc<Mutex<Option<Pid>>>);

impl Target {
    /// Sends a signal to the child itself, not to what it has started. `false` if none runs.
    pub fn signal(&self, signal: Signal) -> bool {
        self.0.lock().is_some_and(|pid| kill_process(pid, signal).is_ok())
    }

    /// Kills the child with all of its process group, at once. `false` if none runs.
    ///
    /// For who ends the process without a stop in order: nothing else would end the child.
    pub fn kill_group(&self) -> bool {
        self.0.lock().is_some_and(|pid| kill_process_group(pid, Signal::KILL).is_ok())
    }

    /// Its process id.
    pub fn pid(&self) -> Option<u32> {
        self.0.lock().map(|pid| pid.as_raw_pid().cast_unsigned())
    }

    pub(super) fn set(&self, pid: Pid) {
        *self.0.lock() = Some(pid);
    }

    pub(super) fn clear(&self) {
        *self.0.lock() = None;
    }

    /// Asks whether the child has ended; from then on there is none.
    pub(super) fn until_ended<T>(&self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let mut pid = self.0.lock();
        let ended = poll();
        if ended.is_ready() {
            *pid = None;
        }
        ended
    }
}
