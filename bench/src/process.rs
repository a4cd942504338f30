//! Child processes that never outlive the measurement.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Read};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::signal::unix::{SignalKind, signal};

/// How often the end of a process is looked for.
const POLL: Duration = Duration::from_millis(10);

/// Those that are running.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Where something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    /// What is measured.
    Server = 0,
    /// What measures.
    Load = 1,
}

impl Core {
    /// Keeps the calling thread, and what it starts, there.
    pub fn pin(self) -> io::Result<()> {
        let mut cores = CpuSet::new();
        cores.set(self as usize);
        sched_setaffinity(None, &cores).map_err(|error| {
            let text = format!("cannot run on core {}: two cores are needed ({error})", self as usize);
            io::Error::new(ErrorKind::Unsupported, text)
        })
    }
}

/// A child process; killed when dropped, and when this process is asked to end.
#[derive(Debug)]
pub struct Process {
    child: Child,
    started: Instant,
}

impl Process {
    /// Starts it there. The caller's thread belongs to [`Core::Load`] afterwards.
    pub fn start(command: &mut Command, core: Core) -> io::Result<Self> {
        // Held until the process is noted, so that the end of ours does not miss it.
        let mut running = RUNNING.lock();
        core.pin()?;
        let started = Instant::now();
        let child = command.spawn();
        Core::Load.pin()?;
        let child = child.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", command.get_program().display()))
        })?;
        running.insert(child.id());
        Ok(Self { child, started })
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Fails if it has ended.
    pub fn still_runs(&mut self) -> io::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(io::Error::new(ErrorKind::BrokenPipe, format!("it has ended ({status})"))),
        }
    }

    /// Waits for its end and returns what it has printed.
    pub fn output(&mut self, limit: Duration) -> io::Result<String> {
        let mut stdout = self.child.stdout.take();
        let mut stderr = self.child.stderr.take();
        // Little enough for a pipe to hold.
        let status = self.wait(limit)?;
        let mut text = String::new();
        if let Some(stdout) = &mut stdout {
            stdout.read_to_string(&mut text)?;
        }
        if let Some(stderr) = &mut stderr {
            stderr.read_to_string(&mut text)?;
        }
        match status.success() {
            true => Ok(text),
            false => Err(io::Error::other(format!("it ended with {status}: {text}"))),
        }
    }

    /// Asks it to end, and makes it.
    pub fn stop(mut self, limit: Duration) -> io::Result<()> {
        send(self.id(), Signal::TERM);
        self.wait(limit).map(drop)
    }

    /// Waits for its end.
    pub fn wait(&mut self, limit: Duration) -> io::Result<ExitStatus> {
        let end = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > end {
                return Err(io::Error::new(ErrorKind::TimedOut, format!("it did not end within {limit:?}")));
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Does nothing to one that has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
        RUNNING.lock().remove(&self.child.id());
    }
}

fn send(process: u32, signal: Signal) {
    if let Some(process) = Pid::from_raw(process.cast_signed()) {
        let _ = kill_process(process, signal);
    }
}

/// From now on, a signal to end takes the children along.
pub fn end_with_children() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    #[expect(clippy::disallowed_methods, reason = "a benchmark is no backend")]
    let started = thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
            let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else { return };
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {}, _ = hangup.recv() => {} }
            // Held to the end, so that nothing is started meanwhile.
            let running = RUNNING.lock();
            running.iter().for_each(|&process| send(process, Signal::KILL));
            std::process::exit(130);
        });
    });
    started.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_process_is_gone() {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let id = child.id();
        RUNNING.lock().insert(id);
        drop(Process { child, started: Instant::now() });
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
        assert!(!RUNNING.lock().contains(&id));
    }
}
