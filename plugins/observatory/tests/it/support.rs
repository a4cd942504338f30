//! A backend that an operator looks at.

use std::io;

use axum::{Router, extract::State, routing::get};
use greenroom::prelude::*;
use greenroom_plugin_observatory::observatory;
use greenroom_test::{RunningTestBackend, TestBackend, mock::OPS_TOKEN};
use serde_json::Value;

pub(crate) fn backend() -> TestBackend {
    TestBackend::new().add(observatory())
}

/// A plugin whose init registers what a test needs.
pub(crate) fn registers(
    id: &'static str,
    register: impl FnOnce(&HealthChecks, &Logger) + Clone + Send + Sync + 'static,
) -> Plugin {
    plugin(id, |env| {
        env.register_init(async move |health: HealthChecks, logger: Logger| {
            register(&health, &logger);
            Ok(())
        });
    })
}

/// A plugin whose one route, `/api/shop/stock`, fails for a reason that is for the log alone.
pub(crate) fn shop() -> Plugin {
    plugin("shop", |env| {
        env.register_init(async |http: HttpRouter, logger: Logger| {
            http.mount(Router::new().route("/stock", get(count_stock)).with_state(logger));
            Ok(())
        });
    })
}

async fn count_stock(State(logger): State<Logger>) -> HandlerResult<&'static str> {
    logger.info("Counting what is in stock.");
    Err(io::Error::other("the stock list is away").into())
}

/// Sends a request that fails, and waits for its last line.
pub(crate) async fn fail(backend: &RunningTestBackend, request_id: &str) {
    let path = format!("/api/shop/stock?of={request_id}");
    backend.get(&path).header("x-request-id", request_id).await;
    let is_its_end = |line: &Value| line["type"] == "incomingRequest" && line["url"] == *path;
    backend.await_log(is_its_end).await;
}

/// The page.
pub(crate) async fn now(backend: &RunningTestBackend) -> String {
    shown(backend, "/.greenroom/").await
}

pub(crate) async fn shown(backend: &RunningTestBackend, path: &str) -> String {
    let answer = backend.get(path).header("authorization", &format!("Bearer {OPS_TOKEN}")).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text()
}

/// What a page says, without its markup: one space for each run of space, and for each tag.
pub(crate) fn text(page: &str) -> String {
    without_tags(page, " ")
}

/// The sentence that a page begins with.
pub(crate) fn sentence(page: &str) -> String {
    let start = page.find("<h1").unwrap();
    let end = page.find("</h1>").unwrap();
    without_tags(&page[start..end], "")
}

fn without_tags(page: &str, instead: &str) -> String {
    let parts = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    let text = parts.collect::<Vec<_>>().join(instead);
    text.split(char::is_whitespace).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// How long something has lasted is not the same twice.
pub(crate) fn timeless(sentence: &str) -> String {
    let words: Vec<_> = sentence.split(' ').collect();
    let times = words
        .windows(2)
        .find(|pair| pair[0].parse::<u64>().is_ok() && pair[1].trim_end_matches(['.', ';', ':']) == "s");
    times.map_or_else(|| sentence.to_owned(), |pair| sentence.replace(&format!("{} s", pair[0]), "N s"))
}
