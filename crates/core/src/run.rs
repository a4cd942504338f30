//! A backend as a process: signals and exit codes.

use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    backend::{Backend, Running},
    start_error::StartError,
};

impl Backend {
    /// Starts, serves until SIGTERM or SIGINT, stops.
    ///
    /// Exit codes: 0 stopped, 1 the start failed, 130 or 143 forced by a second signal. A signal during the start
    /// waits for it to settle.
    pub async fn run(self) -> ExitCode {
        self.run_with(async |_| {}, tell_on_stderr).await
    }

    /// The same, and calls `ready` once up, or `failed` when the start failed and the process will exit.
    pub async fn run_with(
        self,
        ready: impl AsyncFnOnce(&Running),
        failed: impl FnOnce(&StartError),
    ) -> ExitCode {
        let mut signals = match Signals::new() {
            Ok(signals) => signals,
            Err(error) => {
                failed(&StartError::Boot(greenroom_errors::Error::from_any(error)));
                return ExitCode::FAILURE;
            }
        };
        let (running, started) = self.launch().await;
        let code = match started {
            Ok(()) => {
                ready(&running).await;
                signals.next().await;
                ExitCode::SUCCESS
            }
            Err(_) if running.serves_failure() => {
                signals.next().await;
                ExitCode::SUCCESS
            }
            Err(error) => {
                failed(&error);
                ExitCode::FAILURE
            }
        };
        stop(running, &mut signals, code).await
    }
}

/// What failed before there was a logger is told here; the rest is in the log.
#[expect(clippy::print_stderr, reason = "there may be no logger yet")]
fn tell_on_stderr(failed: &StartError) {
    if let StartError::Graph(_) | StartError::Boot(_) = failed {
        eprintln!("{failed}");
    }
}

/// Stops, unless a signal comes first: then what hangs is left behind.
async fn stop(running: Running, signals: &mut Signals, code: ExitCode) -> ExitCode {
    let observer = running.observer();
    tokio::select! {
        () = running.stop() => code,
        number = signals.next() => {
            observer.close();
            std::process::exit(128 + number);
        }
    }
}

struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }

    /// The next signal's number.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.term.recv() => SignalKind::terminate().as_raw_value(),
            _ = self.int.recv() => SignalKind::interrupt().as_raw_value(),
        }
    }
}
