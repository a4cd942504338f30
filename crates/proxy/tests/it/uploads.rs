//! Requests whose answers end before they do: a server may answer and read on.

use crate::kit::{Arrived, Connection, Gateway, Kit, Upstream, until};

/// More than any socket on the way holds.
const LONG: usize = 32 * 1024 * 1024;

/// A request that is answered in full when a part of its body has come.
async fn accepted(gateway: &Gateway, upstream: &mut Upstream, length: usize) -> (Connection, Arrived) {
    let head = format!("POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\nab");
    let mut client = gateway.client.send(head).await;
    let (mut arrived, _) = upstream.request().await;
    arrived.bytes(2).await;
    arrived.send("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok").await;
    assert_eq!(client.answer("POST").await.seen(), (202, "ok"));
    (client, arrived)
}

/// Waits until no request is on its way.
async fn rests(gateway: &Gateway) {
    let x = || gateway.proxy.status().plugins["x"].clone();
    until(async || x().in_flight + x().uploads == 0).await;
}

#[tokio::test]
async fn the_rest_of_a_body_arrives_although_its_answer_has_ended() {
    let upstream = Upstream::listen().await;
    // The connection is at work as long as its body comes.
    let kit = Kit::to(upstream.address).config("backend.server.keepAliveTimeout", 100.into());
    let (gateway, mut upstream) = (kit.start().await.up().await, upstream);
    let (mut client, mut arrived) = accepted(&gateway, &mut upstream, LONG).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let x = gateway.proxy.status().plugins["x"].clone();
    assert_eq!((x.in_flight, x.uploads), (0, 1), "who is answered has no place any more");
    let rest = vec![b'x'; LONG - 2];
    let arrives = async {
        let mut left = rest.len();
        while left > 0 {
            assert!(!arrived.unread.is_empty() || arrived.more().await, "{left} bytes are missing");
            left -= arrived.unread.len();
            arrived.unread.clear();
        }
    };
    tokio::join!(client.send(&rest), arrives);
    rests(&gateway).await;
    // The client's connection goes on.
    client.send("GET /api/x HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let (mut next, _) = upstream.request().await;
    next.answer("next").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "next"));
}

#[tokio::test]
async fn it_ends_with_its_client() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let (client, mut arrived) = accepted(&gateway, &mut upstream, 10).await;
    drop(client);
    arrived.ends().await;
    rests(&gateway).await;
    assert_eq!(gateway.proxy.status().plugins["x"].failures, 0);
}

#[tokio::test]
async fn it_ends_with_the_server_behind() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let (client, arrived) = accepted(&gateway, &mut upstream, LONG).await;
    drop(arrived);
    rests(&gateway).await;
    drop(client);
}

#[tokio::test]
async fn it_ends_when_it_does_not_come_in_time() {
    let upstream = Upstream::listen().await;
    let kit = Kit::to(upstream.address).config("backend.server.requestTimeout", 300.into());
    let (gateway, mut upstream) = (kit.start().await.up().await, upstream);
    let (client, mut arrived) = accepted(&gateway, &mut upstream, 10).await;
    arrived.ends().await;
    rests(&gateway).await;
    drop(client);
}

#[tokio::test]
async fn it_ends_with_a_drain() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let (client, mut arrived) = accepted(&gateway, &mut upstream, 10).await;
    gateway.proxy.stops();
    gateway.proxy.drain();
    arrived.ends().await;
    rests(&gateway).await;
    drop(client);
}

#[tokio::test]
async fn what_is_answered_takes_no_place_and_as_many_bodies_go_on_behind_it_as_there_are_places() {
    let upstream = Upstream::listen().await;
    let kit = Kit::to(upstream.address).limits(1, 1).config("backend.server.keepAliveTimeout", 100.into());
    let (gateway, mut upstream) = (kit.start().await.up().await, upstream);
    let goes_on = accepted(&gateway, &mut upstream, LONG).await;
    // There is a place for it; what it sends on has none.
    let (client, mut arrived) = accepted(&gateway, &mut upstream, LONG).await;
    arrived.ends().await;
    drop(client);
    let x = gateway.proxy.status().plugins["x"].clone();
    assert_eq!((x.in_flight, x.uploads, x.failures), (0, 1, 0));
    drop(goes_on);
    rests(&gateway).await;
}
