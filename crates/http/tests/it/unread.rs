//! Bodies that their handlers do not read: what becomes of the connection.

use std::time::Duration;

use axum::{Router, extract::Request, routing::post};

use crate::kit::{Kit, Up};

async fn up() -> Up {
    let router = Router::new().route("/early", post(async || "early")).route(
        "/late",
        post(async |request: Request| {
            drop(request);
            // The server looks at what has come meanwhile.
            tokio::time::sleep(Duration::from_millis(50)).await;
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

#[tokio::test]
async fn an_answer_before_the_end_of_its_body_says_once_that_the_connection_closes() {
    let up = up().await;
    for path in ["early", "late"] {
        for body in [
            "Content-Length: 500\r\n\r\nhello",
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nagain\r\n0\r\n\r\n",
        ] {
            let mut connection = up.client.connect().await;
            connection.send(posts(path, body)).await;
            let answer = connection.answer("POST").await;
            assert_eq!((answer.seen(), answer.header("connection")), ((200, path), Some("close")), "{body}");
            assert_eq!(answer.header("keep-alive"), None, "{body}");
            connection.ends().await;
        }
    }
}
