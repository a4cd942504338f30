//! What changes something leaves a line.

use greenroom_test::mock::OPS_TOKEN;
use serde_json::json;

use crate::kit::{self, Browser};

#[tokio::test]
async fn ops_14_a_change_is_told_by_who_did_what_to_what_and_what_for() {
    let backend = kit::start().await;
    let browser = Browser::sign_in(&backend).await;
    let cleared = browser.changes(backend.post("/.greenroom/v1/queue/7/clear")).await;
    assert_eq!(cleared.status, 200);
    let actor = cleared.json()["by"].clone();
    assert!(actor.as_str().unwrap().starts_with("session:"));
    let told = backend.await_log(|line| line["action"] == "queue.clear").await;
    assert_eq!((&told["actor"], &told["type"]), (&actor, &json!("audit")));
    assert_eq!((&told["target"], &told["reason"]), (&json!("queue 7"), &json!("it was stuck")));
}

#[tokio::test]
async fn ops_14_a_change_of_which_its_handler_tells_nothing_is_told_all_the_same() {
    let backend = kit::start().await;
    let path = "/.greenroom/v1/queue/depth";
    assert_eq!(
        backend.request(http::Method::DELETE, path).with_token(OPS_TOKEN).json(&json!({})).await.status,
        200
    );
    let told = backend.await_log(|line| line["type"] == "audit").await;
    assert_eq!(told["actor"], "token");
    assert_eq!(told["action"], "DELETE /.greenroom/v1/queue/depth");
    assert_eq!((&told["target"], &told["reason"]), (&json!(path), &json!("answered by 200")));
}

#[tokio::test]
async fn ops_14_a_change_that_fails_is_told_with_the_status_that_its_client_got() {
    let backend = kit::start().await;
    let path = "/.greenroom/v1/queue/depth";
    let put = backend.request(http::Method::PUT, path).with_token(OPS_TOKEN).json(&json!({}));
    assert_eq!(put.await.status, 503);
    let told = backend.await_log(|line| line["type"] == "audit").await;
    assert_eq!(told["reason"], "answered by 503");
}

#[tokio::test]
async fn ops_14_to_sign_in_and_out_and_to_make_a_link_is_told_too() {
    let backend = kit::start().await;
    let browser = Browser::sign_in(&backend).await;
    backend.post_json("/.greenroom/v1/links", &json!({})).with_token(OPS_TOKEN).await;
    browser.changes(backend.post("/.greenroom/v1/session/end")).await;
    for action in ["session.begin", "link.make", "session.end"] {
        backend.await_log(|line| line["action"] == action).await;
    }
}

#[tokio::test]
async fn ops_14_what_is_only_read_is_not_told() {
    let backend = kit::start_with(json!({"backend": {"logger": {"level": "debug"}}})).await;
    backend.get("/.greenroom/v1/queue/depth").with_token(OPS_TOKEN).await;
    backend.await_log(|line| line["type"] == "incomingRequest").await;
    assert!(!backend.logs().iter().any(|line| line["type"] == "audit"));
}
