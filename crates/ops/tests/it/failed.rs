//! Errors of routes, as operators are told of them.

use axum::{Router, routing::get};
use greenroom_errors::Error;
use greenroom_http::HandlerResult;
use greenroom_ops::Ops;
use greenroom_test::{RunningTestBackend, mock::OPS_TOKEN};
use serde_json::{Value, json};

use crate::kit;

/// What no client of the portal would see.
fn internal() -> Error {
    Error::from_any(std::io::Error::other("no <file> for hunter2hunter2"))
}

/// A backend with a page for each kind of error.
async fn failing() -> RunningTestBackend {
    let backend = kit::start_with(json!({"mail": {"password": "hunter2hunter2"}})).await;
    let away = || Error::service_unavailable("The store is away").caused_by(internal());
    let pages = Router::new()
        .route("/fails", get(async || HandlerResult::<()>::Err(internal().into())))
        .route("/away", get(async move || HandlerResult::<()>::Err(away().into())))
        .route("/asked", get(async || HandlerResult::<()>::Err(Error::input("`t` is no time").into())))
        .route("/panics", get(async || -> String { panic!("a secret") }));
    backend.service::<Ops>().await.unwrap().mount_pages("failing", pages).unwrap();
    backend
}

fn log_id(text: &str) -> String {
    text.split("logId=").nth(1).unwrap().chars().take_while(char::is_ascii_hexdigit).collect()
}

#[tokio::test]
async fn ops_35_an_error_is_a_page_for_a_browser_with_its_cause_and_the_way_back() {
    let backend = failing().await;
    for (path, status, sentence, why) in [
        ("fails", 500, "This page has failed.", "no &lt;file&gt; for ***"),
        (
            "away",
            503,
            "What this page needs is not available now.",
            "The store is away; caused by Error: no &lt;file&gt; for ***",
        ),
        ("asked", 400, "This cannot be shown.", "`t` is no time"),
        ("panics", 500, "This page has failed.", "An internal error occurred"),
    ] {
        let request = backend.get(&format!("/.greenroom/failing/{path}")).with_token(OPS_TOKEN);
        let answer = request.header("accept", "text/html,application/xhtml+xml").await;
        let page = answer.text();
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.header("content-type").unwrap().starts_with("text/html"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(page.contains(sentence) && page.contains(why), "{path}: {page}");
        assert!(page.contains("href=\"/.greenroom/\""), "{path}: {page}");
        assert!(!page.contains("hunter2") && !page.contains("a secret"), "{path}: {page}");
        if path != "asked" {
            let id = log_id(&page);
            backend.await_log(|line| line["logId"] == *id).await;
        }
    }
}

#[tokio::test]
async fn ops_35_a_program_gets_json_with_the_cause_and_the_id_of_the_log() {
    let backend = failing().await;
    let ask = async |path: &str| {
        let answer = backend.get(&format!("/.greenroom/failing/{path}")).with_token(OPS_TOKEN).await;
        let body = answer.json();
        assert_eq!(body["response"]["statusCode"], answer.status.as_u16(), "{path}");
        body["error"].clone()
    };
    let away = ask("away").await;
    assert_eq!(away["name"], "ServiceUnavailableError");
    assert_eq!(away["message"], "The store is away; caused by Error: no <file> for ***");
    backend.await_log(|line| line["logId"] == away["logId"] && line["logId"].is_string()).await;
    assert_eq!(ask("fails").await["message"], "no <file> for ***");
    let asked = ask("asked").await;
    assert_eq!((&asked["name"], &asked["logId"]), (&json!("InputError"), &Value::Null));
}
