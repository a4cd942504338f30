//! Time: kept connections, headers that begin late, readers that take nothing, and what a stop closes at once.

use std::time::Duration;

use axum::{
    Router,
    response::sse::{Event, Sse},
    routing::get,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::kit::{Kit, PATIENCE, until};

fn kit() -> Kit {
    let events = async || {
        let first = stream::iter([Ok::<_, std::io::Error>(Event::default().data("begun"))]);
        Sse::new(first.chain(stream::pending()))
    };
    let router = Router::new()
        .route("/text", get(async || "fine"))
        .route("/big", get(async || Bytes::from(vec![b'x'; 16 << 20])))
        .route("/events", get(events));
    Kit::new().with_additions().open(router)
}

const REQUEST: &str = "GET /api/x/text HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn a_kept_connection_outlives_the_time_that_a_header_has() {
    for (kept, told) in [
        (json!(0), None),
        (json!({"seconds": 5}), Some("timeout=5")),
        (json!({"seconds": 65}), Some("timeout=65")),
    ] {
        let server = json!({"headersTimeout": 200, "keepAliveTimeout": kept});
        let up = kit().config("backend.server", server).start().await;
        let mut connection = up.client.connect().await;
        assert_eq!(connection.ask("GET", "/api/x/text", &[], b"").await.header("keep-alive"), told);
        sleep(Duration::from_millis(600)).await;
        assert_eq!(connection.ask("GET", "/api/x/text", &[], b"").await.seen(), (200, "fine"), "{kept}");
    }
}

#[tokio::test]
async fn on_a_kept_connection_a_header_has_its_time_from_its_first_byte() {
    let server = json!({"headersTimeout": 1000, "keepAliveTimeout": 0});
    let up = kit().config("backend.server", server).start().await;
    let mut connection = up.client.connect().await;
    assert_eq!(connection.ask("GET", "/api/x/text", &[], b"").await.status, 200);
    sleep(Duration::from_millis(700)).await;
    let (begin, end) = REQUEST.split_at(10);
    connection.send(begin).await;
    sleep(Duration::from_millis(500)).await;
    connection.send(end).await;
    assert_eq!(
        connection.answer("GET").await.status,
        200,
        "1.2 s after the last answer, 0.5 s after its first byte"
    );
    let begun = Instant::now();
    connection.send(begin).await;
    assert!(connection.rest().await.starts_with("HTTP/1.1 408 "));
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_left() {
    let up = kit().config("greenroom.server.sendTimeout", json!({"milliseconds": 300})).start().await;
    let mut silent = up.client.connect().await;
    silent.send("GET /api/x/big HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let line = up.lines_of("incomingRequest", 1).await.remove(0);
    assert_eq!(line["aborted"], true, "{line}");
    assert!(line["durationMs"].as_f64().is_some_and(|took| took >= 300.0), "{line}");
    assert!(line["contentLength"].as_u64().is_some_and(|sent| sent < 16 << 20), "what has left: {line}");
    drop(silent);
}

#[tokio::test]
async fn a_client_that_takes_its_answer_slowly_gets_all_of_it() {
    let up = kit().config("greenroom.server.sendTimeout", json!({"milliseconds": 500})).start().await;
    let mut slow = up.client.connect().await;
    slow.send("GET /api/x/big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let (mut taken, mut some) = (0, vec![0; 2 << 20]);
    for _ in 0..6 {
        sleep(Duration::from_millis(150)).await;
        taken += tokio::io::AsyncReadExt::read_exact(&mut slow.stream, &mut some).await.unwrap();
    }
    taken += slow.rest().await.len();
    assert!(taken > 16 << 20, "{taken}");
    assert!(up.lines_of("incomingRequest", 1).await[0].get("aborted").is_none());
}

#[tokio::test]
async fn half_a_header_delays_a_stop_by_about_a_second() {
    let up = kit().start().await;
    let mut half = up.client.connect().await;
    half.send("GET /api/x/te").await;
    // It has arrived before a request that was sent later is answered.
    assert_eq!(up.get("/api/x/text").await.status, 200);
    let begun = Instant::now();
    let stopped = up.stop();
    half.ends().await;
    timeout(PATIENCE, stopped).await.unwrap().unwrap();
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_stream_of_events_ends_with_the_server_at_once_and_in_order() {
    let up = kit().start().await;
    let lines = up.lines.clone();
    let mut listening = up.client.connect().await;
    listening.send("GET /api/x/events HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut some = [0; 2048];
    let mut seen = String::new();
    while !seen.contains("begun") {
        let read = tokio::io::AsyncReadExt::read(&mut listening.stream, &mut some).await.unwrap();
        seen.push_str(std::str::from_utf8(&some[..read]).unwrap());
    }
    let begun = Instant::now();
    let stopped = up.stop();
    let end = listening.rest().await;
    assert!(end.ends_with("0\r\n\r\n"), "the last chunk says that it is whole: {end:?}");
    timeout(PATIENCE, stopped).await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    until(async || lines.json().iter().any(|line| line["url"] == "/api/x/events")).await;
    assert!(!lines.json().iter().any(|line| line["aborted"] == true), "{:#?}", lines.lines());
}
