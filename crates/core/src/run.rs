//! A backend as a process: signals and exit codes.

use std::{process::ExitCode, sync::Arc};

use greenroom_context::spawn_thread;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

use crate::{
    backend::{Backend, Running},
    boot::{BootEvent, OnStartFailure},
    start_error::StartError,
    stop::Stop,
};

impl Backend {
    /// Starts, serves until SIGTERM or SIGINT, stops.
    ///
    /// Exit codes: 0 stopped, 1 the start failed, 130 or 143 forced by a second signal. A signal during the start gives it
    /// up and stops what did start. Signals are served until the process has ended, so end it when this returns; work on
    /// blocking threads that outlasts the stop is left behind by `Runtime::shutdown_timeout`.
    pub async fn run(self) -> ExitCode {
        self.run_with(async |_| {}, tell_on_stderr).await
    }

    /// The same, and calls `ready` once up, or `failed` when the start failed and the process will exit.
    pub async fn run_with(
        self,
        ready: impl AsyncFnOnce(&Running),
        failed: impl FnOnce(&StartError),
    ) -> ExitCode {
        let stop = Arc::new(Stop::new());
        let mut signal = match serve_signals(stop.clone()) {
            Ok(signal) => signal,
            Err(error) => {
                failed(&StartError::Boot(greenroom_errors::Error::from_any(error)));
                return ExitCode::FAILURE;
            }
        };
        // A signal drops the start where it stands; what did start is stopped in order.
        let started = tokio::select! {
            biased;
            _ = &mut signal => None,
            started = self.launch(&stop) => Some(started),
        };
        let code = match started {
            None => ExitCode::SUCCESS,
            Some(Ok(running)) => {
                ready(&running).await;
                let _ = signal.await;
                ExitCode::SUCCESS
            }
            Some(Err(_)) if stop.boot().policy.on_start_failure == OnStartFailure::Serve => {
                let _ = signal.await;
                ExitCode::SUCCESS
            }
            Some(Err(error)) => {
                failed(&error);
                ExitCode::FAILURE
            }
        };
        stop.run().await;
        code
    }
}

/// What failed before there was a logger is told here; the rest is in the log.
#[expect(clippy::print_stderr, reason = "there may be no logger yet")]
fn tell_on_stderr(failed: &StartError) {
    if let StartError::Graph(_) | StartError::Boot(_) = failed {
        eprintln!("{failed}");
    }
}

/// Resolves at the first signal; the second one ends the process, until it is gone: a thread of its own serves them, so that
/// neither a blocked runtime nor one that waits for its end is in the way.
fn serve_signals(stop: Arc<Stop>) -> std::io::Result<oneshot::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _runtime = runtime.enter();
        Signals::new()?
    };
    let (first, told) = oneshot::channel();
    spawn_thread("signals", move || {
        runtime.block_on(async {
            let mut signal = signals.next().await;
            // Once nobody waits for the first one any more, the process is at its end already.
            if !first.is_closed() {
                stop.boot().observer.on(&BootEvent::Signal(signal.name));
            }
            if first.send(()).is_ok() {
                signal = signals.next().await;
            }
            let observer = &stop.boot().observer;
            observer.on(&BootEvent::Forced(signal.name));
            observer.close();
            std::process::exit(128 + signal.number);
        })
    })?;
    Ok(told)
}

struct Received {
    name: &'static str,
    number: i32,
}

struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> Received {
        tokio::select! {
            _ = self.term.recv() => Received { name: "SIGTERM", number: SignalKind::terminate().as_raw_value() },
            _ = self.int.recv() => Received { name: "SIGINT", number: SignalKind::interrupt().as_raw_value() },
        }
    }
}
