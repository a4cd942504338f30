//! Answers to probes of one's own: readiness names the running version.

use std::{future::Future, pin::Pin};

use greenroom::{
    core::State,
    health::{HealthResponse, Probe, RootHealthService},
    prelude::*,
};
use greenroom_defaults::create_backend;
use serde_json::json;

// region: replace
struct Versioned {
    lifecycle: RootLifecycle,
}

impl RootHealthService for Versioned {
    fn readiness<'a>(&'a self, _: &'a Probe) -> Pin<Box<dyn Future<Output = HealthResponse> + Send + 'a>> {
        let state = *self.lifecycle.state().borrow();
        Box::pin(async move {
            match state {
                State::Started => HealthResponse {
                    status: 200,
                    payload: Some(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }).into()),
                },
                _ => HealthResponse::unavailable("Not now"),
            }
        })
    }
    // `liveness` has a default: 200 for as long as the process answers.
}

fn my_root_health() -> ServiceFactory {
    service(async |lifecycle: RootLifecycle| Ok(RootHealth::new(Versioned { lifecycle })))
}

#[tokio::main]
async fn main() {
    create_backend().add(my_root_health()).run().await
}
// endregion
