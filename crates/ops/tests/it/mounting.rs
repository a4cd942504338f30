//! What plugins may mount, and when.

use axum::{Router, routing::get};
use greenroom_core::plugin;
use greenroom_errors::Error;
use greenroom_ops::Ops;
use greenroom_test::{TestBackend, mock::OPS_TOKEN};
use serde_json::json;

use crate::kit;

#[tokio::test]
async fn a_name_that_is_taken_fails_the_plugin_that_comes_second() {
    let second = plugin("second", |env| {
        env.register_init(async |ops: Ops| {
            ops.mount_api("queue", Router::new().route("/x", get(async || "")))
        });
    });
    let refused =
        TestBackend::new().config(kit::config(json!({}))).add(kit::queue()).add(second).start().await;
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("'queue' is mounted below /.greenroom already"), "{refused}");
}

#[tokio::test]
async fn what_is_mounted_after_the_start_is_there_at_once() {
    let backend = kit::start().await;
    let ask = || backend.get("/.greenroom/v1/late/x").with_token(OPS_TOKEN);
    assert_eq!(ask().await.status, 404);
    let ops = backend.service::<Ops>().await.unwrap();
    ops.mount_api("late", Router::new().route("/x", get(async || "here"))).unwrap();
    assert_eq!(ask().await.text(), "here");
}

#[tokio::test]
async fn a_handler_that_fails_or_panics_answers_as_others_do() {
    let backend = kit::start().await;
    let failing = Router::new()
        .route(
            "/fails",
            get(async || greenroom_http::HandlerResult::<()>::Err(Error::conflict("It is busy").into())),
        )
        .route("/panics", get(async || -> String { panic!("a secret") }));
    backend.service::<Ops>().await.unwrap().mount_api("failing", failing).unwrap();
    let failed = backend.get("/.greenroom/v1/failing/fails").with_token(OPS_TOKEN).await;
    assert_eq!(
        (failed.status.as_u16(), failed.json()["error"]["message"].clone()),
        (409, json!("It is busy"))
    );
    let panicked = backend.get("/.greenroom/v1/failing/panics").with_token(OPS_TOKEN).await;
    assert_eq!(panicked.status, 500);
    assert!(!panicked.text().contains("a secret"));
    assert_eq!(panicked.header("cache-control"), Some("no-store"));
}
