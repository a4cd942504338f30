//! Node is busy, dies, is away, and comes back.

use std::time::Duration;

use futures_util::future::join_all;
use greenroom_conformance::{scenarios::READINESS, version::Version, wire::Answer};
use greenroom_gateway_tests::{Connection, Setup, line, says};
use rustix::process::Signal;
use serde_json::Value;
use tokio::time::sleep;

#[tokio::test]
async fn gateway_10_a_blocked_event_loop_costs_no_request() {
    const CLIENTS: usize = 40;
    for version in Version::held() {
        // Node closes what was idle when it comes to itself, before it reads what has come on it meanwhile.
        let setup = Setup::new(version).on_node("backend: {server: {keepAliveTimeout: 1500}}");
        let pair = setup.sidecar().await;
        let port = pair.gateway.port();

        // So many connections to Node are there, and idle.
        let primed = (0..CLIENTS)
            .map(async |id| Connection::to(port).await.get(&format!("/api/gw/wait/prime-{id:02}")).await);
        let released = async {
            let mut control = Connection::to(pair.node.port()).await;
            for id in 0..CLIENTS {
                says(&pair.node, &format!("GW waits prime-{id:02}")).await;
            }
            for id in 0..CLIENTS {
                control.post(&format!("/api/gw/go/prime-{id:02}")).await;
            }
        };
        tokio::join!(join_all(primed), released);

        // For a moment after its use a connection carries what must not be sent twice, too: Node would have to close it at once.
        sleep(Duration::from_millis(1200)).await;
        let blocked = Connection::to(pair.node.port()).await.post("/api/gw/block/3000").await;
        assert_eq!(blocked.head.status, 200);
        says(&pair.node, "GW blocked 3000").await;
        let asked = (0..CLIENTS).map(async |id| {
            let (post, get) = (format!("/api/gw/ok/post-{id}"), format!("/api/gw/ok/get-{id}"));
            let post = async { Connection::to(port).await.post(&post).await };
            let get = async { Connection::to(port).await.get(&get).await };
            tokio::join!(post, get)
        });
        let answers: Vec<_> = join_all(asked).await.into_iter().flat_map(|(post, get)| [post, get]).collect();
        let failed: Vec<_> = answers.iter().filter(|answer| answer.head.status != 200).collect();
        assert!(failed.is_empty(), "{version}: {} of {}: {:?}", failed.len(), answers.len(), failed[0]);

        Connection::to(port).await.get("/api/gw/ok/last").await;
        says(&pair.node, "GW ok GET last").await;
        let output = pair.node.output();
        let times = |text: String| output.lines().filter(|line| **line == text).count();
        for id in 0..CLIENTS {
            assert_eq!(times(format!("GW ok POST post-{id}")), 1, "{version} {id}");
            assert_eq!(times(format!("GW ok GET get-{id}")), 1, "{version} {id}");
        }
    }
}

/// An answer of the gateway's own, as nobody could take for Node's.
fn is_own(answer: &Answer<Vec<u8>>, status: u16) {
    assert_eq!(answer.head.status, status, "{answer:?}");
    assert!(answer.head.header("x-greenroom-error").is_some(), "{answer:?}");
    assert!(answer.head.header("x-request-id").is_some(), "{answer:?}");
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"));
    assert_eq!(body["response"]["statusCode"], status, "{body}");
    assert!(body["error"]["name"].is_string() && body["error"]["message"].is_string(), "{body}");
    assert!(body["request"]["method"].is_string() && body["request"]["url"].is_string(), "{body}");
}

#[tokio::test]
async fn gateway_11_when_node_dies_what_was_sent_is_a_502_then_all_is_a_503_until_it_is_back() {
    for version in Version::held() {
        let pause = "backend: {lifecycle: {startupRequestPauseTimeout: {seconds: 1}}}";
        let setup = Setup::new(version).on_gateway(pause);
        let pair = setup.sidecar().await;
        let port = pair.gateway.port();

        let (mut post, mut get) = (Connection::to(port).await, Connection::to(port).await);
        post.send("POST /api/gw/wait/post HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await;
        get.send("GET /api/gw/wait/get HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        says(&pair.node, "GW waits post").await;
        says(&pair.node, "GW waits get").await;
        pair.node.signal(Signal::KILL).expect("it runs");

        is_own(&post.answer().await, 502);
        // It may have been asked again, which nobody takes.
        let answer = get.answer().await;
        is_own(&answer, if answer.head.status == 503 { 503 } else { 502 });
        let told = line::of(&pair.gateway, "/api/gw/wait/post").await;
        assert_eq!(told["status"], 502, "{told}");

        for method in ["GET", "POST"] {
            let request =
                format!("{method} /api/gw/ok/away HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
            let answer = Connection::to(port).await.ask(&request).await;
            is_own(&answer, 503);
            assert_eq!(answer.head.header("retry-after"), Some("1"), "{answer:?}");
        }
        let page = "GET /catalog HTTP/1.1\r\nHost: localhost\r\nAccept: text/html,*/*;q=0.8\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n";
        let answer = Connection::to(port).await.ask(page).await;
        assert_eq!(answer.head.status, 503);
        assert!(
            answer.head.header("content-type").is_some_and(|it| it.starts_with("text/html")),
            "{answer:?}"
        );
        assert_eq!(Connection::to(port).await.get(READINESS).await.head.status, 503);

        let node = setup.node_at(pair.node.port());
        pair.gateway
            .await_status(READINESS, 200)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{}", node.output()));
        assert_eq!(Connection::to(port).await.get("/api/gw/ok/back").await.head.status, 200, "{version}");
        drop(node);
    }
}

#[tokio::test]
async fn gateway_11_who_asks_while_node_is_away_waits_until_it_listens() {
    let pause = "backend: {lifecycle: {startupRequestPauseTimeout: {seconds: 15}}}";
    let setup = Setup::new(Version::newest()).on_gateway(pause);
    let pair = setup.sidecar().await;
    let mut node = pair.node;
    node.signal(Signal::KILL).expect("it runs");
    node.exit().await.expect("it ends");

    let mut client = Connection::to(pair.gateway.port()).await;
    client.send("POST /api/gw/ok/patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await;
    let node = setup.node_at(node.port());
    let answer = client.answer().await;
    // Whatever Node says so early: it may not have its routes yet.
    assert_eq!(answer.head.header("x-greenroom-error"), None, "{answer:?}\n{}", node.output());
}
