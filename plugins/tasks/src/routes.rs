//! The two routes of a task.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use greenroom::{context::Context, prelude::*};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    builtin,
    queue::{Job, Queue},
    runner::{TaskContext, TaskRunners},
};

/// The longest id and the longest kind, in characters: both are repeated in log lines.
const LONGEST: usize = 128;

#[derive(Clone)]
struct Tasks {
    queue: Arc<Queue>,
    runners: TaskRunners,
    logger: Logger,
}

/// What may be asked for; all of it is optional.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    kind: Option<String>,
    #[serde(default)]
    input: Value,
}

/// The routes, relative to the plugin.
pub(crate) fn router(queue: Arc<Queue>, runners: TaskRunners, logger: Logger) -> Router {
    Router::new()
        .route("/task/{taskId}/queue", post(queue_task))
        .route("/task/{taskId}/results", get(results))
        .with_state(Tasks { queue, runners, logger })
}

async fn queue_task(
    State(tasks): State<Tasks>,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> HandlerResult<(StatusCode, Json<Value>)> {
    let logger = tasks.logger_of(&id)?;
    logger.info("Queueing this task.");
    match tasks.add(id, body, logger.clone()) {
        Ok(task) => Ok((StatusCode::ACCEPTED, Json(task))),
        Err(error) => {
            info!(logger, error = &error, "Task not queued");
            Err(error.into())
        }
    }
}

async fn results(State(tasks): State<Tasks>, Path(id): Path<String>) -> HandlerResult<Json<Value>> {
    tasks.logger_of(&id)?.info("Getting the results of this task.");
    Ok(Json(tasks.queue.find(&id)?))
}

impl Tasks {
    /// The logger of all that is about one task.
    fn logger_of(&self, id: &str) -> Result<Logger, Error> {
        bounded("id", id)?;
        Ok(self.logger.child(fields! { task: id }))
    }

    fn add(&self, id: String, body: Map<String, Value>, logger: Logger) -> Result<Value, Error> {
        let Json(order) = Json::<Order>::from_value(body.into())?;
        let kind = order.kind.unwrap_or_else(|| builtin::ECHO.to_owned());
        bounded("kind", &kind)?;
        let runner = self.runners.get(&kind)?;
        let task = TaskContext { id: id.into(), kind: kind.into(), input: order.input, logger };
        self.queue.add(Job { task, runner, context: Context::current() })
    }
}

fn bounded(what: &str, text: &str) -> Result<(), Error> {
    match text.chars().nth(LONGEST) {
        None => Ok(()),
        Some(_) => Err(Error::input(format!("The {what} of a task has at most {LONGEST} characters"))),
    }
}
