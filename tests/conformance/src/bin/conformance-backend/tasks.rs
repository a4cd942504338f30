//! `healthcheck`, `tasks` and `tasksprotected`.

use axum::{
    Router,
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
};
use greenroom::prelude::*;
use serde_json::{Value, json};

pub(crate) fn healthcheck() -> Plugin {
    plugin("healthcheck", |env| {
        env.register_init(async |http: RootHttpRouter| {
            let ok = get(async || Json(json!({"status": "ok"})));
            http.mount("/healthcheck", Router::new().route("/", ok))
        });
    })
}

pub(crate) fn tasks(open: bool) -> Plugin {
    plugin("tasks", move |env| {
        env.register_init(async move |logger: Logger, http: HttpRouter| {
            let log = logger.clone();
            let queue = async move |Path(task): Path<String>, Json(body): Json<Value>| {
                log.child(fields! { task: &task }).info("Queueing task");
                (StatusCode::ACCEPTED, Json(json!({"task": task, "queued": true, "body": body})))
                    .into_response()
            };
            let results = async move |Path(task): Path<String>| {
                logger.child(fields! { task: &task }).info("Fetching results");
                Json(json!({"task": task, "status": "done"}))
            };
            let router = Router::new()
                .route("/task/{task}/queue", post(queue))
                .route("/task/{task}/results", get(results));
            http.mount(router);
            if open {
                http.add_auth_policy("/task", Allow::Unauthenticated)?;
            }
            Ok(())
        });
    })
}
