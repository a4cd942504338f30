//! The spans of requests.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use futures_util::{
    StreamExt,
    future::{BoxFuture, FutureExt},
    stream,
};
use greenroom_context::Context;
use greenroom_core::{ServiceFactory, plugin, service};
use greenroom_errors::Error;
use greenroom_http::{
    AuthPolicy, Forward, Forwarded, Forwarding, HttpError, HttpRouter, Passage, Reach,
    websocket::WebSocketUpgrade,
};
use greenroom_traces::{Sampler, SpanData, SpanKind, Spans, Status, TracerProvider};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    kit::{Kit, TOKEN, slow, until},
    websocket::asks,
};

/// A provider that a kit takes, and whose spans the test takes.
fn provider(sampler: &str) -> (Spans, TracerProvider, ServiceFactory) {
    let provider = TracerProvider::default();
    let spans = provider.open(sampler.parse().unwrap(), 64, 64).unwrap();
    let installed = provider.clone();
    (spans, provider, service(async move || Ok(installed.clone())))
}

fn routes() -> Router {
    let fails = async || -> HttpError { Error::service_unavailable("away").into() };
    let carried = async || Context::current().trace_headers().next().unwrap().1;
    Router::new()
        .route("/carried", get(carried))
        .route("/{what}", any(async || "fine").delete(fails))
        .route("/panics", get(async || -> Response { panic!("no") }))
}

fn said(span: &SpanData) -> Vec<(String, String)> {
    let of = span.attributes.iter().map(|one| (one.key.to_string(), one.value.to_string()));
    of.filter(|(key, _)| key != "greenroom.request.id" && key != "http.response.body.size").collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn taken(spans: &Spans, provider: &TracerProvider, count: u64) -> Vec<SpanData> {
    until(async || provider.counts().waiting >= count).await;
    spans.take()
}

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

#[tokio::test]
async fn traces_3_a_request_is_a_span_by_its_method_and_route_without_its_query_and_its_credentials() {
    let (spans, provider, factory) = provider("parentbased_always_on");
    let up = Kit::new().add(factory).open(routes()).start().await;
    let session = "session.id=3f2504e0-4f89-41d3-9a0c-0305e82c3301";
    let agent = format!("curl/8 https://me:pw@example.com {}", "x".repeat(500));
    let headers = [
        ("authorization", &*format!("Bearer {TOKEN}")),
        ("user-agent", &agent),
        ("traceparent", &format!("{PARENT}-01")),
        ("tracestate", "dd=s:1"),
        ("baggage", session),
        ("x-request-id", "checkout-7"),
    ];
    up.client.ask("GET", "/api/x/a?token=hunter2", &headers, b"").await;
    let [span] = &taken(&spans, &provider, 1).await[..] else { panic!("one span") };
    assert_eq!(
        (&*span.name, span.kind, &span.status),
        ("GET /api/x/{what}", SpanKind::Server, &Status::Unset)
    );
    assert_eq!(span.scope.name, "greenroom");
    assert_eq!(span.trace.trace_id().as_str(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(span.trace.parent_span_id().unwrap().as_str(), "00f067aa0ba902b7");
    assert!(span.has_remote_parent && span.began <= span.ended);
    assert_eq!(span.trace_state.as_deref(), Some("dd=s:1"));
    let told = said(span);
    let agent = &told.iter().find(|(key, _)| key == "user_agent.original").unwrap().1;
    assert!(agent.starts_with("curl/8 https://***@example.com"), "{agent}");
    let told: Vec<_> = told.into_iter().filter(|(key, _)| key != "user_agent.original").collect();
    assert_eq!(
        told,
        pairs(&[
            ("http.request.method", "GET"),
            ("http.route", "/api/x/{what}"),
            ("url.path", "/api/x/a"),
            ("url.scheme", "http"),
            ("network.protocol.version", "1.1"),
            ("backstage.plugin.id", "x"),
            ("session.id", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
            ("http.response.status_code", "200"),
        ])
    );
    assert!(span.attributes.iter().any(|one| one.value.to_string() == "checkout-7"));
    assert!(!format!("{span:?}").contains("hunter2") && !format!("{span:?}").contains(TOKEN));
}

#[tokio::test]
async fn traces_4_what_fails_says_so_and_what_a_client_did_wrong_does_not() {
    let (spans, provider, factory) = provider("always_on");
    let up = Kit::new().add(factory).open(routes()).start().await;
    for (method, url) in
        [("DELETE", "/api/x/a"), ("GET", "/api/x/panics"), ("BREW", "/api/x/a"), ("GET", "/api/x/no/such")]
    {
        up.client.ask(method, url, &[], b"").await;
    }
    let told: Vec<_> = taken(&spans, &provider, 4)
        .await
        .iter()
        .map(|span| {
            let error = said(span).into_iter().find(|(key, _)| key == "error.type").map(|(_, kind)| kind);
            (span.name.to_string(), error, span.status != Status::Unset)
        })
        .collect();
    let failed = |name: &str, kind: &str| (name.to_owned(), Some(kind.to_owned()), true);
    assert_eq!(
        told,
        [
            failed("DELETE /api/x/{what}", "503"),
            failed("GET /api/x/panics", "500"),
            ("HTTP /api/x/{what}".to_owned(), None, false),
            ("GET /api/x".to_owned(), None, false),
        ]
    );
}

#[tokio::test]
async fn traces_4_a_client_that_left_is_an_error() {
    let (spans, provider, factory) = provider("always_on");
    let (slow, begun) = slow();
    let up = Kit::new().add(factory).open(Router::new().route("/slow", slow)).start().await;
    let mut connection = up.client.connect().await;
    connection.send("GET /api/x/slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    begun.notified().await;
    drop(connection);
    let [span] = &taken(&spans, &provider, 1).await[..] else { panic!("one span") };
    let told = said(span);
    assert!(told.contains(&("error.type".to_owned(), "aborted".to_owned())), "{told:?}");
    assert!(told.iter().all(|(key, _)| key != "http.response.status_code"), "{told:?}");
    assert_eq!(span.status, Status::Error(String::new()));
}

#[tokio::test]
async fn traces_5_the_sampler_decides_once_and_what_goes_on_says_what_it_decided() {
    for (sampler, parent, is_recorded) in [
        ("parentbased_always_on", None, true),
        ("parentbased_always_on", Some("00"), false),
        ("always_on", Some("00"), true),
        ("always_off", Some("01"), false),
        ("parentbased_always_off", Some("01"), true),
    ] {
        let (spans, provider, factory) = provider(sampler);
        let up = Kit::new().add(factory).open(routes()).start().await;
        let parent = parent.map(|flags| format!("{PARENT}-{flags}"));
        let headers: Vec<_> = parent.iter().map(|parent| ("traceparent", &**parent)).collect();
        let answer = up.client.ask("GET", "/api/x/carried", &headers, b"").await;
        let carried = String::from_utf8(answer.body).unwrap();
        assert!(carried.ends_with(if is_recorded { "-01" } else { "-00" }), "{sampler}: {carried}");
        up.stop().await.unwrap();
        let recorded = spans.take();
        assert_eq!(recorded.len(), usize::from(is_recorded), "{sampler}");
        if let Some(span) = recorded.first() {
            assert!(carried.contains(span.trace.span_id().as_str()));
        }
        assert_eq!(provider.counts().dropped, 0);
    }
}

#[tokio::test]
async fn traces_6_rubbish_begins_a_trace_of_our_own() {
    let (spans, provider, factory) = provider("parentbased_always_on");
    let up = Kit::new().add(factory).open(routes()).start().await;
    let rubbish = [
        "",
        "rubbish",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
    ];
    for header in rubbish {
        let headers = [("traceparent", header), ("x-datadog-trace-id", "-1"), ("tracestate", "a=b")];
        assert_eq!(up.client.ask("GET", "/api/x/a", &headers, b"").await.status, 200);
    }
    let recorded = taken(&spans, &provider, rubbish.len() as u64).await;
    assert!(recorded.iter().all(|span| span.trace.parent_span_id().is_none() && span.trace_state.is_none()));
    assert!(recorded.iter().all(|span| !span.has_remote_parent));
    assert_eq!(recorded.len(), rubbish.len());
}

#[tokio::test]
async fn datadogs_headers_name_a_parent_too() {
    let (spans, provider, factory) = provider("parentbased_always_off");
    let up = Kit::new().add(factory).open(routes()).start().await;
    let headers = [
        ("x-datadog-trace-id", "9532127138774266268"),
        ("x-datadog-parent-id", "5208512171318403364"),
        ("x-datadog-sampling-priority", "1"),
    ];
    up.client.ask("GET", "/api/x/a", &headers, b"").await;
    let [span] = &taken(&spans, &provider, 1).await[..] else { panic!("one span") };
    assert_eq!(span.trace.trace_id().lower_64_bits(), 9_532_127_138_774_266_268);
    assert!(span.has_remote_parent);
}

#[tokio::test]
async fn without_whoever_takes_spans_a_request_says_on_what_it_came_with() {
    let unopened = TracerProvider::default();
    let installed = unopened.clone();
    let up = Kit::new().add(service(async move || Ok(installed.clone()))).open(routes()).start().await;
    for flags in ["00", "01"] {
        let parent = format!("{PARENT}-{flags}");
        let answer = up.client.ask("GET", "/api/x/carried", &[("traceparent", &parent)], b"").await;
        assert!(String::from_utf8(answer.body).unwrap().ends_with(flags));
    }
    assert_eq!(unopened.counts().waiting, 0);
    assert_eq!(Sampler::default(), "parentbased_always_on".parse().unwrap());
}

/// A cut before that would leave half of a password.
#[tokio::test]
async fn credentials_of_who_asks_are_hidden_wherever_they_stand() {
    let (spans, provider, factory) = provider("always_on");
    let up = Kit::new().add(factory).open(routes()).start().await;
    let agent = format!("{} https://me:hunter2@example.com", "x".repeat(236));
    up.client.ask("GET", "/api/x/a", &[("user-agent", &agent)], b"").await;
    let [span] = &taken(&spans, &provider, 1).await[..] else { panic!("one span") };
    assert!(!format!("{span:?}").contains("hunt"), "{span:?}");
}

#[tokio::test]
async fn traces_4_who_reads_events_leaves_when_it_likes_and_that_is_no_error() {
    let (spans, provider, factory) = provider("always_on");
    let events = async || {
        let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"data: 1\n\n")) });
        let body = Body::from_stream(first.chain(stream::pending()));
        ([("content-type", "text/event-stream")], body).into_response()
    };
    let up = Kit::new().add(factory).open(Router::new().route("/events", get(events))).start().await;
    let mut connection = TcpStream::connect(up.client.0).await.unwrap();
    connection.write_all(b"GET /api/x/events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut read = vec![];
    while !String::from_utf8_lossy(&read).contains("data: 1") {
        assert_ne!(connection.read_buf(&mut read).await.unwrap(), 0);
    }
    drop(connection);
    let [span] = &taken(&spans, &provider, 1).await[..] else { panic!("one span") };
    let told = said(span);
    assert!(told.contains(&("http.response.status_code".to_owned(), "200".to_owned())), "{told:?}");
    assert!(told.iter().all(|(key, _)| key != "error.type"), "{told:?}");
    assert_eq!(span.status, Status::Unset);
}

/// A server behind, which takes what asks to leave HTTP and ends that at once.
#[derive(Clone, Default)]
struct Leaves(Arc<Mutex<Vec<String>>>);

impl Forward for Leaves {
    fn reach(&self) -> Reach {
        Reach::default()
    }

    fn forward(&self, request: Request, _: Passage) -> BoxFuture<'static, Forwarded> {
        let asks = request.headers().contains_key("upgrade");
        self.0.lock().push(Context::current().trace_headers().next().unwrap().1);
        async move {
            if !asks {
                return Forwarded::Answer("fine".into_response());
            }
            let head = http::Response::builder().status(101).body(()).unwrap();
            Forwarded::Tunnel(head, Box::new(tokio::io::duplex(64).0))
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_web_socket_has_no_span_here_or_behind_and_keeps_what_its_caller_has_decided() {
    let (spans, provider, factory) = provider("parentbased_always_on");
    let (carried, keep) = (Leaves::default(), Arc::new(Mutex::new(vec![])));
    let seen = keep.clone();
    let sockets = plugin("ws", move |env| {
        let seen = seen.clone();
        env.register_init(async move |http: HttpRouter| {
            http.add_websocket_handler_with(
                "/open",
                AuthPolicy::Unauthenticated,
                move |upgrade: WebSocketUpgrade| {
                    seen.lock().push(Context::current().trace_headers().next().unwrap().1);
                    async move {
                        drop(upgrade.accept().await?);
                        Ok(())
                    }
                },
            )
        });
    });
    let forwarding = Forwarding::new(carried.clone());
    let up =
        Kit::new().add(factory).add(service(async move || Ok(forwarding.clone()))).add(sockets).start().await;
    for target in ["/api/ws/open", "/api/behind/open"] {
        for parent in [None, Some("01"), Some("00")] {
            let parent = parent.map(|flags| format!("traceparent: {PARENT}-{flags}\r\n"));
            let answer = asks(up.client, target, &parent.unwrap_or_default()).await;
            assert!(answer.starts_with("HTTP/1.1 101"), "{target}: {answer}");
        }
    }
    up.client.ask("GET", "/api/behind/plain", &[], b"").await;
    let recorded = taken(&spans, &provider, 1).await;
    assert_eq!(recorded.iter().map(|span| &*span.name).collect::<Vec<_>>(), ["GET"]);
    let flags = |carried: &[String]| carried.iter().map(|one| one[53..].to_owned()).collect::<Vec<_>>();
    assert_eq!(flags(&keep.lock()), ["00", "01", "00"]);
    assert_eq!(flags(&carried.0.lock()), ["00", "01", "00", "01"]);
}
