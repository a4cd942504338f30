//! The old backend's status check: any method, any path below, and logic of one's own that may fail.

use axum::Router;
use greenroom::prelude::*;
use greenroom_defaults::create_backend;
use serde_json::{Value, json};

// region: status-check
/// Your own logic: here, a file that somebody put there.
async fn status_check() -> HandlerResult<Json<Value>> {
    if std::path::Path::new("maintenance").exists() {
        Err(Error::service_unavailable("Down for maintenance"))?;
    }
    Ok(Json(json!({ "status": "ok" })))
}

fn health_check() -> Plugin {
    plugin("healthcheck", |env| {
        env.register_init(async |http: RootHttpRouter| {
            http.mount("/healthcheck", Router::new().fallback(status_check))
        });
    })
}

#[tokio::main]
async fn main() {
    create_backend().add(health_check()).run().await
}
// endregion
