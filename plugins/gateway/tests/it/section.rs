//! The part “Node backend” of the page “Now”, and how the page begins.

use greenroom::context::spawn;
use serde_json::json;

use crate::{
    node::{EVENTS, Node, SLOW},
    support::{down, heard, in_front_of, is, now, nowhere, sentence, shows, text, told, up},
};

/// What is said of the Node backend.
fn section(page: &str) -> String {
    let (start, end) = (page.find("id=\"gateway\"").unwrap(), page.find("id=\"checks\"").unwrap());
    text(&page[start..end])
}

#[tokio::test]
async fn one_that_answers_is_told_with_since_when_and_an_empty_table() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, true).await;
    let page = now(&backend).await;
    assert!(sentence(&page).starts_with("Ready for "), "{}", sentence(&page));
    let said = section(&page);
    assert!(said.contains(&format!("Node answers at {} for ", node.address)), "{said}");
    assert!(said.contains("Nothing has been asked of it yet."), "{said}");
    assert!(!page.contains("class=\"call "), "nothing to be said first");
    let has_check = |health: &serde_json::Value| {
        let checks = health["checks"]["items"].as_array().unwrap();
        checks.iter().any(|check| check["name"] == "gateway.node" && check["outcome"] == "pass")
    };
    told(&backend, "/.greenroom/v1/health", has_check).await;
}

#[tokio::test]
async fn what_is_asked_of_it_is_told_by_plugin_and_a_failure_leads_to_its_lines() {
    let node = Node::start().await;
    node.answers("/api/catalog/broken", 500, "{}");
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, true).await;
    for _ in 0..3 {
        backend.get("/api/catalog/entities").await;
    }
    backend.get("/api/catalog/broken").header("x-request-id", "press-17").await;
    let client = backend.client();
    let slow = spawn("slow", async move { client.get(SLOW).await.status.as_u16() });
    node.asked(SLOW).await;
    shows(&backend, |shown| shown["inFlight"] == 1).await;

    let page = now(&backend).await;
    let said = section(&page);
    assert!(said.contains("; median "), "{said}");
    assert!(said.contains("catalog 4 0 0 0 1 500 at "), "{said}");
    assert!(said.contains("request press-17"), "{said}");
    assert!(said.contains("scaffolder 1 1 0 0 0 –"), "{said}");
    assert!(page.contains("href=\"/.greenroom/lines?request=press-17\""), "{page}");
    node.let_through();
    assert_eq!(slow.await.unwrap(), Some(200));
}

#[tokio::test]
async fn streams_are_counted_by_themselves() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    let host = backend.url().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
    let asked = format!("GET {EVENTS} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, asked.as_bytes()).await.unwrap();
    shows(&backend, |shown| shown["streams"] == 1 && shown["inFlight"] == 0).await;
    assert!(section(&now(&backend).await).contains("events 1 0 1 0 0 –"));
}

#[tokio::test]
async fn one_that_has_not_listened_yet_is_why_the_page_says_not_ready() {
    let address = nowhere().await;
    let page = now(&in_front_of(address).start().await.unwrap()).await;
    let why = format!(": the Node backend at {address} has not listened yet.");
    let said = sentence(&page);
    assert!(said.starts_with("Not ready for ") && said.ends_with(&why), "{said}");
    assert!(section(&page).contains(&format!("The Node backend at {address} has not listened yet, since ")));
}

#[tokio::test]
async fn one_that_is_away_is_told_with_whom_it_affects_why_and_the_next_step() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    node.goes();
    backend.get("/api/catalog/entities").await;
    is(&backend, down).await;
    let page = now(&backend).await;
    let (said, address) = (text(&page), node.address);
    let why = format!(": the Node backend at {address} takes no connections: ");
    assert!(
        sentence(&page).starts_with("Not ready for ") && sentence(&page).contains(&why),
        "{}",
        sentence(&page)
    );
    for part in [
        "Whom it affects Everybody: readiness answers 503; each request waits up to 20 ms for Node, then gets 503.",
        &format!("What we know The Node backend at {address} takes no connections: "),
        "Next step See from here whether it listens:",
        &format!("curl -si http://{address}/.backstage/health/v1/readiness"),
        "without a restart",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert_eq!(page.matches("class=\"call fail\"").count(), 1, "it is said once: {said}");
}

#[tokio::test]
async fn transparent_mode_is_a_warning_with_the_way_back() {
    let node = Node::start().await;
    let config = json!({ "greenroom": { "gateway": { "transparent": true } , "run": { "delay": "0s" } } });
    let backend = in_front_of(node.address).config(config).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, true).await;
    let page = now(&backend).await;
    let said = text(&page);
    assert!(sentence(&page).starts_with("Ready for "), "it serves: {}", sentence(&page));
    for part in [
        "Transparent mode is on: bytes pass to Node and back as they come.",
        "{&quot;transparent&quot;:false}' ",
        "/.greenroom/v1/gateway/transparent",
        "A restart switches it on again: greenroom.gateway.transparent says so",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[tokio::test]
async fn each_part_has_its_name_for_the_stream_and_nothing_stands_inline() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    backend.get("/api/catalog/entities").await;
    let page = now(&backend).await;
    for name in ["gateway state", "gateway counts", "gateway plugin catalog requests"] {
        assert!(page.contains(&format!("data-live=\"{name}\"")), "{name}");
    }
    assert!(!page.contains(" style="), "{page}");
}

#[tokio::test]
async fn what_clients_call_plugins_and_requests_is_text() {
    let node = Node::start().await;
    let hostile = "x\"><img src=x>";
    node.answers("/api/evil/x", 500, "{}");
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    backend.get("/api/evil/x").header("x-request-id", hostile).await;
    backend.get("/api/%3Cimg%20src=x%3E/x").await;
    let page = now(&backend).await;
    assert!(!page.contains("<img"), "{page}");
}
