//! The child process: its start, its end, and that none is left behind.

mod input;
mod signals;
mod stop;
mod target;

use std::{
    future::{Future, poll_fn},
    io,
    pin::pin,
    process::Stdio,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process;

use crate::{ChildCommand, Ended, Exit, Output, output::Reading};

pub use input::Input;
pub use signals::forward_signals;
pub use stop::{Stopped, StoppedBy};
pub use target::Target;

/// A process that we have started. Whoever drops it kills it, with all of its process group.
///
/// ```
/// use greenroom_wrap::{Child, ChildCommand, Environment, Target};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let command = ChildCommand::new(["sh", "-c", "exit 7"].map(Into::into), "/", Environment::new()).unwrap();
/// let mut child = Child::start(&command, &Target::default(), None).unwrap();
/// assert_eq!(child.wait().await.exit_code(), 7);
/// # })
/// ```
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    target: Target,
    /// Its number, which is that of its group.
    pid: Pid,
    started: Instant,
    ended: Option<Ended>,
    /// Nobody of the group is left, or has been since.
    is_group_gone: bool,
    /// Who reads what it prints.
    reading: Option<Reading>,
}

impl Child {
    /// Starts a command. What it writes goes where our own output goes; it reads nothing, or what `input` reads. As long as it
    /// runs, `target` is it; and those whom it leaves, until they have ended.
    ///
    /// # Errors
    /// When the program is not there or cannot be run, outside of a runtime, and after [`Target::kill_group`].
    pub fn start(command: &ChildCommand, target: &Target, input: Option<&Input>) -> io::Result<Self> {
        Self::start_into(command, target, input, None)
    }

    /// The same, and what it writes goes to `output`, if there is one.
    ///
    /// # Errors
    /// As [`start`](Self::start), and when the system has no pipe or no thread left.
    pub fn start_into(
        command: &ChildCommand,
        target: &Target,
        input: Option<&Input>,
        output: Option<&Output>,
    ) -> io::Result<Self> {
        let mut start = process::Command::new(&command.program);
        start.args(&command.args).current_dir(&command.cwd).env_clear().envs(&command.env);
        // Not killed by tokio when it is dropped: we kill its group, too.
        start.process_group(0).kill_on_drop(false);
        start.stdin(input.map_or_else(|| Ok(Stdio::null()), Input::connect)?);
        let reading = match output {
            None => None,
            Some(output) => {
                let (stdout, stderr, reading) = output.connect()?;
                start.stdout(stdout).stderr(stderr);
                Some(reading)
            }
        };
        let (process, pid) = target.start(|| {
            let process = start.spawn().map_err(|error| unstartable(command, &error))?;
            let pid = process.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
            Ok((process, pid.ok_or_else(|| io::Error::other("the child has no process id"))?))
        })?;
        let (target, started) = (target.clone(), Instant::now());
        Ok(Self { process, target, pid, started, ended: None, is_group_gone: false, reading })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_pid().cast_unsigned()
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Waits for its end. May be called again, and given up at any time.
    pub async fn wait(&mut self) -> Ended {
        if let Some(ended) = self.ended {
            return ended;
        }
        let status = {
            let mut status = pin!(self.process.wait());
            // The system may give its number to another process once its status is taken: no signal may come in between.
            poll_fn(|cx| self.target.until_ended(|| status.as_mut().poll(cx))).await
        };
        self.set_ended(status.into())
    }

    /// Waits until all that it has printed is read: to its end, or for a second from now, since others may hold its streams for ever;
    /// those of its group should have ended. What goes to our own output is awaited as long as it takes whoever gets it. May be given up at any time.
    pub async fn read_out(&mut self) {
        if let Some(reading) = &mut self.reading {
            reading.end().await;
        }
    }

    /// The same, and for some seconds at most, whoever gets it.
    pub async fn read_out_soon(&mut self) {
        if let Some(reading) = &mut self.reading {
            reading.end_soon().await;
        }
    }

    fn set_ended(&mut self, exit: Exit) -> Ended {
        let ended = Ended { exit, uptime: self.started.elapsed() };
        self.ended = Some(ended);
        if test_kill_process_group(self.pid).is_err() {
            self.forget_group();
        }
        ended
    }

    fn forget_group(&mut self) {
        self.is_group_gone = true;
        self.target.forget(self.pid);
    }

    fn kill_group(&mut self) {
        if !self.is_group_gone {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill_group();
        self.target.forget(self.pid);
    }
}

fn unstartable(command: &ChildCommand, error: &io::Error) -> io::Error {
    let (program, cwd) = (command.program.display(), command.cwd.display());
    let text = match error.kind() {
        // The system says the same of both.
        io::ErrorKind::NotFound if !command.cwd.is_dir() => {
            format!("cannot run {program}: there is no directory {cwd}")
        }
        io::ErrorKind::NotFound => format!("cannot run {program}: there is no such program"),
        _ => format!("cannot run {program}: {error}"),
    };
    io::Error::new(error.kind(), text)
}
