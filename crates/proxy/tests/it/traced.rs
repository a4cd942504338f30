//! Spans of what is forwarded, and what the server behind learns of them.

use greenroom_context::TraceContext;
use greenroom_traces::{Sampler, SpanData, SpanKind, Spans, Status, TracerProvider};

use crate::kit::{Gateway, Kit, Upstream, until};

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-";

/// A gateway whose requests are recorded if their clients say so.
async fn traced() -> (Gateway, Upstream, Spans) {
    let provider = TracerProvider::default();
    let spans = provider.open(Sampler::default(), 64, 64).unwrap();
    let upstream = Upstream::listen().await;
    let tracer = provider.own();
    let gateway = Kit::to(upstream.address).with(|proxy| proxy.tracer(tracer)).start().await.up().await;
    (gateway, upstream, spans)
}

fn get(path: &str, flags: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\ntraceparent: {CALLER}{flags}\r\ntracestate: vendor=x\r\n\r\n")
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    span.attributes.iter().find(|one| one.key.as_str() == key).map(|one| one.value.to_string())
}

async fn one(spans: &Spans) -> SpanData {
    let mut found = vec![];
    until(async || {
        found.extend(spans.take());
        !found.is_empty()
    })
    .await;
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

#[tokio::test]
async fn traces_21_a_recorded_request_is_a_span_of_its_own_and_the_server_behind_is_part_of_that() {
    let (gateway, mut upstream, spans) = traced().await;
    let mut client = gateway.client.send(&get("/api/catalog/entities?token=secret", "01")).await;
    let (mut arrived, request) = upstream.request().await;
    arrived.answer("ok").await;
    client.answer("GET").await;
    let span = one(&spans).await;
    let parent = request.header("traceparent").unwrap();
    assert_eq!(parent, span.trace.traceparent());
    assert_eq!(request.header("tracestate"), Some("vendor=x"));
    assert_eq!(span.trace.trace_id().as_str(), "4bf92f3577b34da6a3ce929d0e0e4736");
    let caller = TraceContext::from_traceparent(&format!("{CALLER}01")).unwrap();
    assert!(
        span.trace.parent_span_id().is_some_and(|server| server != caller.span_id()),
        "the request's own span is between"
    );
    assert_eq!((&*span.name, span.kind, &span.status), ("GET", SpanKind::Client, &Status::Unset));
    let url = format!("http://{}/api/catalog/entities", upstream.address);
    for (key, value) in [
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("url.full", &*url),
        ("backstage.plugin.id", "catalog"),
    ] {
        assert_eq!(attribute(&span, key).as_deref(), Some(value), "{key}");
    }
    assert!(span.ended >= span.began && !format!("{span:?}").contains("secret"));
}

#[tokio::test]
async fn traces_22_of_a_request_that_is_not_recorded_the_server_behind_learns_what_it_learned_before() {
    let (gateway, mut upstream, spans) = traced().await;
    let plain = Gateway::pair().await;
    let mut seen = vec![];
    let (other, mut behind) = plain;
    for (gateway, upstream) in [(&gateway, &mut upstream), (&other, &mut behind)] {
        let mut client = gateway.client.send(&get("/api/catalog/x", "00")).await;
        let (mut arrived, request) = upstream.request().await;
        arrived.answer("ok").await;
        client.answer("GET").await;
        let names: Vec<_> = request.headers.iter().map(|(name, _)| name.clone()).collect();
        let parent = request.header("traceparent").unwrap();
        assert!(
            parent.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && parent.ends_with("-00"),
            "{parent}"
        );
        seen.push(names);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(spans.take().len(), 0);
}

#[tokio::test]
async fn what_passes_as_it_comes_passes_so_though_spans_are_made() {
    let (gateway, mut upstream, spans) = traced().await;
    gateway.proxy.set_transparent(true);
    let mut client = gateway.client.send(&get("/api/catalog/x", "01")).await;
    let (mut arrived, request) = upstream.request().await;
    arrived.answer("ok").await;
    client.answer("GET").await;
    assert_eq!(request.all("traceparent"), [format!("{CALLER}01")]);
    assert_eq!(spans.take().len(), 0);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_an_error_of_the_span() {
    let (gateway, mut upstream, spans) = traced().await;
    let request = get("/api/catalog/x", "01").replacen("GET", "DELETE", 1);
    let mut client = gateway.client.send(&request).await;
    drop(upstream.request().await);
    client.answer("DELETE").await;
    let span = one(&spans).await;
    assert_eq!(attribute(&span, "error.type").as_deref(), Some("upstream_broke"));
    assert_eq!((&*span.name, &span.status), ("DELETE", &Status::Error(String::new())));
}

#[tokio::test]
async fn a_web_socket_has_no_span_and_the_server_behind_is_part_of_its_callers_trace() {
    let (gateway, mut upstream, spans) = traced().await;
    let asked = get("/api/signals", "01").replacen(
        "Host: x",
        "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket",
        1,
    );
    let mut client = gateway.client.send(&asked).await;
    let (mut arrived, request) = upstream.request().await;
    let parent = request.header("traceparent").unwrap();
    assert!(
        parent.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && parent.ends_with("-01"),
        "{parent}"
    );
    arrived
        .send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        .await;
    assert_eq!(client.answer("HEAD").await.status, 101);
    drop((client, arrived));
    let mut client = gateway.client.send(&get("/api/catalog/x", "01")).await;
    upstream.request().await.0.answer("ok").await;
    client.answer("GET").await;
    assert!(one(&spans).await.attributes.iter().any(|one| one.value.to_string().contains("/api/catalog/x")));
}
