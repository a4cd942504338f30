//! Those who are told of requests that are over.

use std::time::Duration;

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use futures_util::stream;
use greenroom_core::{Plugin, plugin};
use greenroom_http::{FinishedRequest, HttpRouter, RootHttpRouter};
use greenroom_logging::Logger;
use serde_json::json;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

use crate::kit::{Kit, PATIENCE, TOKEN, told};

fn watching(observer: impl Fn(&FinishedRequest<'_>) + Send + Sync + 'static) -> Plugin {
    plugin("watch", move |env| {
        env.register_init(async move |root: RootHttpRouter, logger: Logger| {
            root.on_finished(logger, observer);
            Ok(())
        });
    })
}

/// One that passes on what it needs of each.
fn telling<T: Send + 'static>(
    of: impl Fn(&FinishedRequest<'_>) -> T + Send + Sync + 'static,
) -> (Plugin, UnboundedReceiver<T>) {
    let (tell, finished) = unbounded_channel();
    (watching(move |request| drop(tell.send(of(request)))), finished)
}

async fn next<T>(finished: &mut UnboundedReceiver<T>) -> T {
    timeout(PATIENCE, finished.recv()).await.unwrap().unwrap()
}

fn routes() -> Router {
    let endless = async || {
        Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 8192]))))
    };
    Router::new().route("/{what}", get(async || "fine")).route("/endless/all", get(endless))
}

#[tokio::test]
async fn whoever_answers_a_request_it_is_told_once_with_what_was_answered() {
    let (watch, mut finished) = telling(|finished| {
        let (route, plugin) = (finished.request.route(), finished.request.target_plugin());
        let path = finished.path().into_owned();
        let of = (route.map(str::to_owned), plugin.map(str::to_owned));
        (finished.method.to_string(), path, finished.status.unwrap().as_u16(), finished.bytes, of)
    });
    let up = Kit::new().open(routes()).add(watch).start().await;
    let route = |route: &str| Some(route.to_owned());
    let readiness = "/.backstage/health/v1/readiness";
    for (method, url, path, status, bytes, of) in [
        ("GET", "/api/x/a?token=1", "/api/x/a", 200, 4, (route("/api/x/{what}"), route("x"))),
        ("HEAD", "/api/x/a", "/api/x/a", 200, 0, (route("/api/x/{what}"), route("x"))),
        ("GET", "/api/x/a/b", "/api/x/a/b", 404, 0, (None, route("x"))),
        ("GET", "/nowhere", "/nowhere", 404, 0, (None, None)),
        ("GET", readiness, readiness, 200, 15, (route(readiness), None)),
    ] {
        up.client.ask(method, url, &[], b"").await;
        assert_eq!(
            next(&mut finished).await,
            (method.to_owned(), path.to_owned(), status, bytes, of),
            "{url}"
        );
    }
    assert!(finished.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_that_was_given_up_says_so() {
    let (watch, mut finished) = telling(|finished| (finished.is_aborted, finished.status, finished.bytes));
    let up = Kit::new().open(routes()).add(watch).start().await;
    let mut connection = up.client.connect().await;
    connection.send("GET /api/x/endless/all HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut some = [0; 512];
    tokio::io::AsyncReadExt::read(&mut connection.stream, &mut some).await.unwrap();
    drop(connection);
    let (is_aborted, status, bytes) = next(&mut finished).await;
    assert!(is_aborted && status.is_some_and(|status| status == 200) && bytes > 0, "{bytes}");
}

#[tokio::test]
async fn a_request_says_which_trace_and_session_it_is_of_and_that_a_browser_has_sent_it() {
    let (watch, mut finished) = telling(|finished| {
        let (request, trace) = (finished.request, finished.request.trace());
        let ids = [Some(request.id()), Some(trace.trace_id().as_str()), request.session()];
        let parent = trace.parent_span_id().map(|parent| parent.as_str().to_owned());
        (ids.map(|id| id.map(str::to_owned)), parent, request.is_of_rum())
    });
    let up = Kit::new().open(routes()).add(watch).start().await;
    let session = "b0c9f5b8-6d4f-4b61-9f3a-2d2c5a7e1f00";
    let baggage = format!("session.id={session}");
    let headers = [
        ("x-request-id", "checkout-7"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("tracestate", "dd=s:1;o:rum"),
        ("baggage", baggage.as_str()),
    ];
    up.client.ask("GET", "/api/x/a", &headers, b"").await;
    let (ids, parent, is_of_rum) = next(&mut finished).await;
    let expected = ["checkout-7", "4bf92f3577b34da6a3ce929d0e0e4736", session];
    assert_eq!(ids, expected.map(|id| Some(id.to_owned())));
    assert_eq!((parent.as_deref(), is_of_rum), (Some("00f067aa0ba902b7"), true));
    up.get("/api/x/a").await;
    let ([_, _, session], parent, is_of_rum) = next(&mut finished).await;
    assert_eq!((session, parent, is_of_rum), (None, None, false));
}

#[tokio::test]
async fn a_request_says_where_its_time_went_and_who_sent_it() {
    let (watch, mut finished) = telling(|finished| {
        let who = finished.request.principal_type().map(str::to_owned);
        (finished.spent, finished.duration, finished.began, who)
    });
    let slow = async || {
        tokio::time::sleep(Duration::from_millis(30)).await;
        "fine"
    };
    let guarded = plugin("guarded", move |env| {
        env.register_init(async move |http: HttpRouter| {
            http.mount(Router::new().route("/slow", get(slow)));
            Ok(())
        });
    });
    let up = Kit::new().add(guarded).add(watch).start().await;
    let before = std::time::SystemTime::now();
    let bearer = format!("Bearer {TOKEN}");
    up.client.ask("GET", "/api/guarded/slow", &[("Authorization", &bearer)], b"").await;
    let (spent, duration, began, who) = next(&mut finished).await;
    let handling = spent.handling.unwrap();
    assert!(handling >= Duration::from_millis(30) && handling <= duration, "{spent:?} of {duration:?}");
    let parts = [spent.credentials.unwrap(), handling, spent.sending.unwrap()];
    assert!(parts.into_iter().sum::<Duration>() <= duration, "{spent:?} of {duration:?}");
    assert_eq!((spent.waiting, who.as_deref()), (None, Some("service")));
    // Clocks of two kinds are compared: of some milliseconds nothing is said.
    assert!(began + Duration::from_millis(50) >= before && began <= std::time::SystemTime::now());

    up.get("/api/guarded/slow").await;
    let (spent, ..) = next(&mut finished).await;
    assert!(spent.credentials.is_some() && spent.handling.is_none(), "it came no further: {spent:?}");
}

#[tokio::test]
async fn a_request_says_how_long_it_waited_for_its_plugin() {
    let (watch, mut finished) = telling(|finished| finished.spent);
    let (go, going) = tokio::sync::watch::channel(false);
    let slow = plugin("slow", move |env| {
        env.register_init(async move |http: HttpRouter| {
            http.mount(routes());
            http.add_auth_policy("/", greenroom_http::AuthPolicy::Unauthenticated)?;
            let mut going = going.clone();
            going.wait_for(|go| *go).await?;
            Ok(())
        });
    });
    let pause = json!({"milliseconds": 1});
    let key = "backend.lifecycle.startupRequestPauseTimeout";
    let rising = Kit::new().config(key, pause).add(watch).add(slow).launch().await;
    // Until who watches has started too.
    let spent = loop {
        assert_eq!(rising.client.get("/api/slow/a").await.status, 503);
        if let Ok(spent) = finished.try_recv() {
            break spent;
        }
    };
    assert!(spent.waiting.is_some_and(|waiting| waiting >= Duration::from_millis(1)), "{spent:?}");
    assert!(spent.handling.is_none() && spent.credentials.is_none(), "{spent:?}");
    go.send_replace(true);
    rising.up().await;
}

#[tokio::test]
async fn one_that_panics_fails_no_request_and_is_told_once_as_its_plugins() {
    let up = Kit::new().open(routes()).add(watching(|_| panic!("no such table"))).start().await;
    for _ in 0..2 {
        assert_eq!(up.get("/api/x/a").await.seen(), (200, "fine"));
    }
    let message = "What observes requests panicked, and is asked no more: no such table";
    let line = told(&up.lines, message).await;
    assert_eq!((&line["level"], &line["plugin"]), (&"error".into(), &"watch".into()));
    up.lines_of("incomingRequest", 2).await;
    assert_eq!(up.lines.json().iter().filter(|line| line["message"] == message).count(), 1);
}
