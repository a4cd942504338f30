//! Clients that leave: what is done to its end, what is given up, and what the log says of it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{
    Router,
    routing::{any, post},
};
use bytes::Bytes;
use tokio::{net::TcpStream, sync::Notify, time::timeout};

use crate::kit::{Kit, PATIENCE, pause, until};

/// How many calls of a handler with two steps came to the first, the second, and were dropped between them.
#[derive(Clone, Default)]
struct Steps {
    first: Arc<AtomicUsize>,
    second: Arc<AtomicUsize>,
    given_up: Arc<AtomicUsize>,
    go_on: Arc<Notify>,
}

/// Counts a call that did not come to its end.
struct Unfinished(Arc<AtomicUsize>, bool);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.1 {
            self.0.fetch_add(1, SeqCst);
        }
    }
}

impl Steps {
    fn router(&self) -> Router {
        let steps = self.clone();
        let handler = async move || {
            let mut unfinished = Unfinished(steps.given_up.clone(), false);
            steps.first.fetch_add(1, SeqCst);
            steps.go_on.notified().await;
            steps.second.fetch_add(1, SeqCst);
            unfinished.1 = true;
            "both"
        };
        Router::new().route("/steps", any(handler))
    }
}

#[tokio::test]
async fn a_request_that_may_change_something_runs_to_its_end_when_its_client_leaves() {
    let steps = Steps::default();
    let up = Kit::new().with_additions().open(steps.router()).start().await;
    let requests = [
        "POST /api/x/steps HTTP/1.1\r\nHost: x\r\n\r\n",
        "DELETE /api/x/steps HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /api/x/steps HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na",
    ];
    for (number, request) in requests.into_iter().enumerate() {
        let mut connection = up.client.connect().await;
        connection.send(request).await;
        until(async || steps.first.load(SeqCst) == number + 1).await;
        drop(connection);
        // The server learns of it before the handler goes on.
        pause().await;
        assert_eq!(up.lines_of("incomingRequest", 0).await.len(), number, "it is still at work");
        steps.go_on.notify_one();
        let line = up.lines_of("incomingRequest", number + 1).await.remove(number);
        assert_eq!((&line["aborted"], &line["status"]), (&true.into(), &200.into()), "{line}");
        assert_eq!(steps.second.load(SeqCst), number + 1);
    }
    assert_eq!(steps.given_up.load(SeqCst), 0);
}

#[tokio::test]
async fn a_safe_request_without_a_body_is_given_up_when_its_client_leaves() {
    let steps = Steps::default();
    let up = Kit::new().with_additions().open(steps.router()).start().await;
    for (number, method) in ["GET", "HEAD"].into_iter().enumerate() {
        let mut connection = up.client.connect().await;
        connection.send(format!("{method} /api/x/steps HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        until(async || steps.first.load(SeqCst) == number + 1).await;
        drop(connection);
        until(async || steps.given_up.load(SeqCst) == number + 1).await;
        let line = up.lines_of("incomingRequest", number + 1).await.remove(number);
        assert_eq!((&line["aborted"], &line["contentLength"]), (&true.into(), &0.into()), "{line}");
        assert!(line.get("status").is_none(), "nobody was answered: {line}");
    }
    assert_eq!(steps.second.load(SeqCst), 0);
}

#[tokio::test]
async fn a_drain_waits_for_a_request_whose_client_has_left() {
    let steps = Steps::default();
    let up = Kit::new().with_additions().open(steps.router()).start().await;
    let mut connection = up.client.connect().await;
    connection.send("POST /api/x/steps HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until(async || steps.first.load(SeqCst) == 1).await;
    drop(connection);
    pause().await;
    let (lines, address) = (up.lines.clone(), up.client.0);
    let stopped = up.stop();
    until(async || TcpStream::connect(address).await.is_err()).await;
    pause().await;
    assert!(!stopped.is_finished(), "it drains, and waits for it");
    steps.go_on.notify_one();
    timeout(PATIENCE, stopped).await.unwrap().unwrap();
    assert_eq!((steps.second.load(SeqCst), steps.given_up.load(SeqCst)), (1, 0));
    assert!(lines.json().iter().any(|line| line["aborted"] == true), "{:#?}", lines.lines());
}

#[tokio::test]
async fn the_line_of_a_download_that_is_given_up_says_what_has_left() {
    const WHOLE: usize = 20 << 20;
    let big = any(async || Bytes::from(vec![b'x'; WHOLE]));
    let up = Kit::new().with_additions().open(Router::new().route("/big", big)).start().await;
    let mut connection = up.client.connect().await;
    connection.send("GET /api/x/big HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut some = [0; 256 << 10];
    tokio::io::AsyncReadExt::read_exact(&mut connection.stream, &mut some).await.unwrap();
    drop(connection);
    let line = up.lines_of("incomingRequest", 1).await.remove(0);
    assert_eq!((&line["status"], &line["aborted"]), (&200.into(), &true.into()), "{line}");
    // What the client has read, less the header; and not all, because no buffer on the way holds so much.
    let sent = line["contentLength"].as_u64().unwrap() as usize;
    assert!((some.len() - 4096..WHOLE).contains(&sent), "{line}");
}

#[tokio::test]
async fn a_client_that_leaves_while_it_sends_ends_the_body_and_not_the_handler() {
    let seen = Arc::new(AtomicUsize::new(0));
    let noted = seen.clone();
    let handler = post(async move |body: Result<Bytes, axum::extract::rejection::BytesRejection>| {
        noted.store(if body.is_err() { 1 } else { 2 }, SeqCst);
        "seen"
    });
    let up = Kit::new().with_additions().open(Router::new().route("/", handler)).start().await;
    let mut connection = up.client.connect().await;
    connection.send("POST /api/x/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc").await;
    pause().await;
    drop(connection);
    until(async || seen.load(SeqCst) == 1).await;
    up.lines_of("incomingRequest", 1).await;
}

#[tokio::test]
async fn a_request_that_waits_before_its_handler_is_given_up_when_its_client_leaves() {
    let steps = Steps::default();
    let router = steps.router();
    let (start, starting) = tokio::sync::watch::channel(false);
    let slow = greenroom_core::plugin("slow", move |env| {
        env.register_init(async move |http: greenroom_http::HttpRouter| {
            http.mount(router);
            http.add_auth_policy("/", greenroom_http::AuthPolicy::Unauthenticated)?;
            starting.clone().wait_for(|start| *start).await?;
            Ok(())
        });
    });
    let pause = serde_json::json!({"hours": 1});
    let kit = Kit::new().with_additions().config("backend.lifecycle.startupRequestPauseTimeout", pause);
    let rising = kit.add(slow).launch().await;
    let mut connection = rising.client.connect().await;
    connection.send("POST /api/slow/steps HTTP/1.1\r\nHost: x\r\n\r\n").await;
    drop(connection);
    let line = crate::kit::lines_of(&rising.lines, "incomingRequest", 1).await.remove(0);
    assert_eq!(line["aborted"], true, "{line}");
    assert!(line.get("status").is_none(), "nobody was answered: {line}");
    start.send_replace(true);
    let up = rising.up().await;
    let mut second = up.client.connect().await;
    second.send("POST /api/slow/steps HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until(async || steps.first.load(SeqCst) == 1).await;
    steps.go_on.notify_one();
    assert_eq!(second.answer("POST").await.seen(), (200, "both"), "the second is the first that came in");
}

#[tokio::test]
async fn a_request_whose_client_has_left_keeps_the_place_of_its_connection() {
    let steps = Steps::default();
    let router = steps.router().route("/text", axum::routing::get(async || "fine"));
    let kit = Kit::new().with_additions().config("greenroom.server.maxConnections", serde_json::json!(1));
    let up = kit.open(router).start().await;
    let mut connection = up.client.connect().await;
    connection.send("POST /api/x/steps HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until(async || steps.first.load(SeqCst) == 1).await;
    drop(connection);
    pause().await;
    for _ in 0..3 {
        assert_eq!(up.get("/api/x/text").await.status, 503, "it is at work");
    }
    assert_eq!(up.get("/.backstage/health/v1/liveness").await.status, 200);
    steps.go_on.notify_one();
    until(async || up.get("/api/x/text").await.status == 200).await;
}
