//! A message has one reading, or it is refused; and what stands in a body is never a request.

use axum::{
    Router,
    body::Body,
    extract::Request,
    routing::{any, get, post},
};
use bytes::Bytes;
use serde_json::json;

use crate::kit::{Kit, TOKEN, Up, pause};

const SMUGGLED: &str = "GET /api/x/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

fn kit() -> Kit {
    let late = async |request: Request| {
        pause().await;
        axum::body::to_bytes(request.into_body(), usize::MAX).await.map_or(0, |bytes| bytes.len()).to_string()
    };
    let hold = async |request: Request| {
        drop(greenroom_context::spawn("hold", async {
            pause().await;
            drop(request);
        }));
        "held"
    };
    let router = Router::new()
        .route("/late", post(late))
        .route("/hold", post(hold))
        .route("/drop", post(async || "dropped"))
        .route("/read", post(async |body: Bytes| body.len().to_string()))
        .route("/echo", post(async |body: Body| body))
        .route("/text", get(async || "fine"))
        .route("/smuggled", any(async || "smuggled"));
    Kit::new().open(router)
}

/// The paths that were asked for, once there are at least so many.
async fn asked(up: &Up, at_least: usize) -> Vec<String> {
    let lines = up.lines_of("incomingRequest", at_least).await;
    lines.iter().map(|line| line["url"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn no_request_is_read_out_of_a_body_whatever_its_handler_does_with_it() {
    let up = kit().start().await;
    let evil = "\n".repeat(150) + SMUGGLED;
    let mut sent = 0;
    for handler in ["late", "hold", "drop", "read", "echo", "nowhere"] {
        let sized = format!("Content-Length: {}\r\n\r\n{evil}", evil.len());
        let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{evil}\r\n0\r\n\r\n", evil.len());
        for framed in [sized, chunked] {
            let mut connection = up.client.connect().await;
            let (head, body) = framed.split_at(framed.len() - evil.len() / 2);
            connection.send(format!("POST /api/x/{handler} HTTP/1.1\r\nHost: x\r\n{head}")).await;
            pause().await;
            connection.send(body).await;
            connection.send("GET /api/x/text HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
            connection.answer("POST").await;
            sent += 1;
            // A body that was not read may end the connection; else the next request is the one that was sent.
            if let Some(next) = connection.try_answer("GET").await {
                assert_eq!(next.seen(), (200, "fine"), "{handler}");
                sent += 1;
            }
        }
    }
    let asked = asked(&up, sent).await;
    assert_eq!(asked.len(), sent, "{asked:?}");
    assert!(!asked.iter().any(|url| url.contains("smuggled")), "{asked:?}");
}

#[tokio::test]
async fn a_body_in_front_of_the_gate_or_the_barrier_is_no_request_either() {
    let up = Kit::new().add(greenroom_core::plugin("x", |env| {
        env.register_init(async |http: greenroom_http::HttpRouter| {
            http.mount(Router::new().route("/{*rest}", any(async || "in")));
            Ok(())
        });
    }));
    let up = up.start().await;
    let body = "\n".repeat(150) + SMUGGLED;
    for authorization in ["wrong", TOKEN] {
        let mut connection = up.client.connect().await;
        let head = format!(
            "POST /api/x/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {authorization}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        connection.send(head + &body[..90]).await;
        let answer = connection.answer("POST").await;
        assert!(matches!(answer.status, 401 | 200), "{}", answer.head);
        connection.send(&body[90..]).await;
        connection.send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        connection.rest().await;
    }
    let asked = asked(&up, 2).await;
    assert!(asked.iter().all(|url| matches!(&**url, "/api/x/a" | "/last")), "{asked:?}");
}

const BAD: &str = "HTTP/1.1 400 Bad Request\r\n";

#[tokio::test]
async fn a_header_that_two_parsers_could_read_in_two_ways_is_a_400_and_nothing_behind_it_is_read() {
    let up = kit().start().await;
    let next = "GET /api/x/smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for head in [
        "GET /api/x/text HTTP/1.1\nHost: x\n\n",
        "GET /api/x/text HTTP/1.1\r\nHost: x\n\r\n",
        "GET /api/x/text HTTP/1.1\r\nHost: x\r\n\n",
        "POST /api/x/read HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/x/read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        "POST /api/x/read HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "POST /api/x/read HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\n{}",
        "POST /api/x/read HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}",
        "POST /api/x/read HTTP/1.1\r\nHost: x\r\nContent-Length : 2\r\n\r\n{}",
        "POST /api/x/read HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n 2\r\n\r\n{}",
        "POST /api/x/read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "POST /api/x/read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ] {
        let answer = up.client.raw(format!("{head}{next}")).await;
        assert!(answer.starts_with(BAD) && answer.matches("HTTP/1.1 ").count() == 1, "{head:?}: {answer}");
        // The same, when its parts come one after the other.
        let mut connection = up.client.connect().await;
        let (first, second) = head.split_at(head.len() / 2);
        connection.send(first).await;
        pause().await;
        connection.send(format!("{second}{next}")).await;
        let answer = connection.rest().await;
        assert!(answer.starts_with(BAD) && answer.matches("HTTP/1.1 ").count() == 1, "{head:?}: {answer}");
    }
    assert_eq!(up.get("/api/x/text").await.status, 200);
    assert_eq!(asked(&up, 1).await, ["/api/x/text"], "no handler saw them");
}

#[tokio::test]
async fn a_request_line_has_single_spaces_and_a_version_that_is_spoken() {
    let up = kit().start().await;
    for line in ["GET  /api/x/text HTTP/1.1", "GET /api/x/text  HTTP/1.1", "GET /api/x/text HTTP/2.0"] {
        let answer = up.client.raw(format!("{line}\r\nHost: x\r\n\r\n{SMUGGLED}")).await;
        assert!(answer.starts_with(BAD) && answer.matches("HTTP/1.1 ").count() == 1, "{line:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_whose_chunks_are_malformed_is_a_400_and_closes() {
    let up = kit().start().await;
    let next = "GET /api/x/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    let is_refused = |answer: &str| {
        let is_one = answer.starts_with(BAD) && answer.matches("HTTP/1.1 ").count() == 1;
        is_one && answer.contains("\r\nconnection: close\r\n")
    };
    for body in [
        "2\n{}\r\n0\r\n\r\n",
        "2;a\nb\r\n{}\r\n0\r\n\r\n",
        "2 \r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}x\r\n0\r\n\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\nX: y\n\r\n",
        "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    ] {
        let head = "POST /api/x/read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        let answer = up.client.raw(format!("{head}{body}{next}")).await;
        assert!(is_refused(&answer), "{body:?}: {answer}");
        let mut connection = up.client.connect().await;
        connection.send(head).await;
        for byte in format!("{body}{next}").bytes() {
            connection.send([byte]).await;
        }
        let answer = connection.rest().await;
        assert!(is_refused(&answer), "{body:?}: {answer}");
    }
    assert!(!asked(&up, 18).await.iter().any(|url| url.contains("smuggled")));
}

#[tokio::test]
async fn what_came_in_order_before_a_malformed_message_is_answered() {
    let up = kit().start().await;
    let fine = "POST /api/x/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    let mut connection = up.client.connect().await;
    connection.send(format!("{fine}GET /api/x/text HTTP/1.1\nHost: x\n\n")).await;
    assert_eq!(connection.answer("POST").await.seen(), (200, "hello"));
    let refused = connection.rest().await;
    assert!(refused.starts_with(BAD), "{refused}");
    // The same when the body's end and the malformed line come together.
    let mut connection = up.client.connect().await;
    let (head, end) = fine.split_at(fine.len() - 2);
    connection.send(head).await;
    pause().await;
    connection.send(format!("{end}\nGET / HTTP/1.1\nHost: x\n\n")).await;
    assert_eq!(connection.answer("POST").await.seen(), (200, "hello"));
    assert!(connection.rest().await.starts_with(BAD));
}

#[tokio::test]
async fn a_request_to_leave_http_that_is_not_granted_is_followed_by_the_next() {
    let up = kit().start().await;
    let asks = "GET /api/x/text HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let next = "GET /api/x/smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut connection = up.client.connect().await;
    let begun = tokio::time::Instant::now();
    connection.send(format!("{asks}{asks}{next}")).await;
    assert_eq!(connection.answer("GET").await.seen(), (200, "fine"));
    assert_eq!(connection.answer("GET").await.seen(), (200, "fine"));
    assert_eq!(connection.answer("GET").await.seen(), (200, "smuggled"));
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "no timer has woken the connection");
    let asked = asked(&up, 3).await;
    assert_eq!(asked, ["/api/x/text", "/api/x/text", "/api/x/smuggled"]);
}

#[tokio::test]
async fn many_headers_between_two_bodies_are_counted_apart_from_them() {
    let up = kit().config("backend.server.maxHeadersCount", json!(10)).start().await;
    let mut connection = up.client.connect().await;
    let body = "a: b\r\n".repeat(500);
    for _ in 0..3 {
        let answer = connection.ask("POST", "/api/x/read", &[], body.as_bytes()).await;
        assert_eq!(answer.seen(), (200, "3000"));
    }
}
