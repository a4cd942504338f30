//! Routes that stand apart: they meet nothing of Backstage's.

use axum::{Extension, Router, routing::get};
use greenroom_core::plugin;
use greenroom_http::{ClientAddress, RootHttpRouter, Routine};
use serde_json::json;

use crate::kit::Kit;

fn apart(path: &'static str) -> greenroom_core::Plugin {
    plugin("apart", move |env| {
        env.register_init(async move |http: RootHttpRouter| {
            let client = async |client: ClientAddress| client.ip().unwrap_or_default().to_owned();
            let routes = Router::new()
                .route(&format!("{path}/client"), get(client))
                .route(&format!("{path}/routine"), get(async || Extension(Routine)))
                .route(&format!("{path}/panics"), get(async || -> String { panic!("a secret") }));
            http.mount_apart(path, routes)
        });
    })
}

#[tokio::test]
async fn they_see_whole_paths_and_their_answers_get_nothing_of_backstages() {
    let kit = Kit::new().config("backend.cors", json!({"origin": "*"}));
    let up = kit
        .config("backend.rateLimit", json!({"windowMs": 60_000, "limit": 1}))
        .add(apart("/.own"))
        .start()
        .await;
    for _ in 0..2 {
        let answer = up.client.ask("GET", "/.own/client", &[("Origin", "https://x.example")], b"").await;
        assert_eq!(answer.seen(), (200, "127.0.0.1"));
        for theirs in
            ["access-control-allow-origin", "content-security-policy", "etag", "ratelimit-limit", "vary"]
        {
            assert_eq!(answer.header(theirs), None, "{theirs}");
        }
        assert!(answer.header("x-request-id").is_some());
    }
    assert_eq!(up.lines_of("incomingRequest", 2).await[0]["url"], "/.own/client");
}

#[tokio::test]
async fn what_is_below_them_in_any_case_is_theirs_and_nothing_else_is() {
    let up = Kit::new().add(apart("/.own")).start().await;
    for (path, is_theirs) in
        [("/.own", true), ("/.OWN/x", true), ("/.own/x", true), ("/.owner", false), ("/", false)]
    {
        let answer = up.get(path).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.header("content-security-policy").is_none(), is_theirs, "{path}");
    }
}

#[tokio::test]
async fn a_panic_in_them_is_an_error_body_that_tells_nothing() {
    let up = Kit::new().add(apart("/.own")).start().await;
    let answer = up.get("/.own/panics").await;
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("logId=") && !answer.text().contains("a secret"), "{}", answer.text());
}

#[tokio::test]
async fn the_line_of_a_routine_answer_is_at_debug_and_that_of_an_error_says_how_long_it_is() {
    let up = Kit::new().add(apart("/.own")).start().await;
    up.get("/.own/routine").await;
    let length = up.get("/.own/panics").await.body.len();
    let lines = up.lines_of("incomingRequest", 2).await;
    assert_eq!((&lines[0]["level"], &lines[0]["url"]), (&json!("debug"), &json!("/.own/routine")));
    assert_eq!(
        (&lines[1]["level"], &lines[1]["contentLength"]),
        (&json!("info"), &json!(length)),
        "{lines:?}"
    );
}

#[tokio::test]
async fn two_at_overlapping_paths_are_refused() {
    let nested = plugin("nested", |env| {
        env.register_init(async |http: RootHttpRouter| http.mount_apart("/.own/below", Router::new()));
    });
    let refused = Kit::new().add(apart("/.own")).add(nested).refused().await.to_string();
    assert!(refused.contains("conflicts with the existing path"), "{refused}");
}
