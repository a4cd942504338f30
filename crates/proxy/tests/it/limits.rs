//! How much goes to the server behind at once.

use crate::kit::{Gateway, Kit, Upstream, until};

const GET: &str = "GET /api/x HTTP/1.1\r\nHost: x\r\n\r\n";
const EVENTS: &str = "GET /api/x HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n";
const SOCKET: &str = "GET /api/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const AGREED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

async fn limited(in_flight: usize, streams: usize) -> (Gateway, Upstream) {
    let upstream = Upstream::listen().await;
    (Kit::to(upstream.address).limits(in_flight, streams).start().await.up().await, upstream)
}

#[tokio::test]
async fn one_request_more_is_told_so_at_once() {
    let (gateway, mut upstream) = limited(2, 5).await;
    let mut clients = [gateway.client.send(GET).await, gateway.client.send(GET).await];
    let mut arrived = [upstream.request().await.0, upstream.request().await.0];
    let answer = gateway.client.ask(GET).await;
    assert_eq!((answer.status, answer.header("x-greenroom-error")), (503, Some("overloaded")));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(!upstream.has_another());
    for (arrived, client) in arrived.iter_mut().zip(&mut clients) {
        arrived.answer("ok").await;
        assert_eq!(client.answer("GET").await.status, 200);
    }
    until(async || gateway.proxy.status().plugins["x"].in_flight == 0).await;
    let mut client = gateway.client.send(GET).await;
    arrived[1].request().await;
    arrived[1].answer("again").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "again"));
}

#[tokio::test]
async fn a_stream_takes_no_request_its_place() {
    let (gateway, mut upstream) = limited(1, 2).await;
    let (mut events, mut socket);
    let mut client = gateway.client.send(EVENTS).await;
    events = upstream.request().await.0;
    events.send(HEAD).await;
    client.head().await.unwrap();
    let mut tunnel = gateway.client.send(SOCKET).await;
    socket = upstream.request().await.0;
    socket.send(AGREED).await;
    tunnel.head().await.unwrap();
    for request in [EVENTS, SOCKET] {
        let answer = gateway.client.ask(request).await;
        assert_eq!(
            (answer.status, answer.header("x-greenroom-error")),
            (503, Some("overloaded")),
            "{request}"
        );
    }
    assert!(!upstream.has_another());
    let mut plain = gateway.client.send(GET).await;
    let mut arrived = upstream.request().await.0;
    // It turns out to be a stream, for which there is no room.
    arrived.send(HEAD).await;
    assert_eq!(plain.answer("GET").await.status, 503);
    arrived.ends().await;
    drop((client, tunnel));
    events.ends().await;
    socket.ends().await;
    drop(socket);
    until(async || {
        gateway.proxy.status().plugins["x"].streams + gateway.proxy.status().plugins["x"].tunnels == 0
    })
    .await;
    let mut client = gateway.client.send(EVENTS).await;
    let (mut events, _) = upstream.request().await;
    events.send(HEAD).await;
    assert_eq!(client.head().await.unwrap().status, 200);
}

#[tokio::test]
async fn names_that_clients_make_up_are_bounded_and_displace_no_plugin() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client = gateway.client.connect().await;
    let mut arrived = None;
    for (id, status) in
        [("catalog".to_owned(), 401)].into_iter().chain((0..500).map(|n| (format!("made-up-{n}"), 404)))
    {
        client.send(format!("GET /api/{id}/x HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        let arrived = match &mut arrived {
            Some(arrived) => arrived,
            none => none.insert(upstream.accept().await),
        };
        arrived.request().await;
        arrived.send(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")).await;
        assert_eq!(client.answer("GET").await.status, status);
    }
    let plugins = gateway.proxy.status().plugins;
    assert!(plugins.len() <= 201, "{}", plugins.len());
    assert_eq!(plugins["catalog"].requests, 1);
}
