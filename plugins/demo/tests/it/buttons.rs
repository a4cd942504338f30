//! Each button does what it says, and shows what the backend has answered.

use std::time::Duration;

use greenroom::log_store::{LineQuery, LogStore};
use greenroom_plugin_demo::demo;
use greenroom_test::TestBackend;

use crate::support::{article, backend, button, config, start};

const READINESS: &str = "/.backstage/health/v1/readiness";

#[tokio::test]
async fn a_task_is_queued_by_the_route_of_its_plugin_and_its_lines_have_the_id_of_the_press() {
    let backend = start().await;
    let page = button(&backend, "queue").header("x-request-id", "press-17").await;
    let shown = article(&page, "queue");
    assert!(shown.contains("202") && shown.contains("demo-press17"), "{shown}");
    let done = backend.await_log(|line| line["message"] == "Task finished").await;
    assert_eq!(done["task"], "demo-press17");
    assert!(shown.contains("Queueing this task."), "its lines: {shown}");
    let of_press = LineQuery { request_id: Some("press-17".to_owned()), ..LineQuery::default() };
    let lines = backend.service::<LogStore>().await.unwrap().lines(&of_press).lines;
    for text in ["Queueing this task.", "Task started", "Task finished"] {
        assert!(lines.iter().any(|line| line.message == text), "{text}: {lines:#?}");
    }
    let shown = article(&backend.get("/api/demo/press/tasks/demo-press17").await, "queue");
    assert!(
        shown.contains("has succeeded") && shown.contains("from the demo&#39;s page")
            || shown.contains("from the demo's page"),
        "{shown}"
    );
}

#[tokio::test]
async fn only_tasks_of_the_demo_are_shown() {
    let backend = start().await;
    for id in ["7", "demo-", "demo-123456789", "demo-..%2f7", "other-1"] {
        assert_eq!(backend.get(&format!("/api/demo/press/tasks/{id}")).await.status, 404, "{id}");
    }
    let shown = article(&backend.get("/api/demo/press/tasks/demo-1").await, "queue");
    assert!(shown.contains("nothing is known") && shown.contains("404"), "{shown}");
}

#[tokio::test]
async fn without_the_plugin_tasks_the_page_says_how_to_have_it() {
    let backend = TestBackend::new().config(config()).add(demo()).start().await.unwrap();
    let shown = article(&backend.get("/demo").await, "queue");
    assert!(shown.contains("greenroom.plugins.tasks: true") && !shown.contains("<form"), "{shown}");
}

#[tokio::test]
async fn a_failure_shows_a_reference_and_the_line_that_has_it_tells_the_cause() {
    let backend = start().await;
    let shown = article(&button(&backend, "fail").await, "fail");
    let answer = shown.split_once("class=\"log\"").unwrap().0;
    assert!(answer.contains("500") && !answer.contains("stock"), "{shown}");
    let id = shown.split("An internal error occurred logId=").nth(1).expect("a reference");
    let id: String = id.chars().take_while(char::is_ascii_hexdigit).collect();
    let line = backend.await_log(|line| line["logId"] == *id).await;
    assert_eq!((&line["plugin"], &line["level"]), (&"demo".into(), &"error".into()));
    assert!(line["message"].as_str().unwrap().contains("cannot read the stock list"), "{line}");
    assert!(article_shows_line(&shown, &id), "the page shows that line: {shown}");
}

/// Behind the answer, which has the reference too.
fn article_shows_line(shown: &str, id: &str) -> bool {
    shown.split_once("class=\"log\"").is_some_and(|(_, log)| log.contains(id) && log.contains("stock list"))
}

#[tokio::test]
async fn lines_from_before_the_press_are_not_shown_whatever_id_it_gives_itself() {
    let backend = start().await;
    button(&backend, "fail").header("x-request-id", "same").await;
    let shown = article(&button(&backend, "slow").header("x-request-id", "same").await, "slow");
    assert!(shown.contains("Waiting for a place") && !shown.contains("Counting what is in stock"), "{shown}");
}

#[tokio::test]
async fn what_is_slow_has_waited_for_a_place_and_the_line_says_how_long() {
    let backend = start().await;
    let shown = article(&button(&backend, "slow").await, "slow");
    let line = backend.await_log(|line| line["waitedMs"].is_number()).await;
    let waited = line["waitedMs"].as_u64().unwrap();
    assert!(waited >= 1000 && shown.contains(&format!("Waited {waited} ms")), "{line} {shown}");
    assert_eq!((&line["level"], &line["places"]), (&"warn".into(), &2.into()));
}

#[tokio::test]
async fn readiness_falls_with_the_dependency_and_rises_by_the_same_button() {
    let backend = start().await;
    assert_eq!(backend.get(READINESS).await.status, 200);
    let shown = article(&button(&backend, "break").await, "break");
    assert!(shown.contains("503") && shown.contains("demo.dependency"), "{shown}");
    assert!(shown.contains("action=\"/api/demo/press/mend#break\""), "{shown}");
    let refused = backend.get(READINESS).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["message"], "Check 'demo.dependency' failed");
    let line = backend.await_log(|line| line["message"] == "Health check failed").await;
    assert!(line["reason"].as_str().unwrap().starts_with("nobody listens on 127.0.0.1:"), "{line}");

    let shown = article(&button(&backend, "mend").await, "break");
    assert!(shown.contains("200") && shown.contains("action=\"/api/demo/press/break#break\""), "{shown}");
    assert_eq!(backend.get(READINESS).await.status, 200);
}

#[tokio::test]
async fn what_is_broken_comes_back_by_itself() {
    let demo = demo().mends_after(Duration::from_millis(50));
    let backend = TestBackend::new().config(config()).add(demo).start().await.unwrap();
    button(&backend, "break").await;
    backend.await_log(|line| line["message"] == "Health check passes again").await;
    assert_eq!(backend.get(READINESS).await.status, 200);
}

#[tokio::test]
async fn pressed_again_while_it_is_broken_it_stays_so_and_comes_back_once() {
    let backend = start().await;
    for _ in 0..3 {
        button(&backend, "break").await;
    }
    button(&backend, "mend").await;
    button(&backend, "mend").await;
    let changes = backend.logs().iter().filter(|line| line["check"] == "demo.dependency").count();
    assert_eq!(changes, 2, "down once and up once");
}

#[tokio::test]
async fn what_is_called_is_shown_as_one_types_it() {
    let backend = start().await;
    let shown = article(&button(&backend, "fail").await, "fail");
    let command = format!("demo.header -X POST {}/api/demo/fail", backend.url());
    assert!(shown.contains("curl -H @") && shown.contains(&command), "{shown}");
    drop(backend.stop().await);
    let stopped = backend_without_tasks().await;
    assert!(!article(&stopped, "fail").contains("curl"), "nothing is shown before a press");
}

async fn backend_without_tasks() -> greenroom_test::TestResponse {
    let backend = backend().start().await.unwrap();
    backend.get("/demo").await
}
