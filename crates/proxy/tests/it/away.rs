//! A server behind that takes no connections: who waits for it, how long, and what is told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use greenroom_proxy::{ProxyBuilder, State};

use crate::kit::{Gateway, Kit, Upstream, until};

const GET: &str = "GET /api/x HTTP/1.1\r\nHost: x\r\n\r\n";
const EVENTS: &str = "GET /api/x HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n";
const POST: &str = "POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab";

/// An address at which nobody listens.
async fn nowhere() -> std::net::SocketAddr {
    Upstream::listen().await.ends().await
}

#[tokio::test]
async fn requests_of_any_method_wait_until_it_listens() {
    let address = nowhere().await;
    let gateway = Kit::to(address).start().await;
    let (mut get, mut post) = (gateway.client.send(GET).await, gateway.client.send(POST).await);
    until(async || gateway.proxy.status().plugins.get("x").is_some_and(|plugin| plugin.in_flight == 2)).await;
    let mut upstream = Upstream::listen_at(address).await;
    for _ in 0..2 {
        let (mut arrived, request) = upstream.request().await;
        if request.line.starts_with("POST") {
            assert_eq!(arrived.bytes(2).await, b"ab");
        }
        arrived.answer("here").await;
    }
    assert_eq!(get.answer("GET").await.seen(), (200, "here"));
    assert_eq!(post.answer("POST").await.seen(), (200, "here"));
    assert!(matches!(gateway.proxy.status().state, State::Up { .. }));
}

#[tokio::test]
async fn who_has_waited_long_enough_is_told_to_come_again() {
    let gateway = Kit::to(nowhere().await).pause(Duration::from_millis(100)).start().await;
    let began = Instant::now();
    let mut lengths = vec![];
    for request in [GET, POST] {
        let answer = gateway.client.ask(request).await;
        lengths.push(serde_json::Value::from(answer.body.len()));
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
        assert_eq!(answer.header("x-greenroom-error"), Some("upstream_starting"));
        let error = &answer.json()["error"];
        assert_eq!(
            (error["name"].as_str(), error["stack"].as_str()),
            (Some("ServiceUnavailableError"), None)
        );
        assert!(answer.header("x-request-id").is_some());
    }
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(gateway.lines_with("Request failed").len(), 0, "no line for each");
    for (line, length) in gateway.access_lines(2).await.iter().zip(lengths) {
        assert_eq!((&line["status"], &line["gatewayError"]), (&503.into(), &"upstream_starting".into()));
        assert_eq!(line["contentLength"], length, "{line}");
    }
}

#[tokio::test]
async fn of_a_start_that_has_failed_it_is_not_said_that_it_takes_connections_as_if_all_were_well() {
    let address = nowhere().await;
    let gateway = Kit::to(address).start().await;
    gateway.proxy.start_has_failed();
    gateway.proxy.news().notified().await;
    let _upstream = Upstream::listen_at(address).await;
    until(async || matches!(gateway.proxy.status().state, State::Up { .. })).await;
    let told = gateway.lines_with("takes connections after ");
    let [line] = &told[..] else { panic!("{told:?}") };
    let message = line["message"].as_str().unwrap();
    assert!(message.ends_with(", although its start has failed: it does not become ready"), "{message}");
}

#[tokio::test]
async fn people_get_a_sentence_in_place_of_data() {
    let gateway = Kit::to(nowhere().await).pause(Duration::ZERO).start().await;
    for (headers, is_page) in [
        ("Sec-Fetch-Mode: navigate\r\n", true),
        ("Accept: text/html,application/xhtml+xml\r\n", true),
        ("Accept: text/html\r\nSec-Fetch-Mode: cors\r\n", false),
        ("Accept: application/json, text/html\r\n", false),
        ("Accept: */*\r\n", false),
        ("", false),
    ] {
        let answer = gateway.client.ask(&format!("GET /catalog HTTP/1.1\r\nHost: x\r\n{headers}\r\n")).await;
        assert_eq!((answer.status, answer.header("x-greenroom-error")), (503, Some("upstream_starting")));
        assert_eq!(
            answer.text().contains("<p>The backend is starting; try again in a few seconds.</p>"),
            is_page,
            "{headers}"
        );
        assert_eq!(answer.header("retry-after"), Some("1"));
        let kind = if is_page { "text/html; charset=utf-8" } else { "application/json; charset=utf-8" };
        assert_eq!(answer.header("content-type"), Some(kind));
    }
}

#[tokio::test]
async fn each_change_is_told_once_whoever_finds_out() {
    let (gateway, upstream) = Gateway::pair().await;
    assert_eq!(gateway.lines_with("takes connections, after").len(), 1);
    let address = upstream.ends().await;
    let mut clients = vec![];
    for _ in 0..20 {
        clients.push(gateway.client.send(POST).await);
    }
    let down = gateway.until(|state| matches!(state, State::Down { .. })).await;
    let State::Down { why, .. } = down else { unreachable!() };
    until(async || gateway.proxy.status().plugins.get("x").is_some_and(|plugin| plugin.in_flight == 20))
        .await;
    let mut upstream = Upstream::listen_at(address).await;
    for _ in 0..20 {
        let (mut arrived, _) = upstream.request().await;
        arrived.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    }
    for mut client in clients {
        assert_eq!(client.answer("POST").await.status, 200);
    }
    let down = gateway.lines_with("takes no connections");
    let message = format!(
        "Node backend at {address} takes no connections: {why}; requests wait up to 5 s, then get 503"
    );
    assert_eq!((down.len(), down[0]["message"].as_str()), (1, Some(&*message)));
    assert_eq!(gateway.lines_with("takes connections again, after").len(), 1);
}

#[tokio::test]
async fn who_is_not_there_at_the_start_is_told_once_and_so_is_that_it_is_there() {
    let address = nowhere().await;
    let gateway = Kit::to(address).start().await;
    // Nobody has asked for anything.
    until(async || !gateway.lines_with("Nobody takes connections").is_empty()).await;
    // Who waits has it looked at again and again.
    let mut get = gateway.client.send(GET).await;
    until(async || gateway.proxy.status().plugins.contains_key("x")).await;
    let mut upstream = Upstream::listen_at(address).await;
    let (mut arrived, _) = upstream.request().await;
    arrived.answer("here").await;
    assert_eq!(get.answer("GET").await.seen(), (200, "here"));
    let told = gateway.lines_with("Nobody takes connections");
    let message = told[0]["message"].as_str().unwrap();
    assert_eq!((told.len(), told[0]["level"].as_str()), (1, Some("warn")));
    let ends = format!(
        "; requests wait up to 5 s, then get 503. Check that it runs, and that it listens there, as with \
         APP_CONFIG_backend_listen={address}"
    );
    assert!(message.ends_with(&ends), "{message}");
    assert_eq!(gateway.lines_with(&format!("Node backend at {address} takes connections, after")).len(), 1);
}

#[tokio::test]
async fn a_child_that_does_not_listen_yet_is_no_news() {
    let nowhere = nowhere().await;
    let gateway =
        Kit::to(nowhere).with(ProxyBuilder::starts_later).pause(Duration::from_millis(200)).start().await;
    gateway.proxy.starts(nowhere, Some(Arc::new(|| Box::pin(async { true }))));
    assert_eq!(gateway.client.ask(GET).await.header("x-greenroom-error"), Some("upstream_starting"));
    assert_eq!(gateway.lines_with("Nobody takes connections").len(), 0);
}

#[tokio::test]
async fn nobody_waits_for_one_that_does_not_come_again() {
    let gateway = Kit::to(nowhere().await).pause(Duration::from_secs(60)).start().await;
    let mut waiting = gateway.client.send(GET).await;
    until(async || gateway.proxy.status().plugins.contains_key("x")).await;
    gateway.proxy.gone("it ended with exit code 7".into());
    for answer in [waiting.answer("GET").await, gateway.client.ask(GET).await] {
        assert_eq!((answer.status, answer.header("x-greenroom-error")), (503, Some("upstream_failed")));
        assert!(!answer.text().contains("exit code"), "that is for operators");
        assert_eq!(answer.header("retry-after"), None, "it does not come again by itself");
    }
    // It is started anew, elsewhere.
    let mut upstream = Upstream::listen().await;
    gateway.proxy.starts(upstream.address, None);
    let mut client = gateway.client.send(GET).await;
    upstream.request().await.0.answer("here").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "here"));
    assert_eq!(gateway.proxy.address(), upstream.address);
}

#[tokio::test]
async fn one_that_has_moved_is_asked_nothing_by_its_old_connections() {
    let (gateway, mut old) = Gateway::pair().await;
    let mut client = gateway.client.send(GET).await;
    let (mut kept, _) = old.request().await;
    kept.answer("old").await;
    client.answer("GET").await;
    let mut busy = gateway.client.send(GET).await;
    kept.request().await;
    let mut new = Upstream::listen().await;
    gateway.proxy.starts(new.address, None);
    // What is on its way may end.
    kept.answer("late").await;
    assert_eq!(busy.answer("GET").await.seen(), (200, "late"));
    kept.ends().await;
    let mut client = gateway.client.send(GET).await;
    new.request().await.0.answer("new").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "new"));
}

#[tokio::test]
async fn health_is_the_server_behinds_while_it_can_be_asked() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let probe = "GET /.backstage/health/v1/readiness HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut client = gateway.client.send(probe).await;
    upstream.request().await.0.answer("{\"theirs\":1}").await;
    assert_eq!(client.answer("GET").await.text(), "{\"theirs\":1}");
    gateway.proxy.set_transparent(true);
    let mut client = gateway.client.send(probe).await;
    upstream.request().await.0.answer("theirs").await;
    assert_eq!(client.answer("GET").await.text(), "theirs");
    gateway.proxy.stops();
    assert_eq!(gateway.client.ask(probe).await.json()["status"], "ok");
    assert!(!upstream.has_another());
    // Nothing else changes by that.
    let mut client = gateway.client.send(GET).await;
    let (mut arrived, request) = upstream.request().await;
    assert_eq!(request.header("x-request-id"), None, "{}", request.head);
    arrived.answer("as it came").await;
    assert_eq!(client.answer("GET").await.header("x-request-id"), None);
}

#[tokio::test]
async fn it_is_asked_whether_it_is_ready_from_an_address_that_counts_for_nothing() {
    let (gateway, mut upstream) = Gateway::pair().await;
    until(async || gateway.proxy.status().readiness.is_some()).await;
    let readiness = gateway.proxy.status().readiness.unwrap();
    assert_eq!(readiness.answer, Ok((200, "{\"status\":\"ok\"}".to_owned())));
    let probe = upstream.probes().remove(0);
    assert!(probe.starts_with("GET /.backstage/health/v1/readiness HTTP/1.1\r\n"), "{probe}");
    assert!(probe.contains("user-agent: greenroom-probe\r\n"), "{probe}");
    let _client = gateway.client.send(GET).await;
    assert_eq!(upstream.accept().await.peer.ip().to_string(), "127.0.0.2");
    assert_eq!(gateway.proxy.status().no_source, None);
}

#[tokio::test]
async fn without_the_address_it_is_asked_from_another_and_that_is_told_once() {
    let mut upstream = Upstream::listen().await;
    let gateway = Kit::to(upstream.address).source("192.0.2.1").start().await.up().await;
    for _ in 0..2 {
        // The kit takes it for a probe.
        assert_eq!(gateway.client.get("/").await.status, 200);
    }
    assert!(!upstream.has_another());
    assert!(gateway.proxy.status().no_source.unwrap().contains("192.0.2.1 cannot be bound"));
    assert_eq!(gateway.lines_with("192.0.2.1").len(), 1);
}

#[tokio::test]
async fn readiness_and_streams_are_those_of_a_start_and_end_with_it() {
    let (gateway, mut upstream) = Gateway::pair().await;
    until(async || gateway.proxy.readiness().is_some()).await;
    let mut stream = gateway.client.send(EVENTS).await;
    let (mut events, _) = upstream.request().await;
    events
        .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    stream.head().await.unwrap();
    gateway.proxy.ended("it ended with exit code 7".into());
    assert_eq!(stream.chunk().await, None, "it ends in order, and its client comes again");
    events.ends().await;
    assert_eq!(gateway.proxy.readiness(), None);
    let state = gateway.proxy.status().state;
    assert!(matches!(&state, State::Down { why, .. } if &**why == "it ended with exit code 7"), "{state:?}");
    // What listens where it did is another program.
    let asked = upstream.probes().len();
    let mut client = gateway.client.send(GET).await;
    until(async || gateway.proxy.status().plugins["x"].in_flight == 1).await;
    gateway.proxy.starts(nowhere().await, None);
    assert_eq!(gateway.proxy.readiness(), None);
    assert!(matches!(gateway.proxy.status().state, State::Starting { .. }));
    let mut new = Upstream::listen().await;
    gateway.proxy.starts(new.address, None);
    new.request().await.0.answer("new").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "new"));
    until(async || gateway.proxy.readiness().is_some()).await;
    assert_eq!((upstream.probes().len(), upstream.has_another()), (asked, false));
}

#[tokio::test]
async fn an_event_stream_that_waits_for_a_restart_is_answered_by_the_new_one() {
    let (gateway, upstream) = Gateway::pair().await;
    upstream.ends().await;
    gateway.proxy.ended("it ended with exit code 7".into());
    let mut stream = gateway.client.send(EVENTS).await;
    until(async || gateway.proxy.status().plugins.get("x").is_some_and(|plugin| plugin.in_flight == 1)).await;
    let mut new = Upstream::listen().await;
    gateway.proxy.starts(new.address, None);
    let (mut arrived, _) = new.request().await;
    arrived
        .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    assert_eq!(stream.head().await.unwrap().status, 200, "a 503 would end it for good");
}

#[tokio::test]
async fn another_program_that_listens_where_it_is_to_is_not_taken_for_it() {
    let mut upstream = Upstream::listen().await;
    let gateway = Kit::to(upstream.address).with(ProxyBuilder::starts_later).start().await;
    let mut client = gateway.client.send(GET).await;
    let (asked, is_it) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (noted, told) = (asked.clone(), is_it.clone());
    let is_it_ours = move || {
        noted.fetch_add(1, Relaxed);
        let is_it = told.load(Relaxed);
        Box::pin(async move { is_it }) as futures_util::future::BoxFuture<'static, bool>
    };
    gateway.proxy.starts(upstream.address, Some(Arc::new(is_it_ours)));
    until(async || asked.load(Relaxed) >= 3).await;
    assert!(matches!(gateway.proxy.status().state, State::Starting { .. }));
    assert!(!upstream.has_another() && upstream.probes().is_empty());
    is_it.store(true, Relaxed);
    upstream.request().await.0.answer("it").await;
    assert_eq!(client.answer("GET").await.seen(), (200, "it"));
}
