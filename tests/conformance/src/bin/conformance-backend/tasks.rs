//! `healthcheck`, `tasks` and `tasksprotected`.

use axum::{
    Extension, Router,
    body::Body,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use greenroom::{http::HttpError, prelude::*};
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
            let queue = async move |Path(task): Path<String>, Extension(Parsed(body)): Extension<Parsed>| {
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
            http.mount(router.layer(from_fn(parse)));
            if open {
                http.add_auth_policy("/task", AuthPolicy::Unauthenticated)?;
            }
            Ok(())
        });
    })
}

/// The body of a request, read before any route is looked for.
#[derive(Clone)]
struct Parsed(Value);

async fn parse(request: Request, next: Next) -> Result<Response, HttpError> {
    let (parts, body) = request.into_parts();
    // As `express.json()`: one of no bytes is a body, too, where its length is told.
    let is_there = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
        .iter()
        .any(|name| parts.headers.contains_key(name));
    let body = if !is_there {
        json!({})
    } else {
        let mut read = Request::new(body);
        read.headers_mut().clone_from(&parts.headers);
        let Json(body) = Json::<Value>::from_request(read, &()).await?;
        body
    };
    let mut request = Request::from_parts(parts, Body::empty());
    request.extensions_mut().insert(Parsed(body));
    Ok(next.run(request).await)
}
