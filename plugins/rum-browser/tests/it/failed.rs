//! A visit in which requests failed, and why the backend's side of a request is not shown.

use greenroom_plugin_rum_store::{Arrival, Batch, device::Device, route::Routes};
use serde_json::{Value, json};

use crate::support::{Pages, now_ms, pages, text_of, without_tags};

const SESSION: &str = "11111111-2222-4333-8444-555555555555";

/// A session with one view, and in it these events, each with the name of its own part, 50 ms apart.
async fn visited(pages: &Pages, events: impl IntoIterator<Item = (&'static str, Value)>) {
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

fn resource(kind: &str, status: u16, duration_ms: u64) -> (&'static str, Value) {
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
