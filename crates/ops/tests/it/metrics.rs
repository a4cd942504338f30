//! `/.greenroom/metrics` and `greenroom.metrics.listen`.

use std::{
    io::{Read, Write},
    net::SocketAddr,
};

use flate2::read::GzDecoder;
use greenroom_metrics::{KeyValue, MetricsRegistry};
use greenroom_ops::Ops;
use greenroom_test::{TestBackend, mock::OPS_TOKEN};
use serde_json::json;

use crate::kit;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const REQUESTS: &str = "\nhttp_server_request_duration_count{";

/// The head and the body that are answered there. It blocks the test's runtime, which the listener does not need.
fn ask(address: SocketAddr, request: &str) -> (String, Vec<u8>) {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(format!("{request}Host: anything\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|at| at == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), answer[end + 4..].to_vec())
}

async fn with_listener() -> (greenroom_test::RunningTestBackend, SocketAddr) {
    let backend = kit::start_with(json!({"greenroom": {"metrics": {"listen": "127.0.0.1:0"}}})).await;
    let address = backend.service::<Ops>().await.unwrap().metrics_addr().unwrap().tcp().unwrap();
    (backend, address)
}

#[tokio::test]
async fn ops_23_operators_read_all_metrics_on_the_surface_and_nobody_else_does() {
    let backend = kit::start().await;
    let refused = backend.get("/.greenroom/metrics").await;
    assert_eq!(refused.status, 401);
    assert!(!refused.text().contains("http_server"), "{}", refused.text());
    let read = backend.get("/.greenroom/metrics").with_token(OPS_TOKEN).await;
    assert_eq!(
        (read.status.as_u16(), read.header("content-type"), read.header("cache-control")),
        (200, Some(TEXT), Some("no-store"))
    );
    assert!(
        read.text().contains(REQUESTS) && read.text().starts_with("# HELP target_info "),
        "{}",
        read.text()
    );
    assert!(backend.service::<Ops>().await.unwrap().metrics_addr().is_none());
}

#[tokio::test]
async fn ops_24_a_listener_of_their_own_tells_metrics_to_everybody_and_has_nothing_else() {
    let (backend, address) = with_listener().await;
    backend.get("/.backstage/health/v1/readiness").await;
    let (head, body) = ask(address, "GET /metrics HTTP/1.1\r\n");
    assert!(head.starts_with("http/1.1 200 ") && head.contains(&format!("content-type: {TEXT}")), "{head}");
    let text = String::from_utf8(body).unwrap();
    assert!(text.contains(REQUESTS), "{text}");
    // Nobody is named, and nothing is told of who asks there.
    for path in ["/", "/.greenroom/metrics", "/.backstage/health/v1/readiness", "/api/queue", "/metrics/x"] {
        assert!(ask(address, &format!("GET {path} HTTP/1.1\r\n")).0.starts_with("http/1.1 404 "), "{path}");
    }
    let (head, _) = ask(address, "POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n");
    assert!(head.starts_with("http/1.1 405 ") && head.contains("allow: get,head"), "{head}");
    assert_eq!(ask(address, "HEAD /metrics HTTP/1.1\r\n").1, b"");
    assert!(backend.logs().iter().all(|line| line["url"] != "/metrics"));
}

#[tokio::test]
async fn ops_24_it_packs_for_who_takes_gzip() {
    let (_backend, address) = with_listener().await;
    let (head, body) = ask(address, "GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n");
    assert!(head.contains("content-encoding: gzip") && head.contains("vary: accept-encoding"), "{head}");
    let mut text = String::new();
    GzDecoder::new(&*body).read_to_string(&mut text).unwrap();
    assert!(text.starts_with("# HELP target_info "), "{text}");
}

#[tokio::test]
async fn ops_24_who_reads_slowly_takes_one_of_few_places_and_who_finds_none_is_told_so_at_once() {
    let (backend, address) = with_listener().await;
    // More than the system takes for a client that reads nothing.
    let registry = backend.service::<MetricsRegistry>().await.unwrap();
    let large = |n: u64, part: &'static str| KeyValue::new(part, format!("{n:05}{}", "x".repeat(1000)));
    let gauge = registry.own().observable_gauge("large");
    gauge.observe(move |now| (0..900).for_each(|n| now.observe(n, &PARTS.map(|part| large(n, part)))));
    let mut held = vec![];
    for _ in 0..16 {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        held.push(stream);
    }
    let (head, _) = ask(address, "GET /metrics HTTP/1.1\r\n");
    assert!(head.starts_with("http/1.1 503 ") && head.contains("retry-after: 1"), "{head}");
    assert!(ask(address, "GET / HTTP/1.1\r\n").0.starts_with("http/1.1 404 "));
    drop(held);
    while !ask(address, "GET /metrics HTTP/1.1\r\n").0.starts_with("http/1.1 200 ") {
        tokio::task::yield_now().await;
    }
}

/// The labels of a large series.
const PARTS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

#[tokio::test]
async fn ops_24_it_ends_with_the_backend() {
    let (backend, address) = with_listener().await;
    ask(address, "GET /metrics HTTP/1.1\r\n");
    backend.stop().await;
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn ops_24_an_address_that_is_none_fails_the_start() {
    let config = kit::config(json!({"greenroom": {"metrics": {"listen": "nowhere"}}}));
    let refused = TestBackend::new().config(config).start().await.err().unwrap().to_string();
    assert!(refused.contains("Unable to parse listen address nowhere"), "{refused}");
}
