//! Panics in the log: Node's `Uncaught exception` and `Unhandled rejection`.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic::{self, PanicHookInfo},
    thread,
    time::Duration,
};

use greenroom_context::note_panic;

use crate::{RootLogger, error};

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// The main thread may end with the panic, so that its line is waited for.
const MAIN: Duration = Duration::from_secs(2);

/// Another thread may be serving requests.
const OTHER: Duration = Duration::from_millis(100);

/// Panics are logged as long as this lives; then the hook that was there before is back.
#[must_use = "panics are logged as long as this lives"]
pub struct PanicHook(Option<Hook>);

impl RootLogger {
    /// Logs panics at error, in place of the standard hook's text on stderr.
    ///
    /// A panic in a task is Node's `Unhandled rejection`, one on a plain thread its `Uncaught exception`. The process
    /// goes on as the panic lets it; the line is on its way before the stack unwinds.
    pub fn log_panics(&self) -> PanicHook {
        let previous = panic::take_hook();
        let logger = self.clone();
        panic::set_hook(Box::new(move |info| report(&logger, info)));
        PanicHook(Some(previous))
    }
}

impl Drop for PanicHook {
    fn drop(&mut self) {
        // A panicking thread must not change the hook.
        if let Some(previous) = self.0.take().filter(|_| !thread::panicking()) {
            panic::set_hook(previous);
        }
    }
}

impl PanicHook {
    /// Logs panics until the process ends.
    pub fn forever(mut self) {
        self.0 = None;
    }
}

fn report(logger: &RootLogger, info: &PanicHookInfo<'_>) {
    // Whoever catches it tells of it, with its place.
    if note_panic(info) {
        return;
    }
    let text = info.payload_as_str().unwrap_or("a panic without text");
    let mut stack = format!("Error: {text}");
    if let Some(place) = info.location() {
        stack.push_str(&format!("\n    at {place}"));
    }
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        stack.push_str(&format!("\n{trace}"));
    }
    let (kind, what) = match tokio::task::try_id() {
        Some(_) => ("unhandledRejection", "Unhandled rejection"),
        None => ("uncaughtException", "Uncaught exception"),
    };
    error!(logger, type = kind, stack = stack, "{what} {text}");
    logger.flush(if thread::current().name() == Some("main") { MAIN } else { OTHER });
}
