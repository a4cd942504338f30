//! From a resource to the lines that the backend has logged for it.

use greenroom::log_store::{LineQuery, LogStore};
use greenroom_plugin_rum_store::{Arrival, BackendRequest, Batch, device::Device, route::Routes};
use serde_json::json;

use crate::support::{Pages, now_ms, pages, without_tags};

const SESSION: &str = "11111111-2222-4333-8444-555555555555";

/// A session with one slow resource, which the backend has answered under this id.
async fn visited(pages: &Pages, request_id: &str) {
    let at = now_ms() - 60_000;
    let view = json!({"id": "22222222-2222-4333-8444-555555555555", "url": "https://p.example/catalog"});
    let common = json!({"date": at, "session": {"id": SESSION, "type": "user"}, "view": view, "_dd": {"document_version": 1}});
    let with = |own: serde_json::Value| {
        let mut event = common.clone();
        let own = own.as_object().unwrap().clone();
        for (name, value) in own {
            match (&mut event[&name], value) {
                (serde_json::Value::Object(known), serde_json::Value::Object(more)) => known.extend(more),
                (place, value) => *place = value,
            }
        }
        event.to_string()
    };
    let resource = json!({
        "id": "33333333-2222-4333-8444-555555555555", "type": "fetch", "method": "GET", "status_code": 200,
        "url": "https://p.example/api/catalog/entities", "duration": 2_000_000_000_u64,
    });
    let events = [
        with(json!({"type": "view"})),
        with(json!({"type": "resource", "resource": resource, "_dd": {"trace_id": "255", "span_id": "16"}})),
    ];
    let arrival = Arrival {
        received_ms: at,
        sent_ms: Some(at),
        tags: None,
        sdk_version: None,
        device: Device::from_headers("", None),
        routes: std::sync::Arc::new(Routes::new(["https://p.example"])),
    };
    pages.store.keep(Batch::read(&events.join("\n"), arrival)).await.unwrap();
    let request = BackendRequest {
        request_id: request_id.to_owned(),
        trace_id: format!("{:032x}", 255),
        span_id: None,
        parent_span_id: Some(format!("{:016x}", 16)),
        session_id: Some(SESSION.to_owned()),
        replica: "greenroom-other".to_owned(),
        plugin: Some("catalog".to_owned()),
        method: "GET".to_owned(),
        route: Some("/entities".to_owned()),
        path: "/api/catalog/entities".to_owned(),
        status: 200,
        start_ms: at,
        duration_ns: 1_900_000_000,
        bytes: 18_841,
        is_aborted: false,
        stages: vec![("waiting", 1_000), ("handling", 1_890_000_000), ("sending", 9_000_000)],
    };
    pages.store.keep_requests(vec![request]).await.unwrap();
}

#[tokio::test]
async fn rum_108_the_lines_of_a_request_are_shown_by_the_replica_that_has_them() {
    let pages = pages(0).await;
    pages.backend.get("/api/catalog/entities").await;
    pages.backend.await_log(|line| line["url"] == "/api/catalog/entities").await;
    let logs: LogStore = pages.backend.service().await.unwrap();
    let lines = logs.lines(&LineQuery::default()).lines;
    let id = lines.iter().find_map(|line| line.request_id.clone()).unwrap();
    visited(&pages, &id).await;
    let page = pages.page(&format!("/.greenroom/browser/sessions/{SESSION}")).await;
    let text = without_tags(&page);
    for told in [
        &format!("Backend request {id}"),
        "catalog, replica greenroom-other, 200, 18.4 KiB",
        "Of 2.00 s in the browser, 1.90 s were spent here and 100 ms on the network. 1.89 s were in the handler.",
        "Its log lines",
        // Whose line it is, as the log itself says it.
        "rootHttpRouter",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert_eq!(page.matches(r#"<ol class="log">"#).count(), 1);
}

#[tokio::test]
async fn rum_108_else_the_replica_is_named_that_may_have_them() {
    let pages = pages(0).await;
    visited(&pages, "of-somebody-else").await;
    let text = without_tags(&pages.page(&format!("/.greenroom/browser/sessions/{SESSION}")).await);
    assert!(
        text.contains(
            "Replica greenroom-other has answered it: look there, or in the log itself for of-somebody-else."
        ),
        "{text}"
    );
}
