//! A plugin whose log lines say which task they are about.

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use greenroom::prelude::*;
use greenroom_defaults::create_backend;
use serde_json::{Value, json};

// region: router
/// The routes of the plugin, below `/api/tasks`.
fn create_router(logger: Logger) -> Router {
    Router::new()
        .route("/task/{task_id}/queue", post(queue))
        .route("/task/{task_id}/results", get(results))
        .with_state(logger)
}

async fn queue(State(logger): State<Logger>, Path(task_id): Path<String>) -> StatusCode {
    let task_logger = logger.child(fields! { task: task_id });
    task_logger.info("Queueing this task.");
    StatusCode::ACCEPTED
}

async fn results(State(logger): State<Logger>, Path(task_id): Path<String>) -> Json<Value> {
    let task_logger = logger.child(fields! { task: &task_id });
    task_logger.info("Getting the results of this task.");
    Json(json!({ "task": task_id, "results": [] }))
}
// endregion

// region: plugin
fn tasks() -> Plugin {
    plugin("tasks", |env| {
        env.register_init(async |logger: Logger, http: HttpRouter| {
            http.mount(create_router(logger));
            // Callers need credentials unless a policy says otherwise; this one lets `curl` in.
            http.add_auth_policy("/task", AuthPolicy::Unauthenticated)
        });
    })
}

#[tokio::main]
async fn main() {
    create_backend().add(tasks()).run().await
}
// endregion
