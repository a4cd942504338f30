//! How many requests may be in flight: who has a place, for how long, and what others are told.

mod passed_on;

use std::{convert::Infallible, sync::Arc, task::Poll, time::Duration};

use axum::{
    Router,
    body::Body,
    routing::{any, get},
};
use bytes::Bytes;
use futures_util::stream;
use greenroom_core::{plugin, service};
use greenroom_http::{AuthPolicy, HttpRouter, RootHttpRouter};
use greenroom_logging::Logger;
use greenroom_metrics::MetricsRegistry;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use crate::kit::{Kit, Up, pause, told, until};

const READINESS: &str = "/.backstage/health/v1/readiness";

/// What holds a request until the test lets it go.
#[derive(Clone, Default)]
struct Holds {
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Holds {
    fn router(&self) -> Router {
        let holds = self.clone();
        let hold = async move || {
            holds.begun.notify_one();
            holds.go_on.notified().await;
            "held"
        };
        Router::new()
            .route("/hold", any(hold))
            .route("/text", get(async || "text"))
            .route("/panic", get(async || -> &'static str { panic!("at once") }))
            .route("/panic-later", get(panics_later))
            .route("/events", get(async || ([("content-type", "text/event-stream")], endless())))
    }

    /// Sends a request that is held, and waits until it is.
    async fn hold(&self, up: &Up, method: &str, target: &str) -> crate::kit::Connection {
        let mut connection = up.client.connect().await;
        connection.send(format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        self.begun.notified().await;
        connection
    }
}

async fn panics_later() -> Body {
    Body::from_stream(stream::poll_fn(|_| -> Poll<Option<Result<Bytes, Infallible>>> { panic!("half-way") }))
}

fn endless() -> Body {
    let first = Ok::<_, Infallible>(Bytes::from("data: 1\n\n"));
    Body::from_stream(futures_util::StreamExt::chain(stream::iter([first]), stream::pending()))
}

fn limited(key: &str, most: usize) -> Kit {
    Kit::new().with_additions().config(&format!("greenroom.limits.{key}"), json!(most))
}

/// Waits until there is a place.
async fn is_free(up: &Up) {
    until(async || up.get("/api/x/text").await.status == 200).await;
}

#[tokio::test]
async fn health_18_one_request_more_is_503_in_backstages_error_body_with_when_to_come_again() {
    let holds = Holds::default();
    let apart = plugin("apart", |env| {
        env.register_init(async |http: RootHttpRouter| {
            http.mount_apart("/.greenroom", Router::new().route("/.greenroom", get(async || "operators")))?;
            http.mount("/healthcheck", Router::new().route("/", get(async || "status")))
        });
    });
    let up = limited("inFlight", 1).add(apart).open(holds.router()).start().await;
    let mut first = holds.hold(&up, "GET", "/api/x/hold").await;
    let refused = up.get("/api/x/text?a=b").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    let body: Value = serde_json::from_slice(&refused.body).unwrap();
    let message = "This backend has too much to do at the moment; try again in a few seconds";
    assert_eq!(body["error"], json!({"name": "ServiceUnavailableError", "message": message}));
    assert_eq!(body["request"], json!({"method": "GET", "url": "/api/x/text?a=b"}));
    assert_eq!(body["response"], json!({"statusCode": 503}));
    assert!(refused.header("content-security-policy").is_some(), "the root router's headers are on it");
    assert_eq!(up.get("/nowhere").await.status, 503, "a path that nobody has takes a place, too");
    for path in [READINESS, "/healthcheck", "/.greenroom", "/api/x/.backstage/auth/v1/jwks.json"] {
        assert_eq!(up.get(path).await.status, 200, "{path} is never refused");
    }
    let line = up.lines_of("incomingRequest", 1).await.remove(0);
    assert_eq!((&line["status"], &line["level"]), (&json!(503), &json!("info")), "{line}");
    assert_eq!(up.lines_of("errorHandler", 0).await, Vec::<Value>::new(), "no line for each");
    holds.go_on.notify_one();
    assert_eq!(first.answer("GET").await.seen(), (200, "held"));
    is_free(&up).await;
}

#[tokio::test]
async fn health_18_the_limit_of_a_plugin_is_its_own_and_its_keys_are_told_beyond_it() {
    let holds = Holds::default();
    let other = plugin("other", |env| {
        env.register_init(async |http: HttpRouter| {
            http.mount(Router::new().route("/", get(async || "other")));
            http.add_auth_policy("/", AuthPolicy::Unauthenticated)
        });
    });
    let up = limited("plugins.x.inFlight", 1).add(other).open(holds.router()).start().await;
    let mut first = holds.hold(&up, "GET", "/api/x/hold").await;
    let refused = up.get("/api/x/text").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    let body: Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!(
        body["error"]["message"],
        "The plugin 'x' has too much to do at the moment; try again in a few seconds"
    );
    assert_eq!(up.get("/api/other/").await.seen(), (200, "other"));
    assert_eq!(up.get("/api/x/.backstage/auth/v1/jwks.json").await.status, 200);
    holds.go_on.notify_one();
    assert_eq!(first.answer("GET").await.status, 200);
    is_free(&up).await;
}

#[tokio::test]
async fn without_a_limit_there_is_none() {
    let holds = Holds::default();
    let up = Kit::new().open(holds.router()).start().await;
    let mut held = vec![];
    for _ in 0..20 {
        held.push(holds.hold(&up, "GET", "/api/x/hold").await);
    }
    assert_eq!(up.get("/api/x/text").await.status, 200);
}

#[tokio::test]
async fn health_19_a_place_is_free_again_however_its_request_has_ended() {
    for key in ["inFlight", "plugins.x.inFlight"] {
        let holds = Holds::default();
        let up = limited(key, 1).open(holds.router()).start().await;
        for _ in 0..3 {
            for (path, status) in [("/api/x/text", 200), ("/api/x/panic", 500), ("/api/x/nowhere", 404)] {
                until(async || up.get(path).await.status == status).await;
            }
            let mut breaks = up.client.connect().await;
            breaks.send("GET /api/x/panic-later HTTP/1.1\r\nHost: x\r\n\r\n").await;
            breaks.rest().await;
            is_free(&up).await;
            let left = holds.hold(&up, "GET", "/api/x/hold").await;
            assert_eq!(up.get("/api/x/text").await.status, 503);
            drop(left);
            is_free(&up).await;
        }
    }
}

#[tokio::test]
async fn health_19_what_runs_to_its_end_without_its_client_is_in_flight_until_then() {
    let holds = Holds::default();
    let up = limited("inFlight", 1).open(holds.router()).start().await;
    drop(holds.hold(&up, "POST", "/api/x/hold").await);
    pause().await;
    for _ in 0..3 {
        assert_eq!(up.get("/api/x/text").await.status, 503, "somebody works on it");
    }
    holds.go_on.notify_one();
    is_free(&up).await;
}

#[tokio::test]
async fn health_19_a_body_is_in_flight_until_its_last_byte_has_left() {
    let (to, pieces) = mpsc::channel::<Result<Bytes, Infallible>>(1);
    let pieces = Arc::new(tokio::sync::Mutex::new(Some(pieces)));
    let slow = async move || {
        let pieces = pieces.lock().await.take().unwrap();
        Body::from_stream(stream::unfold(pieces, async |mut pieces| Some((pieces.recv().await?, pieces))))
    };
    let router = Holds::default().router().route("/slow", get(slow));
    let up = limited("inFlight", 1).open(router).start().await;
    let mut connection = up.client.connect().await;
    connection.send("GET /api/x/slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    to.send(Ok(Bytes::from("first"))).await.unwrap();
    to.send(Ok(Bytes::from("second"))).await.unwrap();
    assert_eq!(up.get("/api/x/text").await.status, 503);
    drop(to);
    assert_eq!(connection.answer("GET").await.seen(), (200, "firstsecond"));
    is_free(&up).await;
}

#[tokio::test]
async fn health_19_a_stream_of_events_is_in_flight_until_it_begins() {
    let up = limited("inFlight", 1).open(Holds::default().router()).start().await;
    let mut streams = vec![];
    for _ in 0..3 {
        let mut client = up.client.connect().await;
        client.send("GET /api/x/events HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut head = [0; 12];
        tokio::io::AsyncReadExt::read_exact(&mut client.stream, &mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
        streams.push(client);
    }
    assert_eq!(up.get("/api/x/text").await.status, 200);
}

#[tokio::test]
async fn health_20_an_episode_is_told_by_its_plugin_and_counted() {
    let registry = MetricsRegistry::new(&Logger::noop());
    let installed = registry.clone();
    let holds = Holds::default();
    let kit = limited("plugins.x.inFlight", 1).config("greenroom.limits.overload", json!({"recovery": "1s"}));
    let kit =
        kit.config("greenroom.limits.inFlight", json!(1)).add(service(async move || Ok(installed.clone())));
    let up = kit.open(holds.router()).start().await;
    let mut first = holds.hold(&up, "GET", "/api/x/hold").await;
    for _ in 0..5 {
        assert_eq!(up.get("/api/x/text").await.status, 503);
    }
    assert_eq!(up.get("/api/made-up/text").await.status, 503);
    let text = registry.text();
    let counted: Vec<_> =
        text.lines().filter(|line| line.starts_with("greenroom_overload_refused")).collect();
    let expected = [
        r#"greenroom_overload_refused_total{limit="backend",otel_scope_name="greenroom"} 1"#,
        r#"greenroom_overload_refused_total{backstage_plugin_id="x",limit="backend",otel_scope_name="greenroom"} 5"#,
    ];
    assert!(counted.len() == 2 && expected.iter().all(|line| counted.contains(line)), "{counted:?}");
    // The duration of what was refused is told by the same names.
    let durations = |labels: &str| {
        let name = "http_server_request_duration_count{";
        let is_it =
            |line: &&str| line.starts_with(name) && line.contains(r#""503""#) && line.contains(labels);
        registry.text().lines().find(is_it).map(|line| line.rsplit(' ').next().unwrap().to_owned())
    };
    until(async || durations(r#"backstage_plugin_id="x""#).as_deref() == Some("5")).await;
    assert_eq!(durations("made-up"), None);
    holds.go_on.notify_one();
    assert_eq!(first.answer("GET").await.status, 200);
    let began = "This backend has too much to do: 1 requests are in flight, as many as greenroom.limits.inFlight allows. More are \
                 answered 503";
    assert_eq!(told(&up.lines, began).await["level"], "warn");
    let ended = "This backend keeps up again: 6 requests were answered 503 by greenroom.limits.inFlight";
    let ended = told(&up.lines, ended).await;
    assert_eq!((&ended["level"], &ended["refused"]), (&json!("info"), &json!(6)), "{ended}");
    assert!(ended["durationMs"].is_u64());
}

#[tokio::test]
async fn health_21_readiness_fails_with_overload_where_the_config_says_so_and_passes_again_below_the_mark() {
    let holds = Holds::default();
    let kit = limited("inFlight", 1)
        .config("greenroom.limits.overload", json!({"after": "1s", "recovery": "1s"}))
        .config("greenroom.health.readiness", json!(["greenroom.overload"]));
    let up = kit.open(holds.router()).start().await;
    let mut first = holds.hold(&up, "GET", "/api/x/hold").await;
    assert_eq!(up.get(READINESS).await.status, 200, "that it is full is no overload");
    until(async || {
        assert_eq!(up.get("/api/x/text").await.status, 503);
        up.get(READINESS).await.status == 503
    })
    .await;
    assert_eq!(
        up.get(READINESS).await.text(),
        r#"{"message":"Check 'greenroom.overload' failed","status":"error"}"#
    );
    tokio::time::sleep(Duration::from_millis(2200)).await;
    assert_eq!(up.get(READINESS).await.status, 503, "nobody is refused, and it is as full as it was");
    holds.go_on.notify_one();
    assert_eq!(first.answer("GET").await.status, 200);
    until(async || up.get(READINESS).await.status == 200).await;
}
