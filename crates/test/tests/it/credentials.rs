//! Mock users, services and tokens; the texts are those of Backstage's kit.

use axum::{Extension, Router, routing::get};
use greenroom::{
    auth::{Auth, HttpAuth},
    prelude::*,
};
use greenroom_test::{RunningTestBackend, TestBackend, mock, mock_credentials};
use serde_json::{Value, json};

/// Tells who is calling.
fn whoami() -> Plugin {
    plugin("whoami", |env| {
        env.register_init(async |http: HttpRouter| {
            let me = async |Extension(credentials): Extension<Credentials>| {
                let principal = credentials.principal();
                let name = principal.as_user().or(principal.as_service());
                Json(json!([principal.kind(), name]))
            };
            http.mount(Router::new().route("/", get(me)));
            Ok(())
        });
    })
}

async fn backend() -> RunningTestBackend {
    TestBackend::new().add(whoami()).start().await.unwrap()
}

async fn refusal(backend: &RunningTestBackend, token: &str) -> (u16, Value) {
    let response = backend.get("/api/whoami").with_token(token).await;
    (response.status.as_u16(), response.json()["error"]["message"].clone())
}

#[tokio::test]
async fn requests_without_credentials_come_from_the_mock_user() {
    assert_eq!(backend().await.get("/api/whoami").await.json(), json!(["user", "user:default/mock"]));
}

#[tokio::test]
async fn the_default_caller_can_be_anybody() {
    for (caller, expected) in [
        (mock_credentials::user_of("user:default/anna"), json!(["user", "user:default/anna"])),
        (mock_credentials::service_of("plugin:catalog"), json!(["service", "plugin:catalog"])),
    ] {
        let backend = TestBackend::new().add(whoami()).default_credentials(&caller).start().await.unwrap();
        assert_eq!(backend.get("/api/whoami").await.json(), expected);
    }
    let nobody = TestBackend::new().add(whoami()).default_credentials(&mock_credentials::none());
    assert_eq!(nobody.start().await.unwrap().get("/api/whoami").await.status, 401);
}

#[tokio::test]
async fn nobody_is_stopped_at_the_barrier() {
    let backend = backend().await;
    let response = backend.get("/api/whoami").without_credentials().await;
    assert_eq!(response.status, 401);
    assert_eq!(
        response.json()["error"],
        json!({"name": "AuthenticationError", "message": "Missing credentials"})
    );
}

#[tokio::test]
async fn tokens_of_users_and_services_are_read() {
    let backend = backend().await;
    for (credentials, expected) in [
        (mock_credentials::user(), json!(["user", "user:default/mock"])),
        (mock_credentials::user_of("user:default/anna"), json!(["user", "user:default/anna"])),
        (mock_credentials::service(), json!(["service", "external:test-service"])),
        (mock_credentials::service_of("external:ci"), json!(["service", "external:ci"])),
        (mock_credentials::service().for_plugin("whoami"), json!(["service", "external:test-service"])),
        (mock_credentials::user().for_plugin("whoami"), json!(["user", "user:default/mock"])),
    ] {
        let response = backend.get("/api/whoami").with_credentials(&credentials).await;
        assert_eq!(response.json(), expected, "{}", credentials.token());
    }
}

#[tokio::test]
async fn other_tokens_are_refused_with_backstages_texts() {
    let backend = backend().await;
    for (token, message) in [
        ("mock-invalid-user-token", "User token is invalid"),
        ("mock-invalid-limited-user-token", "Limited user token is invalid"),
        ("mock-invalid-service-token", "Service token is invalid"),
        ("a-real-token", "Unknown mock token 'a-real-token'"),
        ("mock-user-token:{", "Unknown mock token 'mock-user-token:{'"),
        (
            r#"mock-user-token:{"sub":"anna"}"#,
            "Invalid user entity reference 'anna', expected <kind>:<namespace>/<name>",
        ),
        (
            r#"mock-service-token:{"target":"catalog"}"#,
            "Invalid mock token target plugin ID, got 'catalog' but expected 'whoami'",
        ),
    ] {
        assert_eq!(refusal(&backend, token).await, (401, json!(message)));
    }
}

#[tokio::test]
async fn the_real_services_can_take_their_place() {
    let backend = TestBackend::new()
        .config(json!({"backend": {"auth": {"externalAccess": [
            {"type": "static", "options": {"token": "a-long-token", "subject": "ci"}}
        ]}}}))
        .add(Auth::factory())
        .add(HttpAuth::factory())
        .add(whoami())
        .start()
        .await
        .unwrap();
    assert_eq!(backend.get("/api/whoami").await.status, 401);
    assert_eq!(backend.get("/api/whoami").with_token("a-long-token").await.json(), json!(["service", "ci"]));
    assert_eq!(refusal(&backend, "mock-user-token").await, (401, json!("Illegal token")));
}

#[tokio::test]
async fn the_fake_works_without_a_backend() {
    let auth = mock::auth_of("catalog");
    let credentials = auth.authenticate("mock-service-token").await.unwrap();
    assert_eq!(credentials, mock_credentials::service().credentials());
    assert_eq!(auth.authenticate("").await.unwrap_err().to_string(), "Token is empty");
}

#[tokio::test]
async fn a_plugin_calls_another_one_on_behalf_of_who_called_it() {
    let ask = mock::auth_of("whoami");
    let user = mock_credentials::user_of("user:default/anna").credentials();
    let token = ask.plugin_request_token(&user, "catalog").await.unwrap();
    assert_eq!(mock::auth_of("catalog").authenticate(&token).await.unwrap(), user);
    let refused = mock::auth_of("search").authenticate(&token).await.unwrap_err();
    assert!(refused.to_string().contains("expected 'search'"), "{refused}");
    assert_eq!(ask.own_service_credentials().unwrap().require_service().unwrap(), "plugin:whoami");
}

#[tokio::test]
async fn a_mock_user_owns_what_is_their_own() {
    let plugin = plugin("owner", |env| {
        env.register_init(async |http: HttpRouter, users: UserInfo| {
            let owned = async move |credentials: Credentials| -> HandlerResult<Json<Value>> {
                Ok(Json(json!(users.user_info(&credentials).await?)))
            };
            http.mount(Router::new().route("/", get(owned)));
            Ok(())
        });
    });
    let backend = TestBackend::new().add(plugin).start().await.unwrap();
    let expected =
        json!({"userEntityRef": "user:default/mock", "ownershipEntityRefs": ["user:default/mock"]});
    assert_eq!(backend.get("/api/owner").await.json(), expected);
}

#[test]
#[should_panic(expected = "Invalid user entity reference 'anna', expected <kind>:<namespace>/<name>")]
fn a_mock_user_needs_a_whole_entity_reference() {
    mock_credentials::user_of("anna");
}
