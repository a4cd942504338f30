//! A backend with the plugin, and a kind of task that ends when the test says so.

use std::sync::Arc;

use greenroom::prelude::*;
use greenroom_plugin_tasks::{TaskContext, TaskRunner, TaskRunners, tasks};
use greenroom_test::{RunningTestBackend, TestBackend, TestRequest};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// The plugin with a kind more, under some config.
pub(crate) fn backend_with(kind: &'static str, runner: impl TaskRunner, config: Value) -> TestBackend {
    let added = module("tasks", kind, move |env| {
        env.register_init(async move |runners: TaskRunners| runners.add(kind, runner));
    });
    TestBackend::new().config(config).add(tasks()).add(added)
}

/// Tasks of the kind `gate` run until they are let through.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    pub(crate) fn let_through(&self, count: usize) {
        self.0.add_permits(count);
    }

    /// The plugin with this kind.
    pub(crate) fn backend(&self, config: Value) -> TestBackend {
        backend_with("gate", self.clone(), config)
    }
}

impl TaskRunner for Gate {
    async fn run(&self, task: TaskContext) -> Result<Value> {
        self.0.acquire().await?.forget();
        Ok(json!({"let through": *task.id}))
    }
}

/// A request to queue a task.
pub(crate) fn queue(backend: &RunningTestBackend, id: &str, kind: &str) -> TestRequest {
    backend.post_json(&format!("/api/tasks/task/{id}/queue"), &json!({"kind": kind}))
}

/// A request for the results of a task.
pub(crate) fn results(backend: &RunningTestBackend, id: &str) -> TestRequest {
    backend.get(&format!("/api/tasks/task/{id}/results"))
}

/// Waits until a line of a task is logged.
pub(crate) async fn line(backend: &RunningTestBackend, id: &str, message: &str) -> Value {
    backend.await_log(|line| line["task"] == id && line["message"] == message).await
}

/// The name and the message of an error body.
pub(crate) fn error(body: &Value) -> (&str, &str) {
    (body["error"]["name"].as_str().unwrap(), body["error"]["message"].as_str().unwrap())
}
