//! Which connection carries a request, when it is sent again, and when it must not be.

use std::time::Duration;

use crate::kit::{Arrived, Client, Connection, Gateway, Upstream};

fn text(method: &str, more: &str) -> String {
    let (length, body) = if method == "POST" { ("Content-Length: 2\r\n", "ab") } else { ("", "") };
    format!("{method} /api/x HTTP/1.1\r\nHost: x\r\n{length}{more}\r\n{body}")
}

/// Sends a request; the server behind reads it, and does not answer.
async fn asked(gateway: &Gateway, arrived: &mut Arrived, method: &str) -> Connection {
    let client = gateway.client.send(text(method, "")).await;
    arrived.request().await;
    if method == "POST" {
        arrived.bytes(2).await;
    }
    client
}

/// A connection that has carried a request a moment ago.
async fn reused(gateway: &Gateway, upstream: &mut Upstream) -> Arrived {
    let mut client = gateway.client.send(text("GET", "")).await;
    let (mut arrived, _) = upstream.request().await;
    arrived.answer_and_keep("first").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "first"));
    crate::kit::until(async || gateway.proxy.status().idle_connections == 1).await;
    arrived
}

#[tokio::test]
async fn what_has_left_goes_again_if_that_does_no_harm_and_nothing_has_come_back() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for method in ["GET", "HEAD", "OPTIONS", "POST", "DELETE"] {
        for is_reused in [true, false] {
            for begun in ["", "HTTP/1.1 200"] {
                // Nothing is left of what was before.
                gateway.proxy.starts(upstream.address, None);
                let retries = gateway.proxy.status().retries;
                let (mut arrived, mut client);
                if is_reused {
                    arrived = reused(&gateway, &mut upstream).await;
                    client = asked(&gateway, &mut arrived, method).await;
                } else {
                    client = gateway.client.send(text(method, "")).await;
                    arrived = upstream.request().await.0;
                    if method == "POST" {
                        arrived.bytes(2).await;
                    }
                }
                arrived.send(begun).await;
                drop(arrived);
                let goes_again =
                    is_reused && begun.is_empty() && ["GET", "HEAD", "OPTIONS"].contains(&method);
                let case = format!("{method}, reused: {is_reused}, seen: {begun:?}");
                if goes_again {
                    let (mut again, request) = upstream.request().await;
                    assert!(request.line.starts_with(method));
                    again.answer("second").await;
                    assert_eq!(client.answer(method).await.status, 200, "{case}");
                } else {
                    let answer = client.answer(method).await;
                    assert_eq!(
                        (answer.status, answer.header("x-greenroom-error")),
                        (502, Some("upstream_broke")),
                        "{case}"
                    );
                }
                assert_eq!(gateway.proxy.status().retries - retries, u64::from(goes_again), "{case}");
                assert!(!upstream.has_another(), "{case}");
            }
        }
    }
    let lines = gateway.access_lines(30).await;
    let retried = lines.iter().filter(|line| line["retried"] == true).count();
    assert_eq!(retried, 3, "{lines:#?}");
}

#[tokio::test]
async fn what_goes_again_is_the_same_to_the_byte() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let cookies = format!("Cookie: {}\r\n", "c=ö; ".repeat(1000));
    for target in ["/api/x?a=b|c&d=%zz", "*"] {
        let mut arrived = reused(&gateway, &mut upstream).await;
        let more = format!("Host: x\r\nAccept: a\r\nAccept: b\r\nX-Empty:\r\n{cookies}");
        let mut client = gateway.client.send(format!("OPTIONS {target} HTTP/1.1\r\n{more}\r\n")).await;
        let first = arrived.request().await;
        drop(arrived);
        let (mut again, second) = upstream.request().await;
        assert_eq!(second.head, first.head);
        assert!(first.head.starts_with(&format!("OPTIONS {target} HTTP/1.1\r\n")));
        assert_eq!(first.all("accept"), ["a", "b"]);
        again.answer("second").await;
        assert_eq!(client.answer("OPTIONS").await.seen(), (200, "second"));
    }
}

#[tokio::test]
async fn it_goes_again_once() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut first = reused(&gateway, &mut upstream).await;
    let mut client = asked(&gateway, &mut first, "GET").await;
    drop(first);
    let (second, _) = upstream.request().await;
    drop(second);
    assert_eq!(client.answer("GET").await.status, 502);
    assert!(!upstream.has_another());
}

/// It may have ended of this very request.
#[tokio::test]
async fn it_does_not_wait_for_a_server_that_has_ended_to_be_started_again() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut first = reused(&gateway, &mut upstream).await;
    let mut client = asked(&gateway, &mut first, "GET").await;
    let address = upstream.ends().await;
    drop(first);
    let answer = client.answer("GET").await;
    assert_eq!((answer.status, answer.header("x-greenroom-error")), (502, Some("upstream_broke")));
    let mut next = Upstream::listen_at(address).await;
    let mut client = gateway.client.send(text("GET", "")).await;
    let (mut arrived, _) = next.request().await;
    arrived.answer("next").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "next"));
}

#[tokio::test]
async fn a_request_with_a_body_is_not_safe_whatever_its_method() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut first = reused(&gateway, &mut upstream).await;
    let mut client = gateway.client.send("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab").await;
    first.request().await;
    first.bytes(2).await;
    drop(first);
    assert_eq!(client.answer("GET").await.status, 502);
}

#[tokio::test]
async fn what_has_not_left_goes_again_whatever_its_method() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for method in ["POST", "GET"] {
        let first = reused(&gateway, &mut upstream).await;
        drop(first);
        let mut client = gateway.client.send(text(method, "")).await;
        let (mut second, request) = upstream.request().await;
        assert!(request.line.starts_with(method));
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        assert_eq!(client.answer(method).await.status, 200, "{method}");
    }
    assert_eq!(gateway.proxy.status().retries, 0, "it was asked once");
}

/// Waits for a byte, whatever has ended.
async fn comes(arrived: &Arrived) {
    if arrived.stream.peek(&mut [0]).await.unwrap_or(0) == 0 {
        std::future::pending().await
    }
}

/// Asks, and tells on which connection that arrived: on this one, or on a new one.
async fn uses(client: Client, upstream: &mut Upstream, kept: Arrived, request: &str) -> (bool, Arrived) {
    let mut sent = client.send(request).await;
    let mut kept = Some(kept);
    let (is_kept, mut arrived) = tokio::select! {
        arrived = upstream.accept() => (false, arrived),
        () = comes(kept.as_ref().unwrap()) => (true, kept.take().unwrap()),
    };
    if let Some(request) = arrived.try_request().await {
        arrived.unread.clear();
        arrived.answer_and_keep("ok").await;
        assert_eq!(sent.answer("HEAD").await.status, 200, "{}", request.head);
    }
    (is_kept, kept.unwrap_or(arrived))
}

#[tokio::test]
async fn streams_and_tunnels_have_connections_of_their_own() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut kept = reused(&gateway, &mut upstream).await;
    let mut is_kept;
    for (request, expected) in [
        (text("GET", ""), true),
        (text("POST", ""), true),
        (text("GET", "Accept: application/json, text/event-stream\r\n"), false),
        (text("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\n"), false),
        (text("GET", "Connection: Upgrade\r\nUpgrade: h2c\r\n"), true),
    ] {
        (is_kept, kept) = uses(gateway.client, &mut upstream, kept, &request).await;
        assert_eq!(is_kept, expected, "{request}");
        crate::kit::until(async || gateway.proxy.status().open_connections == 1).await;
    }
}

#[tokio::test]
async fn what_must_not_go_twice_takes_only_a_connection_that_was_used_a_moment_ago() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let kept = reused(&gateway, &mut upstream).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let (is_kept, kept) = uses(gateway.client, &mut upstream, kept, &text("POST", "")).await;
    assert!(!is_kept);
    drop(kept);
}

/// A connection that was used a moment ago, and is kept as long as the server says.
async fn kept_as(gateway: &Gateway, upstream: &mut Upstream, says: &str) -> Arrived {
    let mut client = gateway.client.send(text("GET", "Connection: close\r\n")).await;
    let (mut arrived, _) = upstream.request().await;
    arrived.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{says}\r\n")).await;
    client.answer("GET").await;
    crate::kit::until(async || gateway.proxy.status().idle_connections == 1).await;
    arrived
}

#[tokio::test]
async fn what_must_not_go_twice_takes_no_connection_that_a_busy_server_may_close() {
    for (says, expected) in [
        ("", false),
        ("Keep-Alive: timeout=5\r\n", false),
        ("Keep-Alive: timeout=29\r\n", false),
        ("Keep-Alive: timeout=30\r\n", true),
        ("Keep-Alive: timeout=75\r\n", true),
    ] {
        for method in ["POST", "GET"] {
            let (gateway, mut upstream) = Gateway::pair().await;
            let kept = kept_as(&gateway, &mut upstream, says).await;
            let (is_kept, kept) = uses(gateway.client, &mut upstream, kept, &text(method, "")).await;
            assert_eq!(is_kept, expected || method == "GET", "{method} {says:?}");
            drop(kept);
        }
    }
}

#[tokio::test]
async fn one_that_may_not_be_used_does_not_stand_in_front_of_one_that_may() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let kept = async |says: &str, upstream: &mut Upstream| {
        let client = gateway.client.send(text("GET", "Connection: close\r\n")).await;
        let (arrived, _) = upstream.request().await;
        (client, arrived, format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{says}\r\n"))
    };
    let (mut first, mut long, answer) = kept("Keep-Alive: timeout=75\r\n", &mut upstream).await;
    let (mut second, mut short, shortly) = kept("Keep-Alive: timeout=5\r\n", &mut upstream).await;
    let (mut third, mut none, not) = kept("Keep-Alive: timeout=1\r\n", &mut upstream).await;
    long.send(answer).await;
    first.answer("GET").await;
    short.send(shortly).await;
    second.answer("GET").await;
    none.send(not).await;
    third.answer("GET").await;
    none.ends().await;
    assert_eq!(gateway.proxy.status().idle_connections, 2);
    let (is_kept, long) = uses(gateway.client, &mut upstream, long, &text("POST", "")).await;
    assert!(is_kept, "the one on top is not for it");
    drop((long, short));
}

#[tokio::test]
async fn a_connection_is_not_used_longer_than_the_server_says_that_it_keeps_it() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client = gateway.client.send(text("GET", "")).await;
    let (mut arrived, _) = upstream.request().await;
    arrived.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=1\r\n\r\n").await;
    client.answer("GET").await;
    let (is_kept, kept) = uses(gateway.client, &mut upstream, arrived, &text("GET", "")).await;
    assert!(!is_kept);
    drop(kept);
}

#[tokio::test]
async fn a_server_that_takes_connections_and_closes_them_is_given_up_soon() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client = gateway.client.send(text("POST", "")).await;
    let closes = async {
        loop {
            drop(upstream.accept().await);
        }
    };
    let answer = tokio::select! {
        answer = client.answer("POST") => answer,
        () = closes => unreachable!(),
    };
    assert_eq!((answer.status, answer.header("x-greenroom-error")), (502, Some("upstream_broke")));
    assert!((1..=2).contains(&gateway.proxy.status().connects));
}

#[tokio::test]
async fn an_answer_that_comes_before_the_body_does_not_wait_for_it() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let head = "POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n";
    let mut client = gateway.client.send(head).await;
    let (mut arrived, _) = upstream.request().await;
    arrived.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno").await;
    assert_eq!(client.answer("POST").await.seen(), (401, "no"));
    // The server does not read on, and resets the connection: its answer arrives all the same.
    let mut client = gateway.client.send(head).await;
    let (mut arrived, _) = upstream.request().await;
    client.send(vec![b'x'; 300_000]).await;
    arrived.bytes(1000).await;
    arrived.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 5\r\n\r\nlarge").await;
    drop(arrived);
    assert_eq!(client.answer("POST").await.seen(), (413, "large"));
}
