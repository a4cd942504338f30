//! A call is part of the request that is answered when it is made.

use std::time::Duration;

use greenroom_context::{Context, Request, Tasks};
use greenroom_http_client::Call;
use http::{HeaderName, HeaderValue};

use crate::kit::{Seen, Server, client, ok};

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
