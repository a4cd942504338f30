//! Bodies that their handlers do not read: what becomes of the connection.

use std::time::{Duration, Instant};

use axum::{Router, extract::Request, routing::post};

use crate::kit::{Kit, Up, pause};

async fn up() -> Up {
    let router = Router::new().route("/early", post(async || "early")).route(
        "/late",
        post(async |request: Request| {
            drop(request);
            // The server looks at what has come meanwhile.
            pause().await;
            "late"
        }),
    );
    Kit::new().open(router).start().await
}

fn posts(path: &str, body: &str) -> String {
    format!("POST /api/x/{path} HTTP/1.1\r\nHost: x\r\n{body}")
}

#[tokio::test]
async fn a_body_that_has_come_is_thrown_away_and_the_connection_stays() {
    let up = up().await;
    let mut connection = up.client.connect().await;
    for path in ["early", "late", "early"] {
        connection.send(posts(path, "Content-Length: 5\r\n\r\nhello")).await;
        let answer = connection.answer("POST").await;
        assert_eq!((answer.seen(), answer.header("connection")), ((200, path), Some("keep-alive")));
    }
}

const KEPT: Option<&str> = Some("keep-alive");
const CLOSED: Option<&str> = Some("close");

/// More than is read of what nobody wants.
const LONG: usize = 64 * 1024 + 1;

#[tokio::test]
async fn a_body_that_is_still_to_come_is_thrown_away_and_the_connection_stays() {
    let up = up().await;
    let mut connection = up.client.connect().await;
    let whole = "y".repeat(LONG - 1);
    for (begin, rest) in [
        ("Content-Length: 10\r\n\r\n", "helloagain"),
        ("Content-Length: 10\r\n\r\nhello", "again"),
        ("Content-Length: 65536\r\n\r\n", &whole),
        ("Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhe", "llo\r\n0\r\nX-Sum: 1\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nagain\r\n0\r\n\r\n", ""),
    ] {
        for path in ["early", "late"] {
            connection.send(posts(path, begin)).await;
            let answer = connection.answer("POST").await;
            assert_eq!((answer.seen(), answer.header("connection")), ((200, path), KEPT), "{begin}");
            connection.send(rest).await;
        }
    }
    connection.send("GET /nope HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(connection.answer("GET").await.status, 404);
}

#[tokio::test]
async fn a_body_whose_rest_does_not_come_closes_the_connection() {
    let up = up().await;
    for body in ["Content-Length: 500\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"] {
        let mut connection = up.client.connect().await;
        connection.send(posts("early", body)).await;
        assert_eq!(connection.answer("POST").await.seen(), (200, "early"), "{body}");
        let begun = Instant::now();
        connection.ends().await;
        assert!(begun.elapsed() < Duration::from_secs(4), "sooner than idle: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn an_answer_before_the_end_of_a_long_body_says_once_that_the_connection_closes() {
    let up = up().await;
    let sized = format!("Content-Length: {LONG}\r\n\r\nhello");
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{LONG:x}\r\n{}\r\n", "y".repeat(LONG));
    let expects = "Expect: 100-continue\r\nContent-Length: 500\r\n\r\n".to_owned();
    let asks = "Connection: close\r\nContent-Length: 500\r\n\r\n".to_owned();
    for (path, body) in [
        ("early", &sized),
        ("late", &sized),
        // Of an early answer nobody knows yet how long it becomes.
        ("late", &chunked),
        ("early", &expects),
        ("late", &expects),
        ("early", &asks),
    ] {
        let mut connection = up.client.connect().await;
        connection.send(posts(path, body)).await;
        let answer = connection.answer("POST").await;
        assert_eq!((answer.seen(), answer.header("connection")), ((200, path), CLOSED), "{path} {body:.50}");
        assert_eq!(answer.header("keep-alive"), None, "{body:.50}");
        assert_eq!(answer.head.matches("connection:").count(), 1, "{}", answer.head);
        connection.ends().await;
    }
}
