//! Connections: their headers, their limits, their end.

use std::time::{Duration, Instant};

use axum::{Router, body::Body, routing::get, routing::post};
use bytes::Bytes;
use serde_json::json;

use crate::kit::{Answer, Client, Kit, pause};

fn kit() -> Kit {
    let streamed = async || {
        let parts = ["a", "b"].map(|part| Ok::<_, std::io::Error>(Bytes::from(part)));
        Body::from_stream(futures_util::stream::iter(parts))
    };
    let read = async |body: Bytes| body.len().to_string();
    let router = Router::new()
        .route("/text", get(async || "fine"))
        .route("/streamed", get(streamed))
        .route("/read", post(read))
        .route("/ignore", post(async || "ignored"));
    Kit::new().open(router)
}

fn connection(answer: &Answer) -> (Option<&str>, Option<&str>) {
    (answer.header("connection"), answer.header("keep-alive"))
}

const KEPT: (Option<&str>, Option<&str>) = (Some("keep-alive"), Some("timeout=5"));
const CLOSED: (Option<&str>, Option<&str>) = (Some("close"), None);

#[tokio::test]
async fn a_connection_is_kept_by_http_1_1_and_by_http_1_0_if_asked() {
    let up = kit().start().await;
    let mut kept = up.client.connect().await;
    for _ in 0..2 {
        assert_eq!(connection(&kept.ask("GET", "/api/x/text", &[], b"").await), KEPT);
    }
    let closing = kept.ask("GET", "/api/x/text", &[("Connection", "close")], b"").await;
    assert_eq!(connection(&closing), CLOSED);
    kept.ends().await;

    let mut old = up.client.connect().await;
    old.send("GET /api/x/text HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
    let answer = old.answer("GET").await;
    assert_eq!((answer.seen(), connection(&answer)), ((200, "fine"), KEPT));
    old.send("GET /api/x/streamed HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
    let answer = old.answer("GET").await;
    assert_eq!((answer.seen(), connection(&answer)), ((200, "ab"), CLOSED));
    assert_eq!(answer.header("transfer-encoding"), None, "HTTP/1.0 knows no chunks");
    let plain = up.client.raw("GET /api/x/text HTTP/1.0\r\n\r\n").await;
    assert!(plain.contains("connection: close\r\n") && plain.ends_with("\r\n\r\nfine"), "{plain}");
}

#[tokio::test]
async fn requests_in_one_packet_are_answered_in_order() {
    let up = kit().start().await;
    let mut kept = up.client.connect().await;
    let one = "GET /api/x/text HTTP/1.1\r\nHost: x\r\n\r\n";
    let two = "POST /api/x/read HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    kept.send(format!("{one}{two}\r\n{one}")).await;
    assert_eq!(kept.answer("GET").await.text(), "fine");
    assert_eq!(kept.answer("POST").await.text(), "3");
    assert_eq!(kept.answer("GET").await.text(), "fine");
}

#[tokio::test]
async fn expect_is_continued_or_417() {
    let up = kit().start().await;
    let mut kept = up.client.connect().await;
    let head = "POST /api/x/read HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n";
    kept.send(head).await;
    assert_eq!(kept.answer("POST").await.status, 100);
    kept.send("abc").await;
    assert_eq!(kept.answer("POST").await.seen(), (200, "3"));
    let other = up.client.raw("GET /api/x/text HTTP/1.1\r\nHost: x\r\nExpect: foo\r\n\r\n").await;
    assert!(other.starts_with("HTTP/1.1 417 Expectation Failed\r\n"), "{other}");
}

async fn status(client: Client, request: impl AsRef<[u8]>) -> String {
    let answer = client.raw(request).await;
    answer.split("\r\n").next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_is_no_http_is_a_400_and_the_connection_ends() {
    let up = kit().start().await;
    let bad = "HTTP/1.1 400 Bad Request";
    for request in [
        "GET /api/x/text HTTP/1.1\r\n\r\n".as_bytes(),
        "GET /api/x/té HTTP/1.1\r\nHost: x\r\n\r\n".as_bytes(),
        b"GET /api/x/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET relative HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ] {
        assert_eq!(status(up.client, request).await, bad, "{}", String::from_utf8_lossy(request));
    }
    assert_eq!(up.get("/api/x/text").await.status, 200);
    let lines = up.lines_of("incomingRequest", 1).await;
    let urls: Vec<_> = lines.iter().map(|line| line["url"].as_str().unwrap()).collect();
    assert_eq!(urls, ["/api/x/text"], "nobody but the server saw the others");
}

#[tokio::test]
async fn a_header_over_16_kib_is_a_431() {
    let up = kit().start().await;
    let with = |length| {
        format!(
            "GET /api/x/text HTTP/1.1\r\nHost: x\r\nConnection: close\r\nA: {}\r\n\r\n",
            "a".repeat(length)
        )
    };
    assert_eq!(status(up.client, with(15 * 1024)).await, "HTTP/1.1 200 OK");
    let large = "HTTP/1.1 431 Request Header Fields Too Large";
    assert_eq!(status(up.client, with(17 * 1024)).await, large);
    assert_eq!(status(up.client, with(300 * 1024)).await, large, "read to its end, not reset");
}

#[tokio::test]
async fn a_slow_header_is_a_408_and_silence_a_closed_connection() {
    let up = kit().config("backend.server.headersTimeout", json!(200)).start().await;
    let begun = Instant::now();
    let slow = up.client.raw("GET /api/x/text HTTP/1.1\r\nHo").await;
    assert_eq!(slow, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
    let mut silent = up.client.connect().await;
    silent.ends().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_idle_connection_is_closed_a_second_after_it_was_said() {
    let up = kit().config("backend.server.keepAliveTimeout", json!({"seconds": 1})).start().await;
    let mut kept = up.client.connect().await;
    let answer = kept.ask("GET", "/api/x/text", &[], b"").await;
    assert_eq!(connection(&answer), (Some("keep-alive"), Some("timeout=1")));
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(kept.ask("GET", "/api/x/text", &[], b"").await.status, 200, "under way in time");
    let idle = Instant::now();
    kept.ends().await;
    let waited = idle.elapsed();
    assert!(waited > Duration::from_millis(1900) && waited < Duration::from_secs(5), "{waited:?}");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let timeout = json!({"milliseconds": 200});
    let up = kit().config("greenroom.server.bodyTimeout", timeout).start().await;
    let begun = Instant::now();
    let answer = up.client.raw("POST /api/x/read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc").await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.ends_with("no more of the request's body came"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "nothing good is to come: {answer}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_body_timeout_of_zero_or_of_ages_is_none() {
    for timeout in [json!(0), json!({"years": 500_000_000_000_u64})] {
        let kit = kit().config("greenroom.server.bodyTimeout", timeout.clone());
        let up = kit.config("backend.server.requestTimeout", timeout).start().await;
        let mut slow = up.client.connect().await;
        slow.send(
            "POST /api/x/read HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
        )
        .await;
        // The handler waits for the body when the server sends this.
        assert_eq!(slow.answer("POST").await.status, 100);
        slow.send("abc").await;
        pause().await;
        slow.send("defghi").await;
        assert_eq!(slow.answer("POST").await.seen(), (200, "9"));
    }
}

#[tokio::test]
async fn an_answer_before_the_end_of_a_long_body_is_not_lost_in_a_reset() {
    let up = kit().start().await;
    let body = "x".repeat(3 << 20);
    for target in ["/api/x/ignore", "/nope"] {
        let mut connection = up.client.connect().await;
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        connection.send(format!("{head}{body}")).await;
        let answer = connection.answer("POST").await;
        assert!(matches!(answer.status, 200 | 404), "{}", answer.head);
        let end = tokio::io::AsyncReadExt::read(&mut connection.stream, &mut [0]).await;
        assert!(matches!(end, Ok(0)), "the end comes in order: {end:?}");
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_as_a_whole_breaks_off() {
    let up = kit().config("backend.server.requestTimeout", json!(300)).start().await;
    let begun = Instant::now();
    let mut slow = up.client.connect().await;
    slow.send("POST /api/x/read HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n").await;
    let drip = async {
        loop {
            slow.send("a").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            if begun.elapsed() > Duration::from_millis(600) {
                break;
            }
        }
    };
    drip.await;
    let answer = slow.answer("POST").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().ends_with("the request took too long"), "{}", answer.text());
    let header = up.client.raw("GET /api/x/text HTTP/1.1\r\nHo").await;
    assert_eq!(header, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_timeout_of_zero_is_none() {
    let server = json!({"headersTimeout": 0, "requestTimeout": 0, "keepAliveTimeout": 0, "timeout": 0});
    let up = kit().config("backend.server", server).start().await;
    let mut slow = up.client.connect().await;
    slow.send("GET /api/x/text HTTP/1.1\r\n").await;
    // One that ends at once would have ended it.
    pause().await;
    slow.send("Host: x\r\n\r\n").await;
    let answer = slow.answer("GET").await;
    assert_eq!((answer.status, connection(&answer)), (200, (Some("keep-alive"), None)));
}

#[tokio::test]
async fn a_connection_on_which_nothing_moves_is_closed() {
    let hang = get(async || std::future::pending::<()>().await);
    let router = axum::Router::new().route("/hang", hang).route("/text", get(async || "fine"));
    let up = Kit::new().open(router).config("backend.server.timeout", json!(200)).start().await;
    let mut connection = up.client.connect().await;
    for _ in 0..3 {
        assert_eq!(connection.ask("GET", "/api/x/text", &[], b"").await.status, 200);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    connection.send("GET /api/x/hang HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let begun = Instant::now();
    connection.ends().await;
    let waited = begun.elapsed();
    assert!(waited > Duration::from_millis(190) && waited < Duration::from_secs(5), "{waited:?}");
}

#[tokio::test]
async fn a_connection_carries_so_many_requests() {
    let up = kit().config("backend.server.maxRequestsPerSocket", json!(2)).start().await;
    let mut carrier = up.client.connect().await;
    let first = carrier.ask("GET", "/api/x/text", &[], b"").await;
    assert_eq!(connection(&first), (Some("keep-alive"), Some("timeout=5, max=2")));
    let last = carrier.ask("GET", "/nowhere", &[], b"").await;
    assert_eq!((last.status, connection(&last)), (404, (Some("close"), None)));
    carrier.ends().await;
}

#[tokio::test]
async fn more_headers_than_allowed_are_a_431() {
    let up = kit().config("backend.server.maxHeadersCount", json!(3)).start().await;
    let status = async |headers: usize| {
        let more = "a: b\r\n".repeat(headers - 2);
        let head = format!("GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n");
        up.client.raw(head).await.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!((&*status(3).await, &*status(4).await), ("404", "431"));
    let up = kit().config("backend.server.maxHeadersCount", json!(0)).start().await;
    let head = format!("GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}\r\n", "a:\r\n".repeat(3000));
    assert!(up.client.raw(head).await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn a_hundred_headers_are_taken_and_more_only_by_config() {
    let up = kit().start().await;
    for (headers, status) in [(1, 200), (100, 200), (101, 431)] {
        let mut connection = up.client.connect().await;
        let more = (1..headers).map(|n| format!("x-{n}: {n}\r\n")).collect::<String>();
        connection.send(format!("GET /api/x/text HTTP/1.1\r\nHost: x\r\n{more}\r\n")).await;
        assert_eq!(connection.answer("GET").await.status, status, "{headers} headers");
    }
}

#[tokio::test]
async fn a_request_with_many_headers_is_answered_whatever_came_before_it_on_the_connection() {
    let up = kit().config("backend.server.maxHeadersCount", json!(2000)).start().await;
    let mut connection = up.client.connect().await;
    let request = |headers: usize| {
        let headers = (1..headers).map(|n| format!("x-{n}: {n}\r\n")).collect::<String>();
        format!("GET /api/x/text HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
    };
    for headers in [1, 90, 90, 100, 101, 700, 1] {
        connection.send(request(headers)).await;
        assert_eq!(connection.answer("GET").await.status, 200, "{headers} headers");
    }
    for headers in [100, 101, 300] {
        let mut connection = up.client.connect().await;
        connection.send(request(1) + &request(headers) + &request(2)).await;
        for _ in 0..3 {
            assert_eq!(connection.answer("GET").await.status, 200, "{headers} headers between others");
        }
    }
    let mut connection = up.client.connect().await;
    let (head, rest) = (request(150), request(150).split_off(900));
    connection.send(&head[..900]).await;
    up.client.get("/api/x/text").await;
    connection.send(rest).await;
    assert_eq!(connection.answer("GET").await.status, 200, "in two parts");
}

#[tokio::test]
async fn lines_of_a_body_are_no_headers() {
    let up = kit().start().await;
    let mut connection = up.client.connect().await;
    let body = "\n".repeat(5000);
    for _ in 0..3 {
        let answer = connection
            .ask("POST", "/api/x/nowhere", &[("content-type", "text/plain")], body.as_bytes())
            .await;
        assert_eq!(answer.status, 404);
    }
}
