//! The documented plugin, and the old backend's status check (contract: health-9 to health-11).

use greenroom::prelude::*;
use greenroom_plugin_healthcheck::healthcheck;
use greenroom_test::{RunningTestBackend, TestBackend};
use http::Method;
use serde_json::{Value, json};

async fn start(feature: impl Into<greenroom::core::Feature>) -> RunningTestBackend {
    TestBackend::new().add(feature).start().await.unwrap()
}

/// The messages of error lines.
fn errors(lines: &[Value]) -> Vec<&str> {
    let errors = lines.iter().filter(|line| line["level"] == "error");
    errors.map(|line| line["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn health_9_any_method_and_any_path_below_is_answered() {
    let backend = start(healthcheck()).await;
    for (method, path) in [
        (Method::GET, "/healthcheck"),
        (Method::POST, "/healthcheck"),
        (Method::OPTIONS, "/healthcheck"),
        (Method::DELETE, "/HealthCheck/"),
        (Method::GET, "/healthcheck/sub?x=1"),
        (Method::GET, "/healthcheck/sub/%zz"),
    ] {
        let response = backend.request(method.clone(), path).await;
        assert_eq!(
            (response.status.as_u16(), &*response.text()),
            (200, r#"{"status":"ok"}"#),
            "{method} {path}"
        );
        assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
    }
}

#[tokio::test]
async fn head_is_answered_without_the_body() {
    let response = start(healthcheck()).await.request(Method::HEAD, "/healthcheck").await;
    assert_eq!((response.status.as_u16(), response.header("content-length")), (200, Some("15")));
    assert_eq!(response.text(), "");
}

#[tokio::test]
async fn nobody_needs_credentials() {
    let backend = start(healthcheck()).await;
    assert_eq!(backend.get("/healthcheck").without_credentials().await.status, 200);
    assert_eq!(backend.get("/healthcheck").with_token("mock-invalid-user-token").await.status, 200);
}

#[tokio::test]
async fn paths_that_only_begin_alike_are_not_its_own() {
    assert_eq!(start(healthcheck()).await.get("/healthchecks").await.status, 404);
}

#[tokio::test]
async fn the_path_can_be_another() {
    let backend = start(healthcheck().path("/alive")).await;
    assert_eq!(backend.get("/alive").await.json(), json!({"status": "ok"}));
    assert_eq!(backend.get("/healthcheck").await.status, 404);
}

#[tokio::test]
async fn a_path_that_cannot_be_mounted_fails_the_start() {
    let error = TestBackend::new().add(healthcheck().path("/")).start().await.unwrap_err();
    assert!(error.to_string().contains("Root router path may not be empty"), "{error}");
    let error = TestBackend::new().add(healthcheck().path("/api/healthcheck")).start().await.unwrap_err();
    assert!(error.to_string().contains("conflicts with the existing path"), "{error}");
}

#[tokio::test]
async fn a_status_check_says_the_body() {
    let backend = start(healthcheck().status_check(async || Ok(json!({"queue": 3, "status": "fine"})))).await;
    let response = backend.request(Method::PUT, "/healthcheck/any").await;
    assert_eq!((response.status.as_u16(), &*response.text()), (200, r#"{"queue":3,"status":"fine"}"#));
}

#[tokio::test]
async fn a_status_check_is_asked_on_each_request() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let backend = start(healthcheck().status_check(async || Ok(ASKED.fetch_add(1, Ordering::SeqCst)))).await;
    assert_eq!(backend.get("/healthcheck").await.json(), 0);
    assert_eq!(backend.get("/healthcheck").await.json(), 1);
}

#[tokio::test]
async fn health_10_an_error_is_a_500_and_is_logged() {
    let check = async || Err::<Value, _>(Error::new("db down").into());
    let backend = start(healthcheck().path("/h3").status_check(check)).await;
    let response = backend.get("/h3").await;
    assert_eq!(response.status, 500);
    assert_eq!(
        response.text(),
        r#"{"error":{"name":"Error","message":"db down"},"request":{"method":"GET","url":"/h3"},"response":{"statusCode":500}}"#
    );
    let line = backend.await_log(|line| line["type"] == "errorHandler").await;
    assert_eq!(line["message"], "Request failed with status 500 db down");
    assert_eq!(line["level"], "error");
    assert!(line["stack"].as_str().unwrap().starts_with("Error: db down"));
}

#[tokio::test]
async fn health_11_a_clients_error_is_told_and_not_logged_as_one() {
    let check = async || Err::<Value, _>(Error::conflict("cf").into());
    let backend = start(healthcheck().path("/h4").status_check(check)).await;
    let response = backend.get("/h4").await;
    assert_eq!(response.status, 409);
    assert_eq!(
        response.text(),
        r#"{"error":{"name":"ConflictError","message":"cf"},"request":{"method":"GET","url":"/h4"},"response":{"statusCode":409}}"#
    );
    assert_eq!(errors(&backend.stop().await), [""; 0]);
}

#[tokio::test]
async fn a_status_of_the_errors_own_is_taken_and_echoed() {
    let check = async || Err::<Value, _>(Error::new("later").with("status", 503).into());
    let response = start(healthcheck().status_check(check)).await.get("/healthcheck").await;
    assert_eq!(response.status, 503);
    assert_eq!(response.json()["error"], json!({"name": "Error", "message": "later", "status": 503}));
}

#[tokio::test]
async fn the_url_in_an_error_has_query_and_sub_path() {
    let check = async || Err::<Value, _>(Error::new("no").into());
    let response = start(healthcheck().status_check(check)).await.post("/healthcheck/sub?x=1").await;
    assert_eq!(response.json()["request"], json!({"method": "POST", "url": "/healthcheck/sub?x=1"}));
}

#[tokio::test]
async fn a_panicking_check_is_a_500_that_tells_no_more() {
    async fn broken() -> Result<Value> {
        panic!("the password is hunter2")
    }
    let response = start(healthcheck().status_check(broken)).await.get("/healthcheck").await;
    assert_eq!(response.status, 500);
    assert!(response.text().contains("An internal error occurred") && !response.text().contains("hunter2"));
}
