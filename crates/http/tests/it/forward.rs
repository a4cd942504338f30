//! Requests that go on to another server, which a test plays.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::future::{BoxFuture, FutureExt};
use greenroom_core::service;
use greenroom_http::{Forward, Forwarded, Forwarding, Passage, Reach};
use http_body_util::BodyExt;
use parking_lot::Mutex;

use crate::kit::{Kit, Up, until};

const PROBE: &str = "/.backstage/health/v1/readiness";

/// Answers by what it is told of a request. What it forwards changes each time it is asked for it.
#[derive(Clone, Default)]
struct Told {
    asked: Arc<AtomicUsize>,
    reaches: Arc<Vec<Reach>>,
}

impl Forward for Told {
    fn reach(&self) -> Reach {
        let asked = self.asked.fetch_add(1, Relaxed);
        self.reaches[asked % self.reaches.len()]
    }

    fn forward(&self, _: Request, passage: Passage) -> BoxFuture<'static, Forwarded> {
        let told = format!("transparent: {}, probe: {}", passage.is_transparent, passage.is_probe);
        async { Forwarded::Answer(told.into_response()) }.boxed()
    }
}

async fn up(forward: impl Forward) -> Up {
    let forwarding = Forwarding::new(forward);
    let routes = axum::Router::new().route("/", axum::routing::get(async || "ours"));
    Kit::new().add(service(async move || Ok(forwarding))).open(routes).start().await
}

fn reach(owned: bool, health: bool, is_transparent: bool) -> Reach {
    Reach { owned, readiness: health, liveness: health, is_transparent }
}

#[tokio::test]
async fn what_is_forwarded_is_what_is_not_ours_and_what_its_reach_says() {
    for (owned, health, is_transparent) in
        [(false, false, false), (false, true, false), (true, true, true), (true, false, true)]
    {
        let reaches = Arc::new(vec![reach(owned, health, is_transparent)]);
        let up = up(Told { reaches, ..Told::default() }).await;
        let theirs = format!("transparent: {is_transparent}, probe: ");
        let get = async |path| up.get(path).await.text().to_owned();
        assert_eq!(get("/api/elsewhere").await, format!("{theirs}false"));
        assert_eq!(get("/api/x/").await, if owned { format!("{theirs}false") } else { "ours".to_owned() });
        assert_eq!(get(PROBE).await.starts_with(&theirs), health);
        assert_eq!(get(PROBE).await.ends_with("probe: true"), health);
    }
}

#[tokio::test]
async fn a_request_is_treated_in_one_way_whatever_changes_meanwhile() {
    let reaches = Arc::new(vec![reach(true, true, true), reach(false, true, false)]);
    let told = Told { reaches, ..Told::default() };
    let up = up(told.clone()).await;
    for _ in 0..4 {
        let asked = told.asked.load(Relaxed);
        let answer = up.get("/api/elsewhere").await;
        assert_eq!(told.asked.load(Relaxed) - asked, 1);
        let is_transparent = answer.header("x-request-id").is_none();
        assert_eq!(answer.text(), format!("transparent: {is_transparent}, probe: false"));
    }
}

/// Answers at once, and reads on.
#[derive(Clone, Default)]
struct ReadsOn(Arc<Mutex<Option<usize>>>);

impl Forward for ReadsOn {
    fn reach(&self) -> Reach {
        Reach::default()
    }

    fn forward(&self, request: Request, _: Passage) -> BoxFuture<'static, Forwarded> {
        let read = self.0.clone();
        let reads = async move {
            let body = request.into_body().collect().await;
            *read.lock() = body.ok().map(|body| body.to_bytes().len());
        };
        drop(greenroom_context::spawn("reads on", reads));
        async { Forwarded::Answer(Response::new(Body::from("ok"))) }.boxed()
    }
}

#[tokio::test]
async fn a_stop_waits_for_a_body_that_is_read_beyond_its_answer() {
    let reads = ReadsOn::default();
    let up = up(reads.clone()).await;
    let mut client = up.client.connect().await;
    client.send("POST /api/elsewhere HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc").await;
    assert_eq!(client.answer("POST").await.seen(), (200, "ok"));
    let mut other = up.client.connect().await;
    let stopped = up.stop();
    // A connection on which nothing is at work ends with the listener.
    other.ends().await;
    client.send("def").await;
    until(async || *reads.0.lock() == Some(6)).await;
    stopped.await.unwrap();
}
