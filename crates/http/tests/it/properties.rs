//! Whatever a client sends: no panic, no 5xx, and a connection that serves on or is closed.

use axum::{Router, routing};
use greenroom_http::{Json, Path};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use serde_json::Value;

use crate::kit::{Kit, Up};

async fn up() -> Up {
    let router = Router::new()
        .route("/json", routing::any(async |Json(body): Json<Value>| Json(body)))
        .route("/p/{p}", routing::any(async |Path(p): Path<String>| p))
        .route("/{*rest}", routing::any(async || "rest"));
    Kit::new().open(router).start().await
}

fn target() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        Just("api".to_owned()),
        Just("x".to_owned()),
        Just("p".to_owned()),
        Just("json".to_owned()),
        Just(".backstage".to_owned()),
        Just("..".to_owned()),
        "[!-~]{0,6}",
        "(%[0-9a-fA-F]{0,2}){0,3}",
    ];
    let below = prop_oneof![
        Just("/api/x/json"),
        Just("/api/x/p/"),
        Just("/.backstage/health/v1/readiness"),
        Just("")
    ];
    (below, vec(segment, 0..5), "(\\?[!-~]{0,12})?").prop_map(|(start, segments, query)| {
        let path: String = segments.iter().map(|segment| format!("/{segment}")).collect();
        format!("{start}{path}{query}")
    })
}

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let name = prop_oneof![
        Just("Content-Type".to_owned()),
        Just("Content-Encoding".to_owned()),
        Just("Accept-Encoding".to_owned()),
        Just("If-None-Match".to_owned()),
        Just("If-Modified-Since".to_owned()),
        Just("Cache-Control".to_owned()),
        Just("Authorization".to_owned()),
        Just("User-Agent".to_owned()),
        Just("Referer".to_owned()),
        Just("Expect".to_owned()),
        Just("Connection".to_owned()),
        "[A-Za-z0-9-]{1,12}",
        "[ -~]{0,6}",
    ];
    let value = prop_oneof![
        Just(b"application/json".to_vec()),
        Just(b"application/json; charset=utf-16".to_vec()),
        Just(b"gzip".to_vec()),
        Just(b"*".to_vec()),
        vec(any::<u8>().prop_filter("no line ends", |byte| !matches!(byte, b'\r' | b'\n')), 0..24),
    ];
    (name, value)
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let method =
        prop_oneof![Just("GET"), Just("POST"), Just("HEAD"), Just("OPTIONS"), Just("PUT"), Just("X-Y")];
    let body = prop_oneof![vec(any::<u8>(), 0..64), "[{\\[\"a:1,\\]}]{0,20}".prop_map(String::into_bytes)];
    (method, target(), vec(header(), 0..5), body).prop_map(|(method, target, headers, body)| {
        let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
        }
        bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
        bytes.extend(body);
        bytes
    })
}

#[test]
fn no_request_breaks_the_server_or_is_its_fault() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let up = runtime.block_on(up());
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() });
    let result = runner.run(&request(), |bytes| {
        runtime.block_on(async {
            let mut connection = up.client.connect().await;
            connection.send(&bytes).await;
            let method = if bytes.starts_with(b"HEAD ") { "HEAD" } else { "GET" };
            let mut answer = connection.try_answer(method).await;
            if answer.as_ref().is_some_and(|answer| answer.status == 100) {
                answer = connection.try_answer(method).await;
            }
            let Some(answer) = answer else { return Ok(()) };
            prop_assert!(answer.status < 500, "{}", answer.head);
            if answer.header("connection") == Some("keep-alive") {
                connection.send("GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
                if let Some(next) = connection.try_answer("GET").await {
                    prop_assert_eq!(next.status, 404);
                }
            }
            Ok(())
        })
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let lines = up.lines.lines();
    assert!(!lines.iter().any(|line| line.contains("\"level\":\"error\"")), "{lines:#?}");
}
