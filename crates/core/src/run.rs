//! A backend as a process: from its start to its exit code.

use std::{process::ExitCode, sync::Arc};

use greenroom_errors::Error;

use crate::{
    backend::{Backend, Running},
    boot::OnStartFailure,
    process::{self, Membership},
    start_error::StartError,
    stop::Stop,
};

impl Backend {
    /// Starts, serves until SIGTERM, SIGINT or [`stop_backends`](crate::stop_backends), stops, and ends the process.
    ///
    /// ```no_run
    /// use greenroom_core::{Backend, plugin};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let hello = plugin("hello", |env| env.register_init(async || Ok(())));
    ///     Backend::new([]).add(hello).run().await
    /// }
    /// ```
    ///
    /// Exit codes: 0 stopped, 1 the start failed, 130 or 143 forced by a second signal. A signal during the start gives it
    /// up and stops what did start. Several backends of a process end it together, once the last one has stopped.
    ///
    /// As in Node, nothing outlasts the stop: work on blocking threads that is not done is left behind, and what is written
    /// below this call is never reached. What there is to do at the end belongs in a
    /// [shutdown hook](crate::RootLifecycle::add_shutdown_hook).
    pub async fn run(self) -> ! {
        let (code, process) = self.serve(async |_| {}, tell_on_stderr).await;
        process::end(code != 0, process).await
    }

    /// The same for a program that has something to do before and after: calls `ready` once up, and returns the exit code
    /// once stopped. When the start failed it calls `failed` last of all, so that what this prints stands below the log.
    ///
    /// Signals are served until the process has ended, so end it when this returns. A runtime that is dropped waits for its
    /// blocking threads, however long; `Runtime::shutdown_timeout` leaves them behind.
    pub async fn run_with(
        self,
        ready: impl AsyncFnOnce(&Running),
        failed: impl FnOnce(&StartError),
    ) -> ExitCode {
        self.serve(ready, failed).await.0.into()
    }

    /// The exit code, and what keeps the process from ending with another backend.
    async fn serve(
        self,
        ready: impl AsyncFnOnce(&Running),
        failed: impl FnOnce(&StartError),
    ) -> (u8, Option<Membership>) {
        let stop = Arc::new(Stop::new());
        let mut process = match Membership::enter(&stop) {
            Ok(process) => process,
            Err(error) => {
                failed(&StartError::Boot(Error::from_any(error)));
                return (1, None);
            }
        };
        // A signal drops the start where it stands; what did start is stopped in order.
        let started = tokio::select! {
            biased;
            () = process.told_to_stop() => None,
            started = self.launch(&stop) => Some(started),
        };
        let failure = match started {
            None => None,
            Some(Ok(running)) => {
                ready(&running).await;
                process.told_to_stop().await;
                None
            }
            Some(Err(_)) if stop.boot().policy.on_start_failure == OnStartFailure::Serve => {
                process.told_to_stop().await;
                None
            }
            Some(Err(error)) => Some(error),
        };
        stop.run().await;
        let code = failure.map_or(0, |error| {
            failed(&error);
            1
        });
        (code, Some(process))
    }
}

/// What failed before there was a logger is told here; the rest is in the log.
#[expect(clippy::print_stderr, reason = "there may be no logger yet")]
fn tell_on_stderr(failed: &StartError) {
    if failed.is_untold() {
        eprintln!("{failed}");
    }
}
