//! A health check route as a plugin of its own.

use axum::Router;
use greenroom::prelude::*;
use greenroom_defaults::create_backend;
use serde_json::json;

// region: plugin
fn health_check() -> Plugin {
    plugin("healthcheck", |env| {
        env.register_init(async |root_http_router: RootHttpRouter| {
            // Route and answer are yours to choose.
            let ok = async || Json(json!({ "status": "ok" }));
            root_http_router.mount("/healthcheck", Router::new().fallback(ok))
        });
    })
}

#[tokio::main]
async fn main() {
    create_backend().add(health_check()).run().await
}
// endregion
