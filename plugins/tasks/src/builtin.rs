//! The kinds that need no module.

use std::time::Duration;

use greenroom::prelude::*;
use serde_json::{Value, json};

use crate::TaskContext;

/// The kind of tasks that are queued without one.
pub(crate) const ECHO: &str = "echo";

/// The longest wait.
const MOST: f64 = 60.0;

/// Returns its input.
pub(crate) async fn echo(task: TaskContext) -> Result<Value> {
    Ok(task.input)
}

/// Waits for `{"seconds": …}`, so that there is something to watch.
pub(crate) async fn wait(task: TaskContext) -> Result<Value> {
    let seconds = task.input["seconds"].as_f64().filter(|seconds| (0.0..=MOST).contains(seconds));
    let seconds =
        seconds.ok_or_else(|| Error::input(format!("`seconds` must be a number from 0 to {MOST}")))?;
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    Ok(json!({"waited": seconds}))
}
