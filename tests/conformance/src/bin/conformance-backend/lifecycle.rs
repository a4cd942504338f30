//! Plugins that are slow to start, fail to, or get in each other's way.

use std::time::Duration;

use axum::{Router, routing::get};
use greenroom::prelude::*;
use serde_json::json;

pub(crate) fn slow() -> Plugin {
    plugin("slow", |env| {
        env.register_init(async |logger: Logger, http: HttpRouter| {
            http.mount(Router::new().route("/hi", get(async || Json(json!({"hi": 1})))));
            http.add_auth_policy("/", Allow::Unauthenticated)?;
            let millis = std::env::var("SLOW_MS").ok().and_then(|millis| millis.parse().ok());
            tokio::time::sleep(Duration::from_millis(millis.unwrap_or(5000))).await;
            logger.info("slow done");
            Ok(())
        });
    })
}

pub(crate) fn thrower() -> Plugin {
    plugin("thrower", |env| env.register_init(async || Err(Error::new("init boom").into())))
}

pub(crate) fn throwing_module() -> Module {
    module("tasks", "badmod", |env| env.register_init(async || Err(Error::new("module boom").into())))
}

pub(crate) fn orphan_module() -> Module {
    module("nosuchplugin", "m", |env| {
        env.register_init(async |logger: Logger| {
            logger.info("orphan module init");
            Ok(())
        })
    })
}

pub(crate) fn path_conflict() -> Plugin {
    plugin("pathconflict", |env| {
        env.register_init(async |http: RootHttpRouter| http.mount("/healthcheck/sub", Router::new()))
    })
}
