//! What the child reads: nothing, or what comes to us from a terminal.
//!
//! It cannot read the terminal itself: its process group is none of the foreground, and such a one is stopped by SIGTTIN. Yet
//! `backstage-cli` starts its backend anew at Enter.

use std::{
    fmt,
    io::{self, IsTerminal, PipeWriter, Read, Write},
    process::Stdio,
    sync::Arc,
};

use greenroom_context::spawn_thread;
use parking_lot::Mutex;
use rustix::{process::getpgrp, termios::tcgetpgrp};

/// What is copied to the child that runs now; what comes while none runs is lost.
#[derive(Clone)]
pub struct Input {
    state: Arc<Mutex<Copying>>,
}

/// To whom it is copied.
enum Copying {
    /// To nobody yet, or to nobody any more.
    To(Option<Arc<PipeWriter>>),
    /// There is nothing more to read.
    Ended,
}

impl Input {
    /// What we read ourselves, if that is a terminal and we may read it.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn terminal() -> io::Result<Option<Self>> {
        let stdin = io::stdin();
        let is_foreground = tcgetpgrp(&stdin).is_ok_and(|group| group == getpgrp());
        if stdin.is_terminal() && is_foreground { Self::copy(stdin).map(Some) } else { Ok(None) }
    }

    /// Whatever can be read from `source`, by a thread that waits for it.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn copy(mut source: impl Read + Send + 'static) -> io::Result<Self> {
        let input = Self { state: Arc::new(Mutex::new(Copying::To(None))) };
        let state = input.state.clone();
        spawn_thread("terminal", move || {
            let mut bytes = [0; 4096];
            loop {
                match source.read(&mut bytes) {
                    Ok(0) => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => break,
                    Ok(length) => {
                        // Not written with the lock: a child that does not read must not be in the way of the next one.
                        let to = match &*state.lock() {
                            Copying::To(Some(pipe)) => pipe.clone(),
                            Copying::To(None) | Copying::Ended => continue,
                        };
                        // A child that is gone reads nothing.
                        let _ = (&*to).write_all(&bytes[..length]);
                    }
                }
            }
            // The child sees the end, too.
            *state.lock() = Copying::Ended;
        })?;
        Ok(input)
    }

    /// What a new child is to read.
    pub(super) fn connect(&self) -> io::Result<Stdio> {
        let mut state = self.state.lock();
        if let Copying::Ended = *state {
            return Ok(Stdio::null());
        }
        let (reader, writer) = io::pipe()?;
        *state = Copying::To(Some(Arc::new(writer)));
        Ok(reader.into())
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input")
    }
}
