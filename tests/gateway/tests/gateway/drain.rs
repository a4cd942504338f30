//! How `run --gateway` stops: nobody who asks meanwhile gets an error, and Node ends.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use futures_util::future::join_all;
use greenroom_conformance::{backend::Backend, scenarios::READINESS, version::Version};
use greenroom_gateway_tests::{Connection, Setup, process, says};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

/// The Node that it has started.
fn node_of(gateway: &Backend) -> u32 {
    let children = process::children(gateway.id().expect("it runs"));
    let [node] = children[..] else { panic!("{children:?}") };
    node
}

#[tokio::test]
async fn gateway_24_a_roll_under_load_costs_no_request() {
    for version in Version::held() {
        let mut gateway = Setup::new(version).wrapped().await;
        let (port, node) = (gateway.port(), node_of(&gateway));
        let (asked, stops) = (AtomicUsize::new(0), AtomicBool::new(false));

        // Clients that keep connections, and open another one when they are told to.
        let clients = (0..8).map(async |client| {
            let mut connection = Connection::to(port).await;
            while !stops.load(Relaxed) {
                let method = if client % 2 == 0 { "GET" } else { "POST" };
                let request = format!(
                    "{method} /api/gw/ok/{client} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
                );
                let answer = connection.ask(&request).await;
                assert_eq!(answer.head.status, 200, "{version}: {answer:?}");
                asked.fetch_add(1, Relaxed);
                if answer.head.header("connection") == Some("close") {
                    connection = Connection::to(port).await;
                }
            }
        });
        let rolls = async {
            while asked.load(Relaxed) < 200 {
                sleep(Duration::from_millis(5)).await;
            }
            gateway.terminate().expect("it runs");
            // So late is it known everywhere that nobody is to be sent here.
            sleep(Duration::from_secs(2)).await;
            stops.store(true, Relaxed);
        };
        tokio::join!(join_all(clients), rolls);
        assert_eq!(gateway.exit().await.expect("it ends"), Some(0), "{version}: {}", gateway.output());
        assert!(!process::runs(node), "{version}: Node is left behind");
    }
}

#[tokio::test]
async fn gateway_25_streams_and_tunnels_end_and_a_request_is_let_finish() {
    for version in Version::held() {
        let mut gateway = Setup::new(version).env("RAW_UPGRADES", "1").wrapped().await;
        let (port, node) = (gateway.port(), node_of(&gateway));

        let mut streams = Vec::new();
        for id in 0..3 {
            let mut stream = Connection::to(port).await;
            stream.send(format!("GET /api/bodies/events/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
            says(&gateway, &format!("GW stream {id}")).await;
            Connection::to(port).await.post(&format!("/api/bodies/events/{id}/first")).await;
            stream.until(b"data: first\n\n").await;
            streams.push(stream);
        }
        for id in 0..5 {
            let mut tunnel = Connection::to(port).await;
            tunnel
                .send(format!(
                    "GET /raw/echo?{id} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                ))
                .await;
            assert_eq!(tunnel.head().await.status, 101, "{version}");
            streams.push(tunnel);
        }
        let mut request = Connection::to(port).await;
        request.send("POST /api/gw/slow/6000 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await;
        says(&gateway, "GW slow 6000").await;

        let began = Instant::now();
        gateway.terminate().expect("it runs");
        for stream in &mut streams {
            stream.rest().await;
        }
        let answer = request.answer().await;
        assert_eq!(
            (answer.head.status, answer.head.header("connection")),
            (200, Some("close")),
            "{version}: {answer:?}"
        );
        assert_eq!(gateway.exit().await.expect("it ends"), Some(0), "{version}: {}", gateway.output());
        assert!(began.elapsed() < Duration::from_secs(15), "{version}: {:?}", began.elapsed());
        assert!(!process::runs(node), "{version}: Node is left behind");
    }
}

#[tokio::test]
async fn gateway_36_an_event_stream_is_one_by_its_answer_however_it_was_asked_for() {
    for version in Version::held() {
        let mut gateway = Setup::new(version).wrapped().await;
        let port = gateway.port();
        // What curl says, and no word at all.
        let mut streams = Vec::new();
        for (id, accept) in [("curl", "Accept: */*\r\n"), ("none", ""), ("late", "Accept: */*\r\n")] {
            let mut stream = Connection::to(port).await;
            let request = format!("GET /api/bodies/events/{id} HTTP/1.1\r\nHost: localhost\r\n{accept}\r\n");
            stream.send(request).await;
            says(&gateway, &format!("GW stream {id}")).await;
            // Node says nothing before the first event: one comes when streams have been ended.
            let after = if id == "late" { "?after=5000" } else { "" };
            Connection::to(port).await.post(&format!("/api/bodies/events/{id}/first{after}")).await;
            if id != "late" {
                stream.until(b"data: first\n\n").await;
            }
            streams.push(stream);
        }

        let began = Instant::now();
        gateway.terminate().expect("it runs");
        for stream in &mut streams {
            stream.rest().await;
        }
        assert_eq!(gateway.exit().await.expect("it ends"), Some(0), "{version}: {}", gateway.output());
        // A stream that counts as a request is waited for until the grace ends, after 25 s.
        assert!(began.elapsed() < Duration::from_secs(15), "{version}: {:?}", began.elapsed());
        let output = gateway.output();
        let mut lines = output.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let report = lines.find(|line| line["endedStreams"].is_number()).unwrap_or_default();
        assert!(report["streams"].as_u64() >= Some(2), "{version}: {report}\n{output}");
        assert!(report["endedStreams"].as_u64() >= Some(2), "{version}: {report}");
        assert_eq!(report["cutRequests"], 0, "{version}: {report}");
    }
}

#[tokio::test]
async fn gateway_26_who_asks_again_and_again_on_one_connection_is_told_to_close_it() {
    for version in Version::held() {
        let mut gateway = Setup::new(version).wrapped().await;
        let mut poller = Connection::to(gateway.port()).await;
        let first = poller.get(READINESS).await;
        assert_eq!(
            (first.head.status, first.head.header("connection")),
            (200, Some("keep-alive")),
            "{version}"
        );
        gateway.terminate().expect("it runs");

        let closes = async {
            loop {
                sleep(Duration::from_millis(300)).await;
                let answer = poller.get(READINESS).await;
                assert!(matches!(answer.head.status, 200 | 503), "{answer:?}");
                if answer.head.header("connection") == Some("close") {
                    assert_eq!(answer.head.status, 503, "{version}: {answer:?}");
                    return;
                }
            }
        };
        timeout(Duration::from_secs(3), closes)
            .await
            .unwrap_or_else(|_| panic!("{version}: it is never told"));
        assert_eq!(poller.rest().await, b"");
        assert_eq!(gateway.exit().await.expect("it ends"), Some(0), "{version}: {}", gateway.output());
    }
}

#[tokio::test]
async fn gateway_27_a_stop_during_the_start_leaves_nobody_behind() {
    for version in Version::held() {
        let setup = Setup::new(version).features("healthcheck,slow").env("SLOW_MS", "20000");
        // At once, and while its plugins start.
        for waits_for in [None, Some("'slow'")] {
            let mut gateway = setup.wrapped_now();
            let id = gateway.id().expect("it runs");
            let node = async {
                loop {
                    if let [node] = process::children(id)[..] {
                        return node;
                    }
                    assert!(!gateway.has_exited().expect("its state"), "{version}: {}", gateway.output());
                    sleep(Duration::from_millis(5)).await;
                }
            };
            let node = greenroom_gateway_tests::in_time("Node", node).await;
            if let Some(text) = waits_for {
                says(&gateway, text).await;
            }
            gateway.terminate().expect("it runs");
            let code = gateway
                .exit()
                .await
                .unwrap_or_else(|error| panic!("{version}: {error}\n{}", gateway.output()));
            assert!(code.is_some(), "{version}: a signal has ended it");
            assert!(!process::runs(node), "{version}: Node is left behind");
        }
    }
}
