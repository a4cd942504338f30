//! Bytes pass as they come, both ways, and are held nowhere.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::kit::{Gateway, until};

const EVENTS: &str = "GET /api/x HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n";
const HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";

/// More than any socket on the way holds.
const MUCH: usize = 100 * 1024 * 1024;

#[tokio::test]
async fn each_event_passes_at_once() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client = gateway.client.send(EVENTS).await;
    let (mut arrived, _) = upstream.request().await;
    arrived.send(HEAD).await;
    let head = client.head().await.unwrap();
    assert_eq!(head.header("content-type"), Some("text/event-stream; charset=utf-8"));
    for number in 0..20 {
        let event = format!("data: {number:04}\n\n");
        arrived.send(format!("{:x}\r\n{event}\r\n", event.len())).await;
        assert_eq!(client.chunk().await.unwrap(), event.as_bytes());
    }
    let status = gateway.proxy.status();
    assert_eq!((status.plugins["x"].streams, status.plugins["x"].in_flight), (1, 0));
    assert_eq!(status.latency, None, "how long the first event took says nothing");
    arrived.send("0\r\n\r\n").await;
    assert_eq!(client.chunk().await, None);
    // Nothing else shares its connection.
    arrived.ends().await;
    until(async || gateway.proxy.status().plugins["x"].streams == 0).await;
}

#[tokio::test]
async fn the_head_of_a_stream_passes_before_its_first_event() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client = gateway.client.send(EVENTS).await;
    let (mut arrived, _) = upstream.request().await;
    arrived.send(HEAD).await;
    assert_eq!(client.head().await.unwrap().status, 200);
    drop(arrived);
}

/// Writes until the other side takes no more; how much that was.
async fn fill(stream: &mut tokio::net::TcpStream, piece: &[u8]) -> usize {
    let mut written = 0;
    while let Ok(count) = timeout(Duration::from_millis(300), stream.write(piece)).await {
        written += count.unwrap();
        assert!(written < MUCH, "it is held somewhere");
    }
    written
}

#[tokio::test]
async fn an_answer_waits_for_its_client() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client = gateway.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let (mut arrived, _) = upstream.request().await;
    arrived.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {MUCH}\r\n\r\n")).await;
    let piece = vec![b'x'; 64 * 1024];
    // What fits into the sockets, and a little.
    let held = fill(&mut arrived.stream, &piece).await;
    #[expect(clippy::disallowed_methods, reason = "the server behind belongs to no backend")]
    let rest = tokio::spawn(async move {
        let mut left = MUCH - held;
        while left > 0 {
            let count = left.min(piece.len());
            arrived.send(&piece[..count]).await;
            left -= count;
        }
        arrived
    });
    client.head().await.unwrap();
    let mut came = client.unread.len();
    while came < MUCH {
        client.unread.clear();
        assert!(client.more().await);
        came += client.unread.len();
    }
    assert_eq!(came, MUCH);
    rest.await.unwrap();
}

#[tokio::test]
async fn a_body_waits_for_the_server_behind() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client =
        gateway.client.send(format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {MUCH}\r\n\r\n")).await;
    let (mut arrived, _) = upstream.request().await;
    let piece = vec![b'x'; 64 * 1024];
    let held = fill(&mut client.stream, &piece).await;
    #[expect(clippy::disallowed_methods, reason = "the client belongs to no backend")]
    let rest = tokio::spawn(async move {
        let mut left = MUCH - held;
        while left > 0 {
            let count = left.min(piece.len());
            client.send(&piece[..count]).await;
            left -= count;
        }
        client
    });
    let mut came = arrived.unread.len();
    while came < MUCH {
        arrived.unread.clear();
        assert!(arrived.more().await);
        came += arrived.unread.len();
    }
    arrived.answer("all").await;
    assert_eq!(rest.await.unwrap().answer("POST").await.seen(), (200, "all"));
    assert_eq!(gateway.access_lines(1).await[0]["bytesIn"], MUCH);
}

#[tokio::test]
async fn a_client_that_reads_only_when_it_has_sent_everything_is_no_deadlock() {
    const SOME: usize = 20 * 1024 * 1024;
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client =
        gateway.client.send(format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {SOME}\r\n\r\n")).await;
    let (mut arrived, _) = upstream.request().await;
    arrived.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {SOME}\r\n\r\n")).await;
    let (mut reads, mut writes) = arrived.stream.into_split();
    let piece = vec![b'x'; SOME];
    #[expect(clippy::disallowed_methods, reason = "the server behind belongs to no backend")]
    let behind = tokio::spawn(async move {
        let mut came = vec![0; SOME - arrived.unread.len()];
        let (read, written) = tokio::join!(reads.read_exact(&mut came), writes.write_all(&piece));
        read.and(written.map(|()| 0)).unwrap();
    });
    timeout(Duration::from_secs(20), client.send(vec![b'y'; SOME])).await.expect("all of it is taken");
    assert_eq!(client.answer("POST").await.body.len(), SOME);
    behind.await.unwrap();
}

#[tokio::test]
async fn a_drain_ends_streams_and_idle_connections_and_nothing_else() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut stream = gateway.client.send(EVENTS).await;
    let (mut events, _) = upstream.request().await;
    events.send(HEAD).await;
    stream.head().await.unwrap();
    let mut first = gateway.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let (mut idle, _) = upstream.request().await;
    idle.answer_and_keep("ok").await;
    first.answer("GET").await;
    let mut busy = gateway.client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
    let mut at_work = idle;
    at_work.request().await;
    // A stream whose first event has not come has no head yet.
    let mut silent = gateway.client.send(EVENTS).await;
    let (mut waits, _) = upstream.request().await;
    gateway.proxy.stops();
    gateway.proxy.drain();
    assert_eq!(silent.answer("GET").await.header("x-greenroom-error"), Some("stopping"));
    waits.ends().await;
    assert_eq!(stream.chunk().await, None, "it ends in order, and its client comes again");
    events.ends().await;
    at_work.answer("done").await;
    assert_eq!(busy.answer("POST").await.seen(), (200, "done"));
    at_work.ends().await;
    let answer = gateway.client.ask(EVENTS).await;
    assert_eq!((answer.status, answer.header("x-greenroom-error")), (503, Some("stopping")));
    let mut last = gateway.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    upstream.request().await.0.answer("still here").await;
    assert_eq!(last.answer("GET").await.seen(), (200, "still here"));
}
