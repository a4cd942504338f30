//! Text of somebody else's is shown as text.

use greenroom_plugin_rum_store::{Arrival, Batch, device::Device, route::Routes};
use serde_json::json;

use crate::support::{Pages, now_ms, pages};

const SESSION: &str = "11111111-2222-4333-8444-555555555555";

/// A session all of whose texts are this one.
async fn told(text: &str) -> Pages {
    let pages = pages(0).await;
    let at = now_ms() - 60_000;
    let of = |kind: &str, id: &str, own: serde_json::Value| {
        let mut event = json!({
            "type": kind, "date": at, "session": {"id": SESSION, "type": "user"}, "service": text, "version": text,
            "ddtags": format!("env:{text}"),
            "view": {
                "id": "22222222-2222-4333-8444-555555555555", "url": format!("https://p.example/{text}"), "name": text,
                "loading_type": text, "time_spent": 1_000_000,
            },
            "_dd": {"document_version": 1},
        });
        if kind != "view" {
            event[kind] = own;
            event[kind]["id"] = json!(id);
        }
        event.to_string()
    };
    let events = [
        of("view", "", json!({})),
        of(
            "resource",
            "33333333-2222-4333-8444-555555555555",
            json!({"type": text, "method": text, "url": format!("https://p.example/{text}"), "duration": 2_000_000_000, "status_code": 500}),
        ),
        of(
            "error",
            "44444444-2222-4333-8444-555555555555",
            json!({"message": text, "type": text, "source": "source", "stack": format!("{text}\n  at {text} @ https://p.example/{text}:1:2")}),
        ),
        of(
            "action",
            "55555555-2222-4333-8444-555555555555",
            json!({"type": "click", "target": {"name": text}, "frustration": {"type": [text]}}),
        ),
        of(
            "long_task",
            "66666666-2222-4333-8444-555555555555",
            json!({"entry_type": text, "duration": 99_000_000}),
        ),
        of(
            "vital",
            "77777777-2222-4333-8444-555555555555",
            json!({"type": "duration", "name": text, "duration": 1}),
        ),
    ];
    let arrival = Arrival {
        received_ms: at,
        sent_ms: Some(at),
        tags: None,
        sdk_version: Some(text.to_owned()),
        device: Device::from_headers(text, None),
        routes: std::sync::Arc::new(Routes::new(["https://p.example"])),
    };
    pages.store.keep(Batch::read(&events.join("\n"), arrival)).await.unwrap();
    pages
}

/// All pages of it.
async fn all(pages: &Pages) -> Vec<String> {
    let errors = pages.json("errors").await;
    let group = errors["items"][0]["fingerprint"].as_str().unwrap();
    let paths = [
        String::new(),
        "/sessions".to_owned(),
        format!("/sessions/{SESSION}"),
        "/errors".to_owned(),
        format!("/errors/{group}"),
        "/resources".to_owned(),
    ];
    let mut shown = vec![];
    for path in paths {
        shown.push(pages.page(&format!("/.greenroom/browser{path}")).await);
    }
    shown
}

#[tokio::test]
async fn rum_103_markup_in_what_a_browser_sends_is_shown_as_text() {
    let hostile = r#""><img src=x onerror="alert(1)"><script>alert(2)</script>'"#;
    for page in all(&told(hostile).await).await {
        assert!(
            !page.contains("<img") && !page.contains("<script>") && !page.contains("alert(1)\""),
            "{page}"
        );
        assert_eq!(page.matches("<script").count(), 1, "that of the page");
    }
}

#[tokio::test]
async fn rum_103_what_turns_or_hides_text_is_written_out() {
    for page in all(&told("a\u{202e}b\u{0}c\u{1b}[31md\u{2066}").await).await {
        // What a filter sends back is as it was; nobody sees it.
        let (mut shown, mut rest) = (String::new(), &*page);
        while let Some((before, after)) = rest.split_once("<option value=\"") {
            shown.push_str(before);
            rest = after.split_once('"').unwrap().1;
        }
        let page = shown + rest;
        assert!(!page.contains(['\u{202e}', '\u{0}', '\u{1b}', '\u{2066}']), "{page}");
    }
}

#[tokio::test]
async fn rum_103_a_long_text_has_a_bound_on_every_page() {
    for page in all(&told(&"x".repeat(1 << 20)).await).await {
        assert!(page.len() < 150_000, "{}", page.len());
    }
}
