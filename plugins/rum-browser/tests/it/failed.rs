//! A visit in which requests failed, and why the backend's side of a request is not shown.

use greenroom_plugin_rum_store::{Arrival, Batch, device::Device, route::Routes};
use serde_json::{Value, json};

use crate::support::{Pages, now_ms, pages, text_of, without_tags};

pub(crate) const SESSION: &str = "11111111-2222-4333-8444-555555555555";

/// A session with one view, and in it these events, each with the name of its own part, 50 ms apart.
pub(crate) async fn visited(pages: &Pages, events: impl IntoIterator<Item = (&'static str, Value)>) {
    let now = now_ms();
    let begun = now - 60_000;
    let event = |kind: &str, at: i64| {
        json!({
            "type": kind, "date": at, "session": {"id": SESSION, "type": "user"},
            "view": {"id": "22222222-2222-4333-8444-555555555555", "url": "https://p.example/catalog"},
            "_dd": {"document_version": 1},
        })
    };
    let mut lines = vec![event("view", begun).to_string()];
    for (number, (kind, mut own)) in (1_i64..).zip(events) {
        let mut event = event(kind, begun + number * 50);
        own["id"] = json!(format!("33333333-2222-4333-8444-{number:012}"));
        event[kind] = own;
        lines.push(event.to_string());
    }
    let arrival = Arrival {
        received_ms: now,
        sent_ms: Some(now),
        tags: None,
        sdk_version: None,
        device: Device::from_headers("", None),
        routes: std::sync::Arc::new(Routes::new(["https://p.example"])),
    };
    pages.store.keep(Batch::read(&lines.join("\n"), arrival)).await.unwrap();
}

pub(crate) fn resource(kind: &str, status: u16, duration_ms: u64) -> (&'static str, Value) {
    let resource = json!({
        "type": kind, "method": "GET", "status_code": status, "duration": duration_ms * 1_000_000,
        "url": "https://p.example/api/catalog/missing",
    });
    ("resource", resource)
}

#[tokio::test]
async fn rum_107_requests_that_failed_are_in_the_answer_and_none_of_them_is_cut() {
    let pages = pages(0).await;
    let long_task = || ("long_task", json!({"entry_type": "long-task", "duration": 99_000_000}));
    let before = std::iter::repeat_with(long_task).take(50);
    let failed = std::iter::repeat_with(|| resource("fetch", 404, 10)).take(17);
    let after = std::iter::repeat_with(long_task).take(10);
    visited(&pages, before.chain(failed).chain(after)).await;

    let path = format!("/.greenroom/browser/sessions/{SESSION}");
    let page = pages.page(&path).await;
    let said = text_of(&page, "h1");
    assert!(said.contains(" with 17 failed requests, first: GET "), "{said}");
    assert!(said.ends_with(" answered 404."), "{said}");
    let timeline = |page: &str| without_tags(page.split(r#"id="timeline""#).nth(1).unwrap());
    let text = timeline(&page);
    assert_eq!(text.matches("answered 404").count(), 17, "{text}");
    assert!(text.contains("20 more events of this view") && page.contains("?show=all\""), "{text}");

    let all = timeline(&pages.page(&format!("{path}?show=all")).await);
    assert_eq!(all.matches("blocked the page").count(), 60, "{all}");
    assert!(!all.contains("more events of this view"), "{all}");
}

/// The page of a visit with these events: all of it, its course, its timeline.
async fn shown(events: impl IntoIterator<Item = (&'static str, Value)>) -> [String; 3] {
    let pages = pages(0).await;
    visited(&pages, events).await;
    let page = pages.page(&format!("/.greenroom/browser/sessions/{SESSION}")).await;
    let (before, timeline) = page.split_once(r#"id="timeline""#).unwrap();
    let course = before.split_once(r#"id="course""#).unwrap().1;
    [page.clone(), course.to_owned(), timeline.to_owned()]
}

#[tokio::test]
async fn of_an_open_visit_nothing_is_said_as_if_it_were_over() {
    let [page, ..] = shown([resource("fetch", 200, 10)]).await;
    let said = text_of(&page, "h1");
    assert!(said.starts_with("An open visit, "), "{said}");
    assert!(said.ends_with(" so far: nothing of what has come was slow or failed."), "{said}");
    assert!(without_tags(&page).contains("more may come: browsers send about every 30 s"), "{page}");
}

#[tokio::test]
async fn red_is_what_failed_or_was_slow_and_nothing_else() {
    let is_red = |text: &str| ["c-fail", "c-poor", r#"class="slow""#].map(|red| text.matches(red).count());
    // Not even the slowest of what is fast.
    let [_, course, timeline] = shown([resource("fetch", 200, 41), resource("fetch", 200, 900)]).await;
    assert_eq!((is_red(&course), is_red(&timeline)), ([0; 3], [0; 3]), "{course}{timeline}");

    let [page, course, timeline] = shown([resource("fetch", 502, 20), resource("fetch", 200, 395)]).await;
    assert!(text_of(&page, "h1").contains(" with one failed request: "), "{page}");
    assert_eq!((is_red(&course), is_red(&timeline)), ([1, 0, 0], [1, 0, 1]), "{course}{timeline}");
    let open = timeline.split(r#"<li class="slow"><details open>"#).nth(1).unwrap();
    let open = without_tags(open.split("</summary>").next().unwrap());
    assert!(open.contains("answered 502"), "{open}");

    let [page, course, timeline] = shown([resource("fetch", 200, 1210)]).await;
    assert!(text_of(&page, "h1").contains(" took 1.21 s"), "{page}");
    assert_eq!((is_red(&course), is_red(&timeline)), ([1, 0, 0], [0, 1, 1]), "{course}{timeline}");
}

#[tokio::test]
async fn a_view_tells_what_time_its_bars_are_placed_in() {
    // The second one begins 100 ms after the view.
    let [.., timeline] = shown([resource("fetch", 200, 10), resource("fetch", 200, 400)]).await;
    let text = without_tags(&timeline);
    assert!(text.contains("bars: its first 500 ms"), "{text}");
    assert!(timeline.contains(r#"x="20%" width="80%""#), "{timeline}");
}

#[tokio::test]
async fn rum_108_where_the_backend_has_no_request_of_it_the_reason_is_the_true_one() {
    let pages = pages(0).await;
    let all = ["document", "fetch", "js"].map(|kind| resource(kind, 200, 400));
    visited(&pages, all).await;
    let text = without_tags(&pages.page(&format!("/.greenroom/browser/sessions/{SESSION}")).await);
    for why in [
        "It is the page itself. Of requests the backend keeps those that scripts have sent, and no pages.",
        "it did not go to this backend’s API, or began before the SDK had started.",
        "the SDK traces what scripts fetch once it has started, and nothing else.",
    ] {
        assert!(text.contains(why), "{why}: {text}");
    }
}
