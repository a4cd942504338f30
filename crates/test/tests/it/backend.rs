//! Starting, asking, stopping.

use axum::{Router, body::Bytes, http::HeaderMap, routing::any};
use greenroom::{core::StartError, health::HealthResponse, prelude::*};
use greenroom_test::{TestBackend, mock};
use http::Method;
use serde_json::json;

/// Answers with what it was sent.
fn echo() -> Plugin {
    plugin("echo", |env| {
        env.register_init(async |http: HttpRouter| {
            let echo = async |method: Method, headers: HeaderMap, body: Bytes| {
                let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
                Json(json!({
                    "method": method.as_str(),
                    "type": text("content-type"),
                    "x": text("x-test"),
                    "host": text("host"),
                    "body": String::from_utf8_lossy(&body),
                }))
            };
            http.mount(Router::new().route("/", any(echo)));
            Ok(())
        });
    })
}

#[tokio::test]
async fn requests_carry_what_the_test_sets_and_a_host() {
    let backend = TestBackend::new().add(echo()).start().await.unwrap();
    let host = backend.url().strip_prefix("http://").unwrap().to_owned();

    let bare = backend.request(Method::PUT, "/api/echo").header("x-test", "one").body("text").await;
    assert_eq!(bare.json(), json!({"method": "PUT", "type": null, "x": "one", "host": host, "body": "text"}));
    let posted = backend.post_json("/api/echo", &json!({"a": 1})).await.json();
    assert_eq!((&posted["type"], &posted["body"]), (&json!("application/json"), &json!(r#"{"a":1}"#)));
    assert_eq!(backend.post("/api/echo").await.json()["body"], "");
}

#[tokio::test]
async fn responses_tell_status_headers_and_body() {
    let backend = TestBackend::new().add(echo()).start().await.unwrap();
    let missing = backend.get("/api/echo/nowhere").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.text(), "");
    let found = backend.get("/api/echo").await;
    assert_eq!(found.header("Content-Type"), Some("application/json; charset=utf-8"));
    assert_eq!(found.header("x-absent"), None);
}

#[tokio::test]
async fn backends_listen_on_loopback_ports_of_their_own_whatever_the_config_says() {
    let start = || TestBackend::new().config(json!({"backend": {"listen": ":7007"}})).start();
    let (one, two) = (start().await.unwrap(), start().await.unwrap());
    assert_ne!(one.url(), two.url());
    assert!(one.url().starts_with("http://127.0.0.1:") && !one.url().ends_with(":7007"));
}

#[tokio::test]
async fn what_is_added_replaces_the_kits_own() {
    let backend = TestBackend::new()
        .config("app: { title: from YAML }")
        .add(mock::root_config(json!({"app": {"title": "from the mock"}})))
        .add(mock::root_health(HealthResponse::unavailable("on holiday")))
        .start()
        .await
        .unwrap();
    let config = backend.service::<RootConfig>().await.unwrap();
    assert_eq!(config.string("app.title").unwrap(), "from the mock");
    for probe in ["readiness", "liveness"] {
        let response = backend.get(&format!("/.backstage/health/v1/{probe}")).await;
        assert_eq!(response.status, 503);
        assert_eq!(response.json(), json!({"message": "on holiday", "status": "error"}));
    }
}

#[tokio::test]
async fn the_report_names_what_started() {
    let backend = TestBackend::new().add(echo()).start().await.unwrap();
    let started: Vec<_> = backend.result().plugins.iter().map(|plugin| &*plugin.plugin_id).collect();
    assert_eq!(started, ["echo"]);
}

#[tokio::test]
async fn a_failing_start_is_an_error_and_its_log_is_kept() {
    let broken = plugin("broken", |env| {
        env.register_init(async || Err(Error::not_found("No such disk").into()));
    });
    let backend = TestBackend::new().add(broken);
    let lines = backend.captured();
    let error = backend.start().await.unwrap_err();
    assert!(matches!(error, StartError::Plugins(_)));
    assert_eq!(
        error.to_string(),
        "Backend startup failed due to the following errors:\n  \
         Plugin 'broken' startup failed; caused by NotFoundError: No such disk"
    );
    let line = lines.wait_for(|line| line["name"] == "NotFoundError").await;
    assert_eq!(line["message"], "Plugin 'broken' threw an error during startup. No such disk");
}

#[tokio::test]
async fn a_bad_config_fails_the_start() {
    let error = TestBackend::new().config("a: [").start().await.unwrap_err();
    assert!(matches!(error, StartError::Boot(_)), "{error}");
    let error = TestBackend::new().config("backend: { logger: { level: loud } }").start().await.unwrap_err();
    assert!(error.to_string().contains("(mock-config:1:29)"), "{error}");
}

#[tokio::test]
async fn a_stopped_backend_refuses_connections() {
    let backend = TestBackend::new().add(echo()).start().await.unwrap();
    let client = backend.client();
    assert_eq!(client.get("/api/echo").await.status, 200);
    backend.stop().await;
    let refused = client.get("/api/echo").try_send().await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
#[should_panic(expected = "GET nonsense")]
async fn a_request_that_cannot_be_sent_panics_with_its_place() {
    let backend = TestBackend::new().start().await.unwrap();
    backend.get("nonsense path").await;
}
