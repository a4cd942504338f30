//! A call is part of the request that is answered when it is made.

use std::time::Duration;

use greenroom_context::{Context, Request, Tasks};
use greenroom_http_client::{Call, HttpClient};
use greenroom_traces::{Sampler, SpanData, SpanKind, Spans, Status, TracerProvider};
use http::{HeaderName, HeaderValue};

use crate::kit::{Seen, Server, builder, client, keep, ok};

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const SESSION: &str = "0f9a1b2c-3d4e-4f56-8a7b-9c0d1e2f3a4b";
const STATE: &str = "dd=s:1;t.dm:-0,vendor=x";

/// What a server sees of a call that is made while a request is answered.
async fn seen(of: impl FnOnce(Call) -> Call, request: Option<Request>) -> Seen {
    let server = Server::start(|_| ok("")).await;
    let call = of(Call::get(&server.url("/")).unwrap());
    let sent = async { client().send(call).await.unwrap() };
    match request {
        Some(request) => Context::current().with_request(request).scope(sent).await,
        None => sent.await,
    };
    server.seen().await
}

fn answered() -> Request {
    let baggage = format!("session.id={SESSION}");
    Request::from_headers([
        ("x-request-id", "checkout-7"),
        ("traceparent", CALLER),
        ("tracestate", STATE),
        ("baggage", &*baggage),
    ])
}

#[tokio::test]
async fn any_host_learns_the_trace_and_no_more() {
    let request = answered();
    let own = request.trace().traceparent();
    let seen = seen(|call| call, Some(request)).await;
    assert_eq!(seen.all("traceparent"), [&*own]);
    assert!(
        own.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && !own.contains("00f067aa0ba902b7"),
        "{own}"
    );
    assert_eq!(seen.all("tracestate"), [STATE]);
    assert_eq!((seen.header("baggage"), seen.header("x-request-id")), (None, None));
}

#[tokio::test]
async fn a_host_of_the_portal_learns_the_request_and_the_session_too() {
    let seen = seen(Call::to_portal, Some(answered())).await;
    assert_eq!(seen.all("x-request-id"), ["checkout-7"]);
    assert_eq!(seen.all("baggage"), [&*format!("session.id={SESSION}")]);
    assert_eq!((seen.all("traceparent").len(), seen.all("tracestate")), (1, vec![STATE]));
}

#[tokio::test]
async fn a_call_that_belongs_to_no_request_says_nothing_of_one() {
    for to in [|call: Call| call, |call: Call| call.to_portal()] {
        let seen = seen(to, None).await;
        for name in ["traceparent", "tracestate", "baggage", "x-request-id"] {
            assert_eq!(seen.header(name), None, "{name}");
        }
    }
}

#[tokio::test]
async fn what_the_caller_says_itself_stays_but_for_baggage_to_foreign_hosts() {
    let with = |call: Call| {
        let set = |call: Call, name, value| {
            call.header(HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let call = set(set(call, "traceparent", "theirs"), "x-request-id", "theirs");
        set(set(call, "baggage", "user.id=7"), "user-agent", "theirs")
    };
    let foreign = seen(with, Some(answered())).await;
    for name in ["traceparent", "x-request-id", "user-agent"] {
        assert_eq!(foreign.all(name), ["theirs"], "{name}");
    }
    assert_eq!(foreign.header("baggage"), None);
    let portal = seen(|call| with(call).to_portal(), Some(answered())).await;
    assert_eq!(portal.all("baggage"), ["user.id=7"]);
}

#[tokio::test]
async fn a_connection_is_no_task_of_who_opened_it_and_serves_what_calls_after_the_tasks() {
    let server = Server::start(|_| ok("")).await;
    let (client, tasks) = (client(), Tasks::new());
    let call = || client.send(Call::get(&server.url("/")).unwrap());
    Context::default().with_tasks(tasks.clone()).scope(call()).await.unwrap();
    assert_eq!(tasks.stop(Duration::from_secs(5)).await, Vec::<String>::new());
    call().await.unwrap();
    assert_eq!(server.connections(), 1);
}

/// A client whose calls are spans, and where they go.
fn traced() -> (HttpClient, Spans) {
    let provider = TracerProvider::default();
    let spans = provider.open(Sampler::default(), 64, 64).unwrap();
    (builder().tracer(provider.own()).build(), spans)
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    span.attributes.iter().find(|one| one.key.as_str() == key).map(|one| one.value.to_string())
}

#[tokio::test]
async fn traces_20_a_call_is_a_span_of_the_work_and_its_host_learns_that_one() {
    let server = Server::start(|_| ok("")).await;
    let (client, spans) = traced();
    let request = answered();
    let within = *request.trace();
    let call = Call::get(&server.url("/repos?token=secret")).unwrap();
    let context = Context::current().with_plugin("catalog").with_request(request);
    context.scope(client.send(call)).await.unwrap();
    let [span] = &spans.take()[..] else { panic!("one span") };
    assert_eq!((&*span.name, span.kind, &span.status), ("GET", SpanKind::Client, &Status::Unset));
    assert_eq!(span.trace.trace_id(), within.trace_id());
    assert_eq!(span.trace.parent_span_id(), Some(within.span_id()));
    assert_eq!(server.seen().await.all("traceparent"), [&*span.trace.traceparent()]);
    let (port, url) = (server.address.port().to_string(), server.url("/repos?token=REDACTED"));
    for (key, value) in [
        ("http.request.method", Some("GET")),
        ("server.address", Some("127.0.0.1")),
        ("server.port", Some(&*port)),
        ("url.full", Some(&*url)),
        ("http.response.status_code", Some("200")),
        ("backstage.plugin.id", Some("catalog")),
        ("error.type", None),
    ] {
        assert_eq!(attribute(span, key).as_deref(), value, "{key}");
    }
}

#[tokio::test]
async fn a_call_that_fails_is_a_span_that_says_so() {
    let server =
        Server::start(|_| keep("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")).await;
    let (client, spans) = traced();
    client.send(Call::get(&server.url("/")).unwrap()).await.unwrap();
    client.send(Call::get("http://127.0.0.1:1/").unwrap()).await.unwrap_err();
    let told: Vec<_> =
        spans.take().iter().map(|span| (attribute(span, "error.type"), span.status.clone())).collect();
    let error = |kind: &str| (Some(kind.to_owned()), Status::Error(String::new()));
    assert_eq!(told, [error("503"), error("connect")]);
}

#[tokio::test]
async fn a_call_of_a_request_that_is_not_recorded_is_no_span_and_its_host_learns_of_the_request() {
    let server = Server::start(|_| ok("")).await;
    let (client, spans) = traced();
    let request = answered().sampled(|_| false);
    let own = request.trace().traceparent();
    let call = Call::get(&server.url("/")).unwrap();
    Context::current().with_request(request).scope(client.send(call)).await.unwrap();
    assert_eq!((spans.take().len(), server.seen().await.all("traceparent")), (0, vec![&*own]));
}
