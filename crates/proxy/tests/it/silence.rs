//! An event stream that says nothing for long: no timer on its way ends it.

use std::time::Duration;

use crate::kit::{Connection, Gateway};

const EVENTS: &str =
    "GET /api/x HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n\r\n";
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Ten minutes, for whatever waits in this process; the sockets do not know of it.
async fn ten_minutes() {
    tokio::time::pause();
    for _ in 0..120 {
        tokio::time::advance(Duration::from_secs(5)).await;
        // Whose time has come gets its turn.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    tokio::time::resume();
}

#[tokio::test]
async fn a_stream_may_be_silent_for_as_long_as_it_likes_before_its_head_and_between_two_events() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client: Connection = gateway.client.send(EVENTS).await;
    let (mut arrived, _) = upstream.request().await;
    // As a plugin of Backstage that sends no head before it has something to say.
    ten_minutes().await;
    arrived.send(HEAD).await;
    assert_eq!(client.head().await.unwrap().header("content-encoding"), Some("gzip"));
    for event in ["the first", "the second", "the third"] {
        ten_minutes().await;
        arrived.send(format!("{:x}\r\n{event}\r\n", event.len())).await;
        assert_eq!(client.chunk().await.unwrap(), event.as_bytes());
    }
    arrived.send("0\r\n\r\n").await;
    assert_eq!(client.chunk().await, None);
}
