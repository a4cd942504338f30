//! Whoever leaves, the other side is told.

use std::time::Duration;

use crate::kit::{Gateway, Kit, until};

const GET: &str = "GET /api/x HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_ends_the_connection_behind() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for request in [
        GET,
        "GET /api/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    ] {
        let client = gateway.client.send(request).await;
        let (mut arrived, _) = upstream.request().await;
        drop(client);
        arrived.ends().await;
    }
    let lines = gateway.access_lines(3).await;
    assert!(lines.iter().all(|line| line["aborted"] == true || line["status"] == 499), "{lines:#?}");
    until(async || gateway.proxy.status().plugins["x"].in_flight == 0).await;
    assert_eq!(gateway.proxy.status().plugins["x"].failures, 0, "that is no fault of its");
}

#[tokio::test]
async fn a_client_that_leaves_within_an_answer_ends_the_connection_behind() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for head in [
        "Content-Length: 1000",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Type: text/event-stream",
    ] {
        let mut client = gateway.client.send(GET).await;
        let (mut arrived, _) = upstream.request().await;
        arrived.send(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n2\r\nab\r\n")).await;
        client.head().await.unwrap();
        client.bytes(1).await;
        drop(client);
        arrived.ends().await;
    }
    until(async || {
        let plugin = &gateway.proxy.status().plugins["x"];
        plugin.in_flight == 0 && plugin.streams == 0
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_within_its_body_ends_the_connection_behind() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for framing in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let client = gateway
            .client
            .send(format!("POST /api/x HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n2\r\nab\r\n"))
            .await;
        let (mut arrived, _) = upstream.request().await;
        arrived.bytes(2).await;
        drop(client);
        while arrived.more().await {}
    }
    until(async || gateway.proxy.status().plugins["x"].in_flight == 0).await;
    assert_eq!(gateway.proxy.status().plugins["x"].failures, 0);
}

#[tokio::test]
async fn a_body_that_stops_coming_is_the_clients_fault() {
    let upstream = crate::kit::Upstream::listen().await;
    let kit = Kit::to(upstream.address).config("backend.server.requestTimeout", serde_json::json!(300));
    let (gateway, mut upstream) = (kit.start().await.up().await, upstream);
    let mut client =
        gateway.client.send("POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab").await;
    let (mut arrived, _) = upstream.request().await;
    arrived.bytes(2).await;
    while arrived.more().await {}
    let answer = client.answer("POST").await;
    assert_eq!((answer.status, answer.header("x-greenroom-error")), (400, Some("request_incomplete")));
    assert_eq!(gateway.proxy.status().plugins["x"].failures, 0);
}

#[tokio::test]
async fn a_server_that_breaks_off_within_an_answer_breaks_the_clients_connection() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for head in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let mut client = gateway.client.send(GET).await;
        let (mut arrived, _) = upstream.request().await;
        arrived.send(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n2\r\nab\r\n")).await;
        let answer = client.head().await.unwrap();
        client.bytes(1).await;
        drop(arrived);
        let rest = client.rest().await;
        assert!(!rest.ends_with(b"0\r\n\r\n"), "{answer:?} {rest:?}");
    }
    let plugin = &gateway.proxy.status().plugins["x"];
    assert_eq!(plugin.failures, 2);
    let (_, code, id) = plugin.last_failure.clone().unwrap();
    assert_eq!(code, "upstream_broke");
    let lines = gateway.access_lines(2).await;
    assert_eq!(lines[1]["requestId"], id);
}

#[tokio::test]
async fn what_a_plugin_fails_with_is_counted() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for status in [200, 404, 500, 503] {
        let mut client = gateway.client.send(GET).await;
        let (mut arrived, _) = upstream.request().await;
        arrived.send(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(client.answer("GET").await.status, status);
    }
    let plugin = &gateway.proxy.status().plugins["x"];
    assert_eq!((plugin.requests, plugin.failures), (4, 2));
    assert_eq!(plugin.last_failure.as_ref().unwrap().1, "503");
    assert_eq!(gateway.lines_with("Request failed").len(), 0, "its own log tells of it");
    assert!(gateway.proxy.status().latency.unwrap().0 < Duration::from_secs(5));
}
