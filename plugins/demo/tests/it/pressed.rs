//! Where a press leads to, and what leads on from there.

use greenroom::prelude::*;
use greenroom_test::TestRequest;

use crate::support::{article, backend, button, start};

/// As a browser asks that is to show the answer.
fn shows(request: TestRequest) -> TestRequest {
    request.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
}

#[tokio::test]
async fn a_form_leads_to_the_page_which_shows_what_was_pressed_each_time_it_is_opened() {
    let backend = start().await;
    let sent = shows(button(&backend, "fail")).await;
    assert_eq!(sent.status, 303);
    let place = sent.header("location").unwrap().to_owned();
    let path = place.strip_suffix("#fail").unwrap();
    assert!(path.starts_with("/demo?pressed="), "{place}");
    for _ in 0..2 {
        let shown = article(&backend.get(path).await, "fail");
        assert!(shown.contains("An internal error occurred logId="), "{shown}");
    }
    let lines = backend.logs();
    let presses = lines.iter().filter(|line| line["message"] == "Counting what is in stock.");
    assert_eq!(presses.count(), 1, "it was pressed once");
}

#[tokio::test]
async fn so_does_each_button_and_each_link_of_the_page() {
    let backend = start().await;
    for name in ["queue", "slow", "break", "mend"] {
        assert_eq!(shows(button(&backend, name)).await.status, 303, "{name}");
    }
    for path in ["/api/demo/press/readiness", "/api/demo/press/tasks/demo-1"] {
        assert_eq!(shows(backend.get(path)).await.status, 303, "{path}");
    }
}

#[tokio::test]
async fn a_press_that_is_kept_no_more_is_told_on_the_page() {
    let backend = start().await;
    let first = shows(backend.get("/api/demo/press/readiness")).await;
    let first = first.header("location").unwrap().replace("#break", "");
    let is_kept = async || !backend.get(&first).await.text().contains("That press is shown no more");
    for _ in 1..16 {
        assert!(is_kept().await);
        shows(backend.get("/api/demo/press/readiness")).await;
    }
    assert!(is_kept().await, "the first of sixteen");
    shows(backend.get("/api/demo/press/readiness")).await;
    let page = backend.get(&first).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("That press is shown no more"), "{}", page.text());
}

#[tokio::test]
async fn where_the_demo_has_no_page_a_small_one_leads_back() {
    let backend = start().await;
    for path in ["/demo/nope", "/demo/press/fail"] {
        let page = backend.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.text().contains("<a href=\"/demo\">"), "{}", page.text());
        assert!(page.header("content-security-policy").is_some(), "{path}");
    }
    assert_eq!(backend.get("/demo/nope").header("host", "evil.example").await.status, 421);
}

#[tokio::test]
async fn the_lines_of_a_press_are_a_link_away_where_the_observatory_runs() {
    let link = "href=\"/.greenroom/lines?request=press-17\"";
    let shown = article(&button(&start().await, "fail").header("x-request-id", "press-17").await, "fail");
    assert!(!shown.contains(link), "{shown}");
    // Only that it is there counts.
    let observatory = plugin("observatory", |env| env.register_init(async |_: Logger| Ok(())));
    let backend = backend().add(observatory).start().await.unwrap();
    let shown = article(&button(&backend, "fail").header("x-request-id", "press-17").await, "fail");
    assert!(shown.contains(link), "{shown}");
    let page = backend.get("/demo").await.text();
    assert!(page.contains("greenroom ops link"), "how one signs in there: {page}");
}

#[tokio::test]
async fn what_was_clicked_has_a_name_that_is_no_text_of_the_page() {
    let page = start().await.get("/demo").await.text();
    for button in page.split("<button").skip(1) {
        assert!(button.split('>').next().unwrap().contains("data-dd-action-name=\""), "{button}");
    }
    assert!(page.contains("data-dd-action-name=\"Queue a task\""), "{page}");
}
