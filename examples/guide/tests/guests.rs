//! Credentials, a worker and a mock.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use greenroom::prelude::*;
use greenroom_plugin_auth::auth;
use greenroom_test::{RunningTestBackend, TestBackend, mock_credentials};
use greetings::{Guest, GuestBook, GuestStore, guests};
use serde_json::json;

async fn party(config: &str) -> RunningTestBackend {
    TestBackend::new().config(config).add(guests()).start().await.expect("it starts")
}

#[tokio::test]
async fn a_guest_is_invited_once_by_the_user_who_calls() {
    let backend = party("{}").await;
    let grace = mock_credentials::user_of("user:default/grace");
    let invite = || backend.post_json("/api/guests", &json!({"name": "Ada"})).with_credentials(&grace);

    let response = invite().await;

    assert_eq!(response.status, 201);
    assert_eq!(response.json(), json!({"name": "Ada", "invitedBy": "user:default/grace", "arrived": false}));
    assert_eq!(backend.get("/api/guests").await.json().as_array().map(Vec::len), Some(1));
    assert_eq!(invite().await.status, 409);
}

#[tokio::test]
async fn of_two_invitations_at_once_one_is_taken() {
    let backend = party("{}").await;
    let invite = async || backend.post_json("/api/guests", &json!({"name": "Ada"})).await.status;

    let (one, other) = tokio::join!(invite(), invite());

    assert_eq!((one.min(other), one.max(other)), (StatusCode::CREATED, StatusCode::CONFLICT));
}

#[tokio::test]
async fn to_keep_guests_for_no_time_is_a_fault_in_the_config() {
    let backend = TestBackend::new().config("guests: {keep: 0s}\n").add(guests());

    let error = backend.start().await.expect_err("it does not start");

    assert!(error.to_string().contains("guests.keep must be longer than nothing"), "{error}");
}

#[tokio::test]
async fn an_invitation_is_refused_with_what_is_wrong() {
    let backend = party("{}").await;
    for (body, message) in [
        (json!({}), "Invalid body: 'name' is missing"),
        (json!({"name": 7}), "Invalid body: 'name' must be a string, not 7"),
        (json!({"nmae": "Ada"}), "Invalid body: 'nmae' is not known, known are 'name'"),
        (json!({"name": " "}), "A name has 1 to 100 characters"),
    ] {
        let response = backend.post_json("/api/guests", &body).await;
        assert_eq!(response.status, 400);
        assert_eq!(response.json()["error"]["message"], message);
    }
}

#[tokio::test]
async fn only_users_invite() {
    let backend = party("{}").await;
    let invite = || backend.post_json("/api/guests", &json!({"name": "Ada"}));

    assert_eq!(invite().with_credentials(&mock_credentials::service()).await.status, 403);
    assert_eq!(invite().without_credentials().await.status, 401);
}

#[tokio::test]
async fn only_who_has_invited_a_guest_takes_it_back() {
    let backend = party("{}").await;
    backend.post_json("/api/guests", &json!({"name": "Ada"})).await;
    let delete = || backend.request(Method::DELETE, "/api/guests/Ada");

    let other = mock_credentials::user_of("user:default/mallory");
    assert_eq!(delete().with_credentials(&other).await.status, 403);
    assert_eq!(delete().await.status, 204);
    assert_eq!(delete().await.status, 404);
}

#[tokio::test]
async fn who_signs_in_takes_back_whom_they_have_invited() {
    let config = json!({
        "backend": {"baseUrl": "http://localhost:7007"},
        "auth": {"providers": {"guest": {}}},
    });
    let backend = TestBackend::new().config(config).node_env("development").add(auth()).add(guests());
    let backend = backend.start().await.expect("it starts");
    let session = backend.post("/api/auth/guest/refresh").await.json();
    let token = session["backstageIdentity"]["token"].as_str().expect("a token");
    let bearer = format!("Bearer {token}");

    let invite = backend.post_json("/api/guests", &json!({"name": "Ada"}));
    let invited = invite.header("authorization", &bearer).await;
    let taken = backend.request(Method::DELETE, "/api/guests/Ada").header("authorization", &bearer).await;

    assert_eq!(invited.json()["invitedBy"], "user:development/guest");
    assert_eq!(taken.status, 204);
}

#[tokio::test]
async fn the_door_needs_its_key_which_no_log_line_shows() {
    let backend = party("guests: {doorKey: open-sesame}\n").await;
    backend.post_json("/api/guests", &json!({"name": "Ada"})).await;
    let arrive = |key| backend.post("/api/guests/Ada/arrival?from=open-sesame").header("x-door-key", key);

    assert_eq!(arrive("guessed-key").await.status, 401);
    assert_eq!(arrive("open-sesame").await.status, 204);
    assert_eq!(backend.get("/api/guests").await.json()[0]["arrived"], true);
    let log = backend.stop().await;
    assert!(!log.iter().any(|line| line.to_string().contains("open-sesame")), "{log:?}");
}

#[tokio::test]
async fn guests_are_forgotten_after_their_time() {
    let backend = party("guests: {keep: 10ms}\n").await;
    backend.post_json("/api/guests", &json!({"name": "Ada"})).await;

    let line = backend.await_log(|line| line["message"] == "Forgot guests.").await;

    assert_eq!((&line["plugin"], &line["count"]), (&json!("guests"), &json!(1)));
}

#[tokio::test]
async fn the_end_of_the_party_is_told_at_the_stop() {
    let backend = party("{}").await;
    backend.post_json("/api/guests", &json!({"name": "Ada"})).await;

    let log = backend.stop().await;

    let told = log.iter().find(|line| line["message"] == "The party is over.").expect("a line");
    assert_eq!(told["count"], 1);
}

/// A book that has been lost: a mock.
struct Lost;

impl GuestStore for Lost {
    fn all(&self) -> Result<Vec<Guest>> {
        Err("no book at /var/lib/party".into())
    }

    fn insert(&self, _: Guest) -> Result<bool> {
        self.all().map(|_| false)
    }

    fn note_arrival(&self, _: &str) -> Result<bool> {
        self.all().map(|_| false)
    }

    fn remove(&self, _: &str) -> Result {
        self.all().map(drop)
    }
}

#[tokio::test]
async fn without_its_book_the_plugin_is_not_ready_and_callers_learn_no_path() {
    let lost = service(async || Ok(GuestBook(Arc::new(Lost))));
    let backend = TestBackend::new().add(lost).add(guests()).start().await.expect("it starts");

    let response = backend.get("/api/guests").await;
    backend.await_log(|line| line["message"] == "Health check failed").await;
    let readiness = backend.get("/.backstage/health/v1/readiness").await;

    assert_eq!(response.status, 500);
    assert!(!response.text().contains("/var/lib/party"), "{}", response.text());
    assert_eq!(readiness.status, 503);
    assert_eq!(readiness.json()["message"], "Check 'guests.book' failed");
}
