//! The lifecycle gate in front of a plugin's routes.

use std::time::{Duration, Instant};

use axum::{Router, routing::get};
use greenroom_core::{Lifecycle, Plugin, plugin};
use greenroom_errors::Error;
use greenroom_http::{AuthPolicy, HttpRouter};
use serde_json::json;
use tokio::sync::watch;

use crate::kit::{Kit, pause, until};

const NOT_STARTED: &str = r#"{"error":{"name":"ServiceUnavailableError","message":"Service has not started up yet"},"request":{"method":"GET","url":"/ok"},"response":{"statusCode":503}}"#;
const STOPPING: &str = r#"{"error":{"name":"ServiceUnavailableError","message":"Service is shutting down"},"request":{"method":"GET","url":"/ok"},"response":{"statusCode":503}}"#;

fn routes(http: &HttpRouter) -> greenroom_errors::Result {
    http.mount(Router::new().route("/ok", get(async || "fine")));
    http.add_auth_policy("/", AuthPolicy::Unauthenticated)
}

/// A plugin whose init waits until told: `true` to start, `false` to fail.
fn waiting() -> (Plugin, watch::Sender<Option<bool>>) {
    waiting_as("slow")
}

fn waiting_as(id: &str) -> (Plugin, watch::Sender<Option<bool>>) {
    let (go, going) = watch::channel(None::<bool>);
    let plugin = plugin(id, move |env| {
        env.register_init(async move |http: HttpRouter| {
            routes(&http)?;
            match *going.clone().wait_for(Option::is_some).await? {
                Some(true) => Ok(()),
                _ => Err(Error::new("init boom").into()),
            }
        });
    });
    (plugin, go)
}

#[tokio::test]
async fn http_12_13_a_request_waits_as_long_as_configured_then_503() {
    let pause = json!({"milliseconds": 300});
    let (slow, _go) = waiting();
    let rising =
        Kit::new().config("backend.lifecycle.startupRequestPauseTimeout", pause).add(slow).launch().await;
    let begun = Instant::now();
    assert_eq!(rising.client.get("/api/slow/ok").await.seen(), (503, NOT_STARTED));
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(300) && waited < Duration::from_secs(3), "{waited:?}");
    let lines = crate::kit::lines_of(&rising.lines, "errorHandler", 1).await;
    assert_eq!(lines[0]["message"], "Request failed with status 503 Service has not started up yet");
    assert_eq!((&lines[0]["level"], &lines[0]["plugin"]), (&json!("error"), &json!("slow")));
}

#[tokio::test]
async fn app_21_the_plugin_app_answers_at_the_root_too_once_it_has_started() {
    let (app, go) = waiting_as("app");
    let rising = Kit::new().add(app).launch().await;
    let mut parked = rising.client.connect().await;
    parked.send("GET /ok HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(rising.client.get("/api/nobody").await.seen(), (404, ""));
    go.send_replace(Some(true));
    assert_eq!(parked.answer("GET").await.seen(), (200, "fine"));
    let up = rising.up().await;
    assert_eq!(up.get("/api/app/ok").await.seen(), (200, "fine"));
    assert_eq!(up.get("/elsewhere").await.seen(), (404, ""));
    assert_eq!(up.get("/api").await.seen(), (404, ""));
}

#[tokio::test]
async fn http_11_a_parked_request_is_answered_once_the_plugin_has_started() {
    let (slow, go) = waiting();
    let rising = Kit::new().add(slow).launch().await;
    let mut parked = rising.client.connect().await;
    parked.send("GET /api/slow/ok HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let jwks = rising.client.get("/api/slow/.backstage/auth/v1/jwks.json").await;
    assert_eq!(jwks.seen(), (200, r#"{"keys":[]}"#), "keys are needed during the start");
    go.send_replace(Some(true));
    assert_eq!(parked.answer("GET").await.seen(), (200, "fine"));
}

#[tokio::test]
async fn http_14_a_plugin_whose_failure_is_permitted_answers_503_at_once_and_readiness_is_up() {
    let (failing, go) = waiting();
    let rising = Kit::new().permit_failures().add(failing).launch().await;
    let mut parked = rising.client.connect().await;
    parked.send("GET /api/slow/ok HTTP/1.1\r\nHost: x\r\n\r\n").await;
    go.send_replace(Some(false));
    assert_eq!(parked.answer("GET").await.seen(), (503, NOT_STARTED), "the parked one too");
    let up = rising.up().await;
    let begun = Instant::now();
    assert_eq!(up.get("/api/slow/ok").await.seen(), (503, NOT_STARTED));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(up.get("/.backstage/health/v1/readiness").await.status, 200);
}

#[tokio::test]
async fn a_failed_start_releases_parked_requests() {
    let (failing, go) = waiting();
    let rising = Kit::new().add(failing).launch().await;
    let mut parked = rising.client.connect().await;
    parked.send("GET /api/slow/ok HTTP/1.1\r\nHost: x\r\n\r\n").await;
    pause().await;
    go.send_replace(Some(false));
    assert_eq!(parked.answer("GET").await.status, 503);
}

#[tokio::test]
async fn http_15_requests_after_the_shutdown_of_a_plugin_began_are_503() {
    let (release, released) = watch::channel(false);
    let stopping = plugin("stopping", move |env| {
        env.register_init(async move |http: HttpRouter, lifecycle: Lifecycle| {
            routes(&http)?;
            lifecycle.add_shutdown_hook("wait", async move || {
                released.clone().wait_for(|go| *go).await?;
                Ok(())
            })
        });
    });
    let up = Kit::new().add(stopping).start().await;
    let client = up.client;
    assert_eq!(client.get("/api/stopping/ok").await.seen(), (200, "fine"));
    let stopped = up.stop();
    until(async || client.get("/api/stopping/ok").await.seen() == (503, STOPPING)).await;
    assert_eq!(client.get("/api/stopping/.backstage/auth/v1/jwks.json").await.status, 200);
    release.send_replace(true);
    stopped.await.unwrap();
}
