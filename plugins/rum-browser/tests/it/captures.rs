//! Visits that a browser has made, and what the pages say of them.

use std::{fs, path::Path, sync::Arc};

use greenroom_plugin_rum_store::{Arrival, Batch, device::Device, route::Routes};
use serde_json::Value;

use crate::support::{Pages, pages, text_of, without_tags};

/// Just after the visit was recorded.
const END: &str = "2026-11-23T00%3A00%3A00Z";

/// The pages after a recorded visit.
async fn visited(name: &str) -> Pages {
    let pages = pages(0).await;
    let visit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rum-store/tests/fixtures").join(name);
    let requests: Value = serde_json::from_slice(&fs::read(visit.join("requests.json")).unwrap()).unwrap();
    for request in requests.as_array().unwrap() {
        let arrival = Arrival {
            received_ms: request["received_ms"].as_i64().unwrap(),
            sent_ms: request["batch_time"].as_str().map(|time| time.parse().unwrap()),
            tags: request["ddtags"].as_str().map(str::to_owned),
            sdk_version: request["sdk"].as_str().map(str::to_owned),
            device: Device::from_headers(
                request["user-agent"].as_str().unwrap(),
                request["platform"].as_str(),
            ),
            routes: Arc::new(Routes::new(["http://127.0.0.1:17200"])),
        };
        let text = fs::read_to_string(visit.join(request["body"].as_str().unwrap())).unwrap();
        pages.store.keep(Batch::read(&text, arrival)).await.unwrap();
    }
    pages
}

#[tokio::test]
async fn rum_102_a_page_shows_the_vitals_of_a_recorded_visit() {
    let pages = visited("v7-string-proxy").await;
    let page = pages.page(&format!("/.greenroom/browser?to={END}")).await;
    let routes = page.split(r#"id="routes""#).nth(1).unwrap();
    let row = routes.split("<tr").find(|row| row.contains("<bdi>/</bdi>")).unwrap();
    let cells: Vec<_> = row.split("<td").skip(1).map(|cell| without_tags(&format!("<td{cell}"))).collect();
    assert_eq!(cells, ["156 ms", "192 ms", "0.222", "156 ms", "8.4 ms", "1"]);
    assert_eq!(text_of(&page, "h1"), "2 views in the last 24 hours: too few to rate, which takes 20.");
}

#[tokio::test]
async fn a_recorded_visit_is_told_from_its_first_view_to_its_errors() {
    let pages = visited("v7-string-proxy").await;
    let sessions = pages.json(&format!("sessions?to={END}")).await;
    let id = sessions["items"][0]["id"].as_str().unwrap();
    let page = pages.page(&format!("/.greenroom/browser/sessions/{id}")).await;
    let text = without_tags(&page);
    for told in [
        "2 views, 15 requests, 4 errors",
        "first load",
        "LCP 156 ms",
        "route change",
        "rejected promise 7",
        "dead click",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let errors = pages.page(&format!("/.greenroom/browser/errors?to={END}")).await;
    assert!(without_tags(&errors).contains("CatalogError: Cannot render entity wayback-42"), "{errors}");
}
