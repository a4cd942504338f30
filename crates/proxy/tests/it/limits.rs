//! How much goes to the server behind at once.

use crate::kit::{Arrived, Connection, Gateway, Kit, Upstream, until};

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
    until(async || !gateway.lines_with("The Node backend has too much to do").is_empty()).await;
    let told = gateway.lines_with("The Node backend has too much to do").remove(0);
    assert_eq!(
        (&told["level"], &told["limit"]),
        (&"warn".into(), &"greenroom.gateway.maxInFlight".into()),
        "{told}"
    );
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
async fn health_checks_have_a_place_however_many_requests_there_are() {
    const PROBE: &str = "GET /.backstage/health/v1/liveness HTTP/1.1\r\nHost: x\r\n\r\n";
    let (gateway, mut upstream) = limited(1, 1).await;
    let mut client = gateway.client.send(GET).await;
    let (mut arrived, _) = upstream.request().await;
    assert_eq!(gateway.client.ask(GET).await.status, 503);
    let mut prober = gateway.client.send(PROBE).await;
    let (mut probed, _) = upstream.request().await;
    assert_eq!(gateway.proxy.status().plugins[greenroom_proxy::PROBES].in_flight, 1);
    probed.answer("theirs").await;
    assert_eq!(prober.answer("GET").await.seen(), (200, "theirs"));
    arrived.answer("ok").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "ok"));
    until(async || gateway.proxy.status().plugins.values().all(|plugin| plugin.in_flight == 0)).await;
    // Neither has taken the other's place.
    let mut client = gateway.client.send(GET).await;
    arrived.request().await;
    arrived.answer("again").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "again"));
}

#[tokio::test]
async fn what_is_no_health_check_has_no_place_among_them() {
    let (gateway, mut upstream) = limited(1, 1).await;
    let mut client = gateway.client.send(GET).await;
    let (mut arrived, _) = upstream.request().await;
    for method in ["POST", "PUT", "DELETE"] {
        for path in ["/.backstage/health/v1/readiness", "/healthcheck", "/api/x/.backstage/auth/v1/jwks.json"]
        {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx");
            assert_eq!(gateway.client.ask(&request).await.status, 503, "{method} {path}");
        }
    }
    arrived.answer("ok").await;
    assert_eq!(client.answer("GET").await.status, 200);
}

#[tokio::test]
async fn status_checks_and_public_keys_have_a_place_however_many_requests_there_are() {
    let (gateway, mut upstream) = limited(1, 1).await;
    let mut client = gateway.client.send(GET).await;
    let (mut arrived, _) = upstream.request().await;
    for method in ["GET", "HEAD"] {
        for path in
            ["/healthcheck", "/api/x/.backstage/auth/v1/jwks.json", "/API/X/.Backstage/auth/v1/jwks.json/"]
        {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let mut asks = gateway.client.send(request).await;
            let (mut vital, _) = upstream.request().await;
            vital.answer(if method == "HEAD" { "" } else { "theirs" }).await;
            assert_eq!(asks.answer(method).await.status, 200, "{method} {path}");
            vital.ends().await;
        }
    }
    assert_eq!(gateway.client.ask(GET).await.status, 503);
    arrived.answer("ok").await;
    assert_eq!(client.answer("GET").await.status, 200);
}

#[tokio::test]
async fn of_more_health_checks_than_have_a_place_each_is_answered_by_what_is_known() {
    const PROBE: &str = "GET /.backstage/health/v1/readiness HTTP/1.1\r\nHost: x\r\n\r\n";
    let (gateway, mut upstream) = limited(1, 1).await;
    let mut held = vec![];
    for _ in 0..100 {
        held.push((gateway.client.send(PROBE).await, upstream.request().await.0));
    }
    for kind in ["readiness", "liveness"] {
        let answer = gateway.client.get(&format!("/.backstage/health/v1/{kind}")).await;
        assert_eq!(answer.seen(), (200, r#"{"status":"ok"}"#), "{kind}");
    }
    assert!(!upstream.has_another());
    let (mut client, mut arrived) = held.swap_remove(0);
    arrived.answer("theirs").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "theirs"));
    until(async || gateway.proxy.status().plugins[greenroom_proxy::PROBES].in_flight == 99).await;
    let mut client = gateway.client.send(PROBE).await;
    arrived.request().await;
    arrived.answer("theirs again").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "theirs again"));
}

/// Plugins that are asked one after the other, on one connection.
struct Asked {
    gateway: Gateway,
    upstream: Upstream,
    client: Connection,
    arrived: Option<Arrived>,
}

impl Asked {
    async fn new() -> Self {
        let (gateway, upstream) = Gateway::pair().await;
        let client = gateway.client.connect().await;
        Self { gateway, upstream, client, arrived: None }
    }

    async fn ask(&mut self, method: &str, id: &str, status: u16) {
        self.client.send(format!("{method} /api/{id}/x HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        let arrived = match &mut self.arrived {
            Some(arrived) => arrived,
            none => none.insert(self.upstream.accept().await),
        };
        arrived.request().await;
        arrived.send(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")).await;
        assert_eq!(self.client.answer(method).await.status, status);
    }
}

#[tokio::test]
async fn names_that_clients_make_up_are_bounded_and_displace_no_plugin() {
    let mut asked = Asked::new().await;
    asked.ask("GET", "catalog", 200).await;
    for (method, status) in [("GET", 404), ("GET", 401), ("GET", 429), ("OPTIONS", 204)] {
        for number in 0..210 {
            asked.ask(method, &format!("made-up-{status}-{number}"), status).await;
        }
    }
    let plugins = asked.gateway.proxy.status().plugins;
    assert!(plugins.len() <= 201, "{}", plugins.len());
    assert_eq!(plugins["catalog"].requests, 1);
    let others = &plugins["*"];
    assert_eq!(others.requests, 0, "each of them made room for the next");
    assert_eq!(others.refused.iter().map(|one| (one.status, one.count)).collect::<Vec<_>>(), [(401, 210)]);
}

#[tokio::test]
async fn in_a_table_of_plugins_alone_the_one_that_is_asked_least_makes_room() {
    let mut asked = Asked::new().await;
    for number in 0..200 {
        asked.ask("GET", &format!("plugin-{number}"), 200).await;
    }
    asked.ask("GET", "plugin-0", 200).await;
    asked.ask("GET", "new", 500).await;
    let plugins = asked.gateway.proxy.status().plugins;
    assert_eq!((plugins["plugin-0"].requests, plugins["new"].failures), (2, 1));
    assert_eq!((plugins.len(), plugins.contains_key("plugin-1")), (200, false));
}
