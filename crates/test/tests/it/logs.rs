//! Captured lines.

use axum::{Router, routing::get};
use greenroom::{
    core::feature_loader,
    log_store::{LineQuery, LogStore},
    prelude::*,
};
use greenroom_test::{TestBackend, mock};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// Logs once told to.
fn talker(told: oneshot::Receiver<()>) -> Plugin {
    plugin("talker", |env| {
        env.register_init(async move |logger: Logger| {
            logger.debug("Listening");
            spawn("talk", async move {
                let _ = told.await;
                info!(logger, +added = true, task = "7", "Told");
            });
            Ok(())
        });
    })
}

#[tokio::test]
async fn a_line_to_come_is_awaited_and_is_what_node_would_print() {
    let (tell, told) = oneshot::channel();
    let backend = TestBackend::new().add(talker(told)).start().await.unwrap();
    let told = |line: &Value| line["message"] == "Told";
    assert!(!backend.logs().iter().any(told));
    tell.send(()).unwrap();
    assert_eq!(
        backend.await_log(told).await,
        json!({"level": "info", "message": "Told", "plugin": "talker", "service": "backstage", "task": "7"})
    );
    assert!(backend.stop().await.iter().any(told));
}

#[tokio::test]
async fn the_config_decides_on_level_meta_and_format() {
    let (_tell, told) = oneshot::channel();
    let config = json!({
        "backend": {"logger": {"level": "debug", "meta": {"region": "eu-1"}}},
        "greenroom": {"logger": {"format": "backstage"}},
    });
    let backend = TestBackend::new().config(config).add(talker(told)).start().await.unwrap();
    let line = backend.await_log(|line| line["message"] == "Listening").await;
    assert_eq!((&line["level"], &line["region"]), (&json!("debug"), &json!("eu-1")));
    assert!(line["timestamp"].is_string());
}

#[tokio::test]
async fn a_root_logger_of_the_tests_own_keeps_the_lines_instead() {
    let (factory, lines) = mock::root_logger();
    let hello = plugin("hello", |env| {
        env.register_init(async |logger: Logger| {
            logger.info("Here");
            Ok(())
        });
    });
    let backend = TestBackend::new().add(factory).add(hello).start().await.unwrap();
    assert_eq!(lines.wait_for(|line| line["message"] == "Here").await["plugin"], "hello");
    assert_eq!(backend.logs(), Vec::<Value>::new());
}

#[tokio::test]
async fn so_does_one_that_a_loader_brings() {
    let (factory, lines) = mock::root_logger();
    let loader = feature_loader(async || Ok(vec![factory.into()]));
    let backend = TestBackend::new().add(loader).start().await.unwrap();
    assert!(!lines.all().is_empty());
    assert_eq!(backend.logs(), Vec::<Value>::new());
}

#[tokio::test]
async fn messages_come_in_order() {
    let (logger, lines) = mock::logger("tasks");
    logger.info("one");
    logger.info("two");
    assert_eq!(lines.messages(), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
#[should_panic(
    expected = "the awaited line was not logged; there is\n  {\"level\":\"info\",\"message\":\"one\""
)]
async fn a_line_that_never_comes_shows_those_that_did() {
    let (logger, lines) = mock::logger("tasks");
    logger.info("one");
    lines.wait_for(|line| line["message"] == "two").await;
}

#[tokio::test]
async fn a_panic_in_a_worker_is_logged_once_and_names_it() {
    let mail = plugin("mail", |env| {
        env.register_init(async |lifecycle: Lifecycle| {
            lifecycle.spawn("deliver", async { panic!("no route") });
            Ok(())
        });
    });
    let config = json!({ "greenroom": { "logger": { "format": "backstage" } } });
    let backend = TestBackend::new().config(config).add(mail).start().await.unwrap();
    let is_it = |line: &Value| line["message"] == "Unhandled rejection no route";
    let line = backend.await_log(is_it).await;
    assert_eq!((&line["plugin"], &line["task"]), (&json!("mail"), &json!("deliver")));
    let lines = backend.stop().await;
    assert_eq!(lines.iter().filter(|line| line.to_string().contains("no route")).count(), 1, "{lines:?}");
}

#[tokio::test]
async fn the_lines_of_a_request_are_found_by_its_id() {
    let hello = plugin("hello", |env| {
        env.register_init(async |logger: Logger, http: HttpRouter| {
            http.mount(Router::new().route("/", get(async move || logger.info("Greeting."))));
            Ok(())
        });
    });
    let backend = TestBackend::new().add(hello).start().await.unwrap();
    backend.get("/api/hello").header("x-request-id", "visit-7").await;
    backend.await_log(|line| line["type"] == "incomingRequest").await;
    let store = backend.service::<LogStore>().await.unwrap();
    let of_request = LineQuery { request_id: Some("visit-7".to_owned()), ..LineQuery::default() };
    let lines = store.lines(&of_request).lines;
    let told: Vec<_> = lines.iter().map(|line| (line.plugin.as_deref(), &*line.message)).collect();
    assert_eq!(told[0], (Some("hello"), "Greeting."));
    // The sinks of a line are asked one after the other: that it is written says nothing of the last of them.
    assert!(
        told.get(1).is_none_or(|line| line.0.is_none() && line.1.starts_with("\"GET /api/hello")),
        "{told:?}"
    );
}
