//! Queues tasks and tells their results, every log line of a task carrying its id.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_plugin_tasks::tasks;
//! # use greenroom_test::TestBackend as Backend;
//! use serde_json::json;
//!
//! let backend = Backend::new().add(tasks()).start().await.unwrap();
//! let queued = backend.post_json("/api/tasks/task/7/queue", &json!({"kind": "echo", "input": "hello"})).await;
//! assert_eq!(queued.status, 202);
//!
//! backend.await_log(|line| line["task"] == "7" && line["message"] == "Task finished").await;
//! let task = backend.get("/api/tasks/task/7/results").await.json();
//! assert_eq!((&task["state"], &task["result"]), (&json!("succeeded"), &json!("hello")));
//! # }
//! ```
//!
//! # Routes
//!
//! Callers need credentials. The id of a task is the caller's choice, at most 128 characters.
//!
//! * `POST /api/tasks/task/{taskId}/queue`, with an optional JSON body `{"kind": …, "input": …}`; without a kind it is
//!   `echo`. 202 with the task, 400 for a kind that is not there, 409 for a task that is queued or running already,
//!   503 when the queue is full. A finished task may be queued again; its result is then gone.
//! * `GET /api/tasks/task/{taskId}/results`: 200 with the task, 404 for one that was never queued or is forgotten.
//!
//! A task reads `{"task": "7", "kind": "echo", "state": "succeeded", "queuedAt": …, "startedAt": …, "finishedAt": …,
//! "result": …}`. Its state is `queued`, `running`, `succeeded` or `failed`; a failed one has `error` with `name` and
//! `message` instead of `result`.
//!
//! # Kinds
//!
//! `echo` returns its input. `wait` takes `{"seconds": 0 to 60}`. Others come from modules, through [`TaskRunners`].
//!
//! # Config
//!
//! ```yaml
//! tasks:
//!   workers: 2          # how many run at a time, 1 to 256
//!   queueSize: 1000     # how many wait, up to a million
//!   keepResults: 1000   # how many finished ones are kept, up to a million; the oldest goes first
//!   timeout: 60s        # how long one may run
//! ```
//!
//! All is in memory: a stop waits for running tasks as long as shutdown hooks may take, and drops what is queued. The
//! health check `tasks.queue` fails while the queue is full.

mod builtin;
mod queue;
mod routes;
mod runner;
mod settings;
mod task;
mod worker;

use std::sync::Arc;

use greenroom::prelude::*;

use crate::{queue::Queue, settings::Settings};

pub use crate::runner::{TaskContext, TaskRunner, TaskRunners};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

/// The plugin `tasks`. See the [crate's documentation](crate).
pub fn tasks() -> Plugin {
    plugin("tasks", |env| {
        let runners = TaskRunners::default();
        env.register_extension_point(runners.clone());
        env.register_init(
            async move |config: RootConfig,
                        logger: Logger,
                        http: HttpRouter,
                        health: HealthChecks,
                        lifecycle: Lifecycle| {
                let settings = Settings::from_config(&config)?;
                let queue = Arc::new(Queue::new(&settings));
                let workers = worker::start(&queue, &settings);
                let (checked, stopped) = (queue.clone(), queue.clone());
                health.check("queue", async move || checked.check());
                http.mount(routes::router(queue, runners, logger.clone()));
                lifecycle.add_shutdown_hook("finish running tasks", async move || {
                    let dropped = stopped.close();
                    if dropped > 0 {
                        warn!(logger, count = dropped, "Queued tasks were dropped");
                    }
                    for worker in workers {
                        // One that was ended by force has said so.
                        let _ = worker.await;
                    }
                    Ok(())
                })
            },
        );
    })
    .config_schema(CONFIG_SCHEMA)
    .reads(Settings::from_config)
}
