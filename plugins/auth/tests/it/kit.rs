//! A backend with the plugin, one more that tells who calls it, and a clock that a test sets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use axum::{Router, routing::get};
use greenroom::{
    auth::{Clock, UserTokens},
    core::service,
    prelude::*,
};
use greenroom_plugin_auth::auth;
use greenroom_test::{RunningTestBackend, TestBackend, TestResponse};
use serde_json::{Value, json};

pub(crate) const NOW: u64 = 1_795_332_868;

/// Config with the guest provider; `auth` is laid over it.
pub(crate) fn config(auth: Value) -> Value {
    let mut config =
        json!({"backend": {"baseUrl": "http://localhost:7007/"}, "auth": {"providers": {"guest": {}}}});
    for (key, value) in auth.as_object().unwrap() {
        config["auth"][key] = value.clone();
    }
    config
}

/// A backend in development, whose callers have no credentials but what they send.
pub(crate) fn backend(auth_config: Value) -> TestBackend {
    TestBackend::new()
        .config(config(auth_config))
        .node_env("development")
        .default_credentials(&greenroom_test::mock_credentials::none())
        .add(auth())
        .add(whoami())
}

/// Tells who calls, and what is known of them.
fn whoami() -> Plugin {
    plugin("whoami", |env| {
        env.register_init(async |http: HttpRouter, users: UserInfo| {
            let info = async move |credentials: Credentials| -> HandlerResult<Json<Value>> {
                Ok(Json(json!(users.user_info(&credentials).await?)))
            };
            let credentials = async |credentials: Credentials| Json(json!(credentials));
            http.mount(Router::new().route("/", get(credentials)).route("/info", get(info)));
            Ok(())
        });
    })
}

/// The time, which a test sets.
#[derive(Clone)]
pub(crate) struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    pub(crate) fn at(seconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seconds)))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn factory(&self) -> ServiceFactory {
        let time = self.0.clone();
        let clock = Clock::new(move || UNIX_EPOCH + Duration::from_secs(time.load(Ordering::Relaxed)));
        service(async move || Ok(UserTokens::new(clock)))
    }
}

/// The session of a guest.
pub(crate) async fn guest(backend: &RunningTestBackend) -> Value {
    let answer = backend.post("/api/auth/guest/refresh").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The token of a session.
pub(crate) fn token(session: &Value) -> &str {
    session["backstageIdentity"]["token"].as_str().unwrap()
}

/// Header and claims of a token.
pub(crate) fn decoded(token: &str) -> [Value; 2] {
    let part = |index| {
        let text = token.split('.').nth(index).unwrap();
        serde_json::from_slice(
            &base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text).unwrap(),
        )
        .unwrap()
    };
    [part(0), part(1)]
}

pub(crate) fn names(json: &Value) -> Vec<&str> {
    json.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Status, name and message of an error body.
pub(crate) fn refusal(answer: &TestResponse) -> (u16, String, String) {
    let error = &answer.json()["error"];
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), text("name"), text("message"))
}
