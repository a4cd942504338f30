//! Workers: take a job, run it within its time, tell how it ended.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use greenroom::{context::catch_panic, prelude::*};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{
    TaskContext,
    queue::{Job, Queue},
    runner::AnyRunner,
    settings::Settings,
    task::shown,
};

/// The most that is kept of one task.
const MAX_RESULT: usize = 1024 * 1024;

/// Starts the workers; each ends once the queue is closed and its task is done.
pub(crate) fn start(queue: &Arc<Queue>, settings: &Settings) -> Vec<JoinHandle<Option<()>>> {
    let timeout = settings.timeout;
    let worker = |_| {
        let queue = queue.clone();
        spawn("worker", async move {
            while let Some(job) = queue.next().await {
                let Job { task, runner, context } = job;
                // The lines about a task belong to the request that queued it, as those of the task do.
                context.scope(run(&queue, task, runner, timeout)).await;
            }
        })
    };
    (0..settings.workers).map(worker).collect()
}

async fn run(queue: &Queue, task: TaskContext, runner: Arc<dyn AnyRunner>, timeout: Duration) {
    let running = Running::begin(queue, &task);
    // Everything of the runner's is inside, its end by timeout too: what panics there fails this task alone.
    let work = async move { tokio::time::timeout(timeout, runner.run_boxed(task)).await };
    match catch_panic(work).await {
        Ok(Ok(Ok(result))) => match fits(&result) {
            Ok(()) => running.succeeded(result),
            Err(error) => running.failed(&error, shown(&error)),
        },
        Ok(Ok(Err(error))) => {
            let error = Error::from_any(error);
            running.failed(&error, shown(&error));
        }
        Ok(Err(_)) => {
            let text = format!("The task took longer than {} s", timeout.as_secs_f64());
            let error = Error::named("TimeoutError", text);
            running.failed(&error, shown(&error));
        }
        Err(panic) => {
            // Its text may hold anything: only the log tells it.
            let error = Error::new(panic.to_string());
            running.failed(&error, shown(&Error::new("The task panicked")));
        }
    }
}

fn fits(result: &Value) -> Result<(), Error> {
    match serde_json::to_vec(result) {
        Ok(text) if text.len() <= MAX_RESULT => Ok(()),
        Ok(text) => Err(Error::new(format!(
            "The result has {} bytes of JSON, at most {MAX_RESULT} are kept",
            text.len()
        ))),
        Err(error) => Err(Error::from_any(error)),
    }
}

/// A task at work. Dropped before its end, because the backend stops, it has failed.
struct Running<'a> {
    queue: &'a Queue,
    id: Arc<str>,
    kind: Arc<str>,
    logger: Logger,
    began: Instant,
    ended: bool,
}

impl<'a> Running<'a> {
    fn begin(queue: &'a Queue, task: &TaskContext) -> Self {
        let TaskContext { id, kind, logger, .. } = task.clone();
        info!(logger, kind = &*kind, "Task started");
        Self { queue, id, kind, logger, began: Instant::now(), ended: false }
    }

    fn succeeded(mut self, result: Value) {
        self.ended = true;
        self.queue.finish(&self.id, Ok(result));
        info!(self.logger, kind = &*self.kind, durationMs = self.millis(), "Task finished");
    }

    fn failed(mut self, error: &Error, shown: Value) {
        self.fail(error, shown);
    }

    fn fail(&mut self, error: &Error, shown: Value) {
        self.ended = true;
        self.queue.finish(&self.id, Err(shown));
        error!(self.logger, kind = &*self.kind, durationMs = self.millis(), error = error, "Task failed");
    }

    /// In milliseconds, to the microsecond.
    fn millis(&self) -> f64 {
        (self.began.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let error = Error::service_unavailable("The backend stopped before the task had ended");
            self.fail(&error, shown(&error));
        }
    }
}
