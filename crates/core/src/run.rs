//! A backend as a process: signals and exit codes.

use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    backend::{Backend, Running},
    boot::BootReport,
    start_error::StartError,
};

impl Backend {
    /// Starts, serves until SIGTERM or SIGINT, stops.
    ///
    /// Exit codes: 0 stopped, 1 the start failed, 130 or 143 forced by a second signal. A signal during the start
    /// waits for it to settle.
    pub async fn run(self) -> ExitCode {
        self.run_with(|_| {}, |_| {}).await
    }

    /// The same, and calls `ready` once up, or `failed` when the start failed and the process will exit.
    pub async fn run_with(
        self,
        ready: impl FnOnce(&BootReport),
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
                ready(running.report());
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
