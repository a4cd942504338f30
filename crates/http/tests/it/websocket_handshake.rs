//! What is a handshake, and what is not.

use crate::{
    kit::Kit,
    websocket::{SWITCHED, request, sockets},
};

#[tokio::test]
async fn a_request_that_is_no_handshake_is_refused_by_its_fault() {
    let up = Kit::new().add(sockets()).start().await;
    let good = request("/api/ws/open", "");
    let with = |lines: &str| request("/api/ws/open", lines);
    for (bad, status) in [
        (good.replace("GET", "POST"), "400 Bad Request\r\n"),
        (good.replace("HTTP/1.1", "HTTP/1.0"), "400 Bad Request\r\n"),
        (good.replace("Host: x\r\n", ""), "400 Bad Request\r\n"),
        (with("Content-Length: 5\r\n") + "hello", "400 Bad Request\r\n"),
        (with("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n", "400 Bad Request\r\n"),
        (with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), "400 Bad Request\r\n"),
        (good.replace("dGhlIHNhbXBsZSBub25jZQ==", "short"), "400 Bad Request\r\n"),
        (with("Sec-WebSocket-Version: 13\r\n"), "426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\n"),
        (good.replace("Version: 13", "Version: 8"), "426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\n"),
    ] {
        let seen = up.client.raw(&bad).await;
        assert_eq!(seen, format!("HTTP/1.1 {status}Connection: close\r\nContent-Length: 0\r\n\r\n"), "{bad}");
    }
    let warned = up
        .lines
        .json()
        .into_iter()
        .find(|line| line["message"].as_str().unwrap().contains("WebSocket upgrade failed"));
    assert_eq!(warned, None, "a client's fault is no warning");
}

#[tokio::test]
async fn a_body_of_no_length_is_none() {
    let up = Kit::new().add(sockets()).start().await;
    let seen = up.client.raw(request("/api/ws/open", "Content-Length: 0\r\n")).await;
    assert!(seen.starts_with(SWITCHED), "{seen}");
}
