//! WebSockets through the proxy, of which it reads nothing.

use tokio::io::AsyncWriteExt;

use crate::kit::{Arrived, Connection, Gateway, until};

const ASK: &str = "GET /api/signals HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: secret-token\r\n\r\n";
const AGREED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: secret-token\r\n\r\n";

/// A tunnel that is open, from both ends.
async fn open(gateway: &Gateway, upstream: &mut crate::kit::Upstream) -> (Connection, Arrived) {
    let mut client = gateway.client.send(ASK).await;
    let (mut arrived, request) = upstream.request().await;
    assert_eq!(
        (request.header("upgrade"), request.header("connection")),
        (Some("websocket"), Some("Upgrade"))
    );
    assert_eq!(request.header("sec-websocket-protocol"), Some("secret-token"));
    arrived.send(format!("{AGREED}early")).await;
    let head = client.head().await.unwrap();
    assert_eq!(
        (head.status, head.header("upgrade"), head.header("connection")),
        (101, Some("websocket"), Some("Upgrade"))
    );
    assert_eq!(head.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(client.bytes(5).await, b"early");
    (client, arrived)
}

#[tokio::test]
async fn bytes_pass_both_ways_and_so_does_the_end_of_one() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let (mut client, mut arrived) = open(&gateway, &mut upstream).await;
    let plugin = || gateway.proxy.status().plugins["signals"].clone();
    assert_eq!((plugin().tunnels, plugin().in_flight), (1, 0));
    let noise: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let (sent, came) = tokio::join!(client.stream.write_all(&noise), arrived.bytes(noise.len()));
    sent.unwrap();
    assert_eq!(came, noise);
    // The client has said all; what comes for it still passes.
    client.stream.shutdown().await.unwrap();
    arrived.ends().await;
    arrived.send("still").await;
    assert_eq!(client.bytes(5).await, b"still");
    drop(arrived);
    assert_eq!(client.rest().await, b"");
    until(async || plugin().tunnels == 0).await;
    let line = gateway.access_lines(1).await.pop().unwrap();
    assert_eq!((line["status"].as_u64(), line["bytesIn"].as_u64()), (Some(101), Some(300_000)));
    assert!(gateway.lines.lines().iter().all(|line| !line.contains("secret-token")));
}

#[tokio::test]
async fn the_end_of_the_other_passes_too() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let (mut client, mut arrived) = open(&gateway, &mut upstream).await;
    arrived.stream.shutdown().await.unwrap();
    assert_eq!(client.rest().await, b"");
    client.send("still").await;
    assert_eq!(arrived.bytes(5).await, b"still");
}

#[tokio::test]
async fn who_breaks_off_ends_both_sides() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let (client, mut arrived) = open(&gateway, &mut upstream).await;
    drop(client);
    arrived.ends().await;
    drop(arrived);
    let (mut client, arrived) = open(&gateway, &mut upstream).await;
    arrived.reset();
    assert_eq!(client.rest().await, b"");
    until(async || gateway.proxy.status().plugins["signals"].tunnels == 0).await;
    until(async || gateway.proxy.status().open_connections == 0).await;
}

#[tokio::test]
async fn a_drain_ends_tunnels() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let (mut client, mut arrived) = open(&gateway, &mut upstream).await;
    gateway.proxy.drain();
    assert_eq!(client.rest().await, b"");
    arrived.ends().await;
}

#[tokio::test]
async fn a_server_that_does_not_agree_answers_as_ever() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client = gateway.client.connect().await;
    for answer in [
        "HTTP/1.1 401 Unauthorized\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nno",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
    ] {
        client.send(ASK).await;
        let (mut arrived, _) = upstream.request().await;
        arrived.send(answer).await;
        drop(arrived);
        let came = client.answer("GET").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {}", came.status)) && came.text() == "no", "{came:?}");
        assert_eq!(came.header("upgrade"), None, "a load balancer would take it for a failure");
    }
}

#[tokio::test]
async fn a_server_that_agrees_to_something_else_is_a_502() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for answer in [
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ] {
        let mut client = gateway.client.send(ASK).await;
        let (mut arrived, _) = upstream.request().await;
        arrived.send(answer).await;
        let came = client.answer("GET").await;
        assert_eq!(
            (came.status, came.header("x-greenroom-error")),
            (502, Some("upstream_malformed")),
            "{answer:?}"
        );
        arrived.ends().await;
    }
}

#[tokio::test]
async fn nothing_but_websocket_leaves_http() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let head = "HTTP/1.1\r\nHost: x\r\n";
    for request in [
        format!(
            "GET / {head}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n"
        ),
        format!("GET / {head}Upgrade: websocket\r\n\r\n"),
        format!("POST / {head}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let mut client = gateway.client.send(&request).await;
        let (mut arrived, asked) = upstream.request().await;
        assert_eq!((asked.header("upgrade"), asked.header("connection")), (None, None), "{request:?}");
        arrived.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").await;
        assert_eq!(client.answer("GET").await.seen(), (200, "ok"));
    }
}
