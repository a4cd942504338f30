//! A `/healthcheck` route, for probes that were set up before backends had readiness and liveness.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_plugin_healthcheck::healthcheck;
//! # use greenroom_test::TestBackend as Backend;
//!
//! let backend = Backend::new().add(healthcheck()).start().await.unwrap();
//! assert_eq!(backend.get("/healthcheck").await.text(), r#"{"status":"ok"}"#);
//! # }
//! ```
//!
//! It answers any method, at its path and everywhere below, to anybody: that is what `rootHttpRouter.use` and the old
//! backend's status check router do. It says that the process answers requests, and nothing of its plugins; new probes
//! should ask `/.backstage/health/v1/readiness` instead.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::Router;
use greenroom::{core::Feature, prelude::*};
use serde::Serialize;
use serde_json::{Value, json};

type Answer = Pin<Box<dyn Future<Output = HandlerResult<Json<Value>>> + Send>>;
type Check = Arc<dyn Fn() -> Answer + Send + Sync>;

/// The plugin `healthcheck`: 200 `{"status":"ok"}` at `/healthcheck`.
pub fn healthcheck() -> Healthcheck {
    Healthcheck { path: "/healthcheck".to_owned(), check: Arc::new(|| Box::pin(async { ok() })) }
}

/// The plugin before it is added. See [`healthcheck`].
#[must_use = "a plugin runs once it is added to a backend"]
#[derive(Clone)]
pub struct Healthcheck {
    path: String,
    check: Check,
}

impl Healthcheck {
    /// Answers there instead of `/healthcheck`. A path that another route has, or `/`, fails the plugin at start.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Asks `check` on each request, as `createStatusCheckRouter` of the old backend does.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # use greenroom::prelude::*;
    /// # use greenroom_plugin_healthcheck::healthcheck;
    /// # use greenroom_test::TestBackend as Backend;
    /// async fn disk() -> Result<&'static str> {
    ///     Err(Error::service_unavailable("The disk is full").into())
    /// }
    ///
    /// let backend = Backend::new().add(healthcheck().status_check(disk)).start().await.unwrap();
    /// let response = backend.get("/healthcheck").await;
    /// assert_eq!(response.status, 503);
    /// assert_eq!(response.json()["error"]["message"], "The disk is full");
    /// # }
    /// ```
    ///
    /// What it yields is the body of a 200. What it fails with becomes an error body and its status; 500 and above is
    /// logged at error. The caller waits as long as the check takes, so let it give up before the probe does.
    pub fn status_check<F, Fut, T>(mut self, check: F) -> Self
    where
        F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T>> + Send + 'static,
        T: Serialize,
    {
        self.check = Arc::new(move || {
            let status = check.clone()();
            Box::pin(async move { Ok(Json(serde_json::to_value(status.await?)?)) })
        });
        self
    }
}

fn ok() -> HandlerResult<Json<Value>> {
    Ok(Json(json!({"status": "ok"})))
}

impl From<Healthcheck> for Plugin {
    fn from(Healthcheck { path, check }: Healthcheck) -> Self {
        plugin("healthcheck", |env| {
            env.register_init(async move |http: RootHttpRouter| {
                // A fallback, because it has no method and takes every path below the mount.
                http.mount(&path, Router::new().fallback(async move || check().await))
            });
        })
    }
}

impl From<Healthcheck> for Feature {
    fn from(healthcheck: Healthcheck) -> Self {
        Plugin::from(healthcheck).into()
    }
}
