//! A plugin that is slow to start.

use std::time::Duration;

use axum::{Router, routing::get};
use greenroom::prelude::*;
use serde_json::json;

pub(crate) fn slow() -> Plugin {
    plugin("slow", |env| {
        env.register_init(async |logger: Logger, http: HttpRouter| {
            http.mount(Router::new().route("/hi", get(async || Json(json!({"hi": 1})))));
            http.add_auth_policy("/", AuthPolicy::Unauthenticated)?;
            let millis = std::env::var("SLOW_MS").ok().and_then(|millis| millis.parse().ok());
            tokio::time::sleep(Duration::from_millis(millis.unwrap_or(5000))).await;
            logger.info("slow done");
            Ok(())
        });
    })
}
