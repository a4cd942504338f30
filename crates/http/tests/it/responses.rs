//! Headers, freshness, compression.

use std::time::Duration;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder};
use axum::{Router, body::Body, http::header, routing::get};
use bytes::Bytes;
use greenroom_errors::Error;
use greenroom_http::{
    HttpError,
    finished::{Coding, Finished, OriginalMethod, etag},
};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::kit::{Kit, Up};

async fn up() -> Up {
    let sized = async |axum::extract::Path(length): axum::extract::Path<usize>| "x".repeat(length);
    let image = async || ([(header::CONTENT_TYPE, "image/png")], "x".repeat(4096));
    let varied = async || ([(header::VARY, "Origin")], "x".repeat(4096));
    let plain = async || ([(header::CACHE_CONTROL, "public, no-transform")], "x".repeat(4096));
    let tagged =
        async || ([(header::ETAG, "\"own\""), (header::LAST_MODIFIED, "Sun, 22 Nov 2026 07:27:10 GMT")], "x");
    let framed = async || [(header::X_FRAME_OPTIONS, "DENY")];
    let ticks = async || {
        let ticks = futures_util::stream::unfold(0, async |n| {
            tokio::time::sleep(Duration::from_millis(if n == 0 { 0 } else { 60_000 })).await;
            Some((Ok::<_, std::io::Error>(Bytes::from("data: tick\n\n")), n + 1))
        });
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(ticks))
    };
    let router = Router::new()
        .route("/sized/{length}", get(sized))
        .route("/image", get(image))
        .route("/varied", get(varied))
        .route("/plain", get(plain))
        .route("/tagged", get(tagged))
        .route("/framed", get(framed))
        .route("/ticks", get(ticks));
    Kit::new().open(router).start().await
}

#[tokio::test]
async fn a_tag_that_the_client_holds_is_a_304_without_a_body() {
    let up = up().await;
    let first = up.get("/api/x/sized/10").await;
    let tag = first.header("etag").unwrap();
    assert!(tag.starts_with("W/\"a-"), "{tag}");
    for (method, header, status) in [
        ("GET", ("If-None-Match", tag), 304),
        ("HEAD", ("If-None-Match", tag), 304),
        ("GET", ("If-None-Match", "W/\"other\""), 200),
        ("GET", ("If-None-Match", "*"), 304),
    ] {
        let answer = up.client.ask(method, "/api/x/sized/10", &[header], b"").await;
        assert_eq!(answer.status, status, "{header:?}");
        if status == 304 {
            assert_eq!((answer.header("content-type"), answer.header("content-length")), (None, None));
            assert_eq!(answer.header("etag"), Some(tag));
        }
    }
    let forced = [("If-None-Match", tag), ("Cache-Control", "no-cache")];
    assert_eq!(up.client.ask("GET", "/api/x/sized/10", &forced, b"").await.status, 200);
    let own = up.client.ask("GET", "/api/x/tagged", &[("If-None-Match", "\"own\"")], b"").await;
    assert_eq!((own.status, own.header("etag")), (304, Some("\"own\"")));
    let since = [("If-Modified-Since", "Sun, 22 Nov 2026 07:27:10 GMT")];
    assert_eq!(up.client.ask("GET", "/api/x/tagged", &since, b"").await.status, 304);
}

async fn all(mut decoder: impl AsyncRead + Unpin) -> usize {
    let mut bytes = vec![];
    decoder.read_to_end(&mut bytes).await.unwrap()
}

#[tokio::test]
async fn bodies_of_1_kib_and_more_are_compressed_as_the_client_takes_them() {
    let up = up().await;
    let ask = async |target: &str, accepted: &str| {
        up.client.ask("GET", target, &[("Accept-Encoding", accepted)], b"").await
    };
    let small = ask("/api/x/sized/1023", "gzip, br").await;
    assert_eq!((small.header("content-encoding"), small.header("vary")), (None, Some("Accept-Encoding")));
    let gzip = ask("/api/x/sized/1024", "gzip").await;
    assert_eq!((gzip.header("content-encoding"), gzip.header("content-length")), (Some("gzip"), None));
    assert_eq!(all(GzipDecoder::new(&gzip.body[..])).await, 1024);
    let identity = ask("/api/x/sized/1024", "identity").await;
    assert_eq!((identity.header("content-encoding"), identity.body.len()), (None, 1024));
    assert_eq!(identity.header("etag"), gzip.header("etag"), "the tag is that of the identity body");
    let brotli = ask("/api/x/sized/4096", "gzip, deflate, br").await;
    assert_eq!(
        (brotli.header("content-encoding"), all(BrotliDecoder::new(&brotli.body[..])).await),
        (Some("br"), 4096)
    );
    let deflate = ask("/api/x/sized/4096", "deflate").await;
    assert_eq!(all(ZlibDecoder::new(&deflate.body[..])).await, 4096);
    let image = ask("/api/x/image", "gzip").await;
    assert_eq!((image.header("content-encoding"), image.header("vary")), (None, None));
    let plain = ask("/api/x/plain", "gzip").await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, None));
    assert_eq!(ask("/api/x/varied", "gzip").await.header("vary"), Some("Origin, Accept-Encoding"));
    let repeated = [("Accept-Encoding", "identity"), ("Accept-Encoding", "gzip")];
    let repeated = up.client.ask("GET", "/api/x/sized/4096", &repeated, b"").await;
    assert_eq!(repeated.header("content-encoding"), Some("gzip"), "a repeated header is one list");
    let head = up.client.ask("HEAD", "/api/x/sized/4096", &[("Accept-Encoding", "gzip")], b"").await;
    assert_eq!((head.header("content-encoding"), head.header("content-length")), (None, Some("4096")));
}

#[tokio::test]
async fn a_compressed_event_is_sent_when_it_happens() {
    let up = up().await;
    let mut connection = up.client.connect().await;
    connection.send("GET /api/x/ticks HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n").await;
    let mut bytes = vec![];
    let arrives = async {
        // The header, the gzip header and the first event.
        while !bytes.windows(4).any(|w| w == b"\r\n\r\n") || bytes.len() < 750 {
            connection.stream.read_buf(&mut bytes).await.unwrap();
            let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(bytes.len());
            if bytes.len() > end + 4 + 20 {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), arrives).await.expect("the first event");
}

#[tokio::test]
async fn security_headers_are_helmets_and_a_routes_own_win() {
    let up = up().await;
    let answer = up.get("/nope").await;
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=15552000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("x-dns-prefetch-control", "off"),
        ("x-download-options", "noopen"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-permitted-cross-domain-policies", "none"),
        ("x-xss-protection", "0"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    assert!(
        answer.header("content-security-policy").unwrap().starts_with("default-src 'self';base-uri 'self';")
    );
    assert_eq!(answer.header("x-powered-by"), None);
    assert_eq!(up.get("/api/x/framed").await.header("x-frame-options"), Some("DENY"));
}

/// An answer that is decided as a whole, in this encoding.
fn finished(coding: Coding) -> impl axum::response::IntoResponse {
    let text = "x".repeat(4096);
    let kind = [(header::CONTENT_TYPE, "text/plain"), (header::CONTENT_ENCODING, coding.name())];
    Finished((kind, [(header::ETAG, etag(text.as_bytes()))], coding.encode(text.as_bytes()).unwrap()))
}

#[tokio::test]
async fn a_finished_answer_leaves_as_it_is_and_says_that_it_varies() {
    let router = Router::new()
        .route("/br", get(async || finished(Coding::Brotli)))
        .route("/image", get(async || Finished(([(header::CONTENT_TYPE, "image/png")], "x"))))
        .route("/asked", get(async |OriginalMethod(method)| Finished([("x-asked", method.to_string())])));
    let up = Kit::new().open(router).start().await;
    for accepted in ["gzip", "br"] {
        let answer = up.client.ask("GET", "/api/x/br", &[("Accept-Encoding", accepted)], b"").await;
        assert_eq!(
            (answer.header("content-encoding"), answer.header("vary")),
            (Some("br"), Some("Accept-Encoding"))
        );
        assert!(answer.header("etag").is_some_and(|etag| etag.starts_with("W/\"1000-")));
        assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()));
    }
    let image = up.get("/api/x/image").await;
    assert_eq!((image.header("vary"), image.header("etag")), (None, None));
    assert_eq!(up.client.ask("HEAD", "/api/x/asked", &[], b"").await.header("x-asked"), Some("HEAD"));
    assert_eq!(up.get("/api/x/asked").await.header("x-asked"), Some("GET"));
}

#[tokio::test]
async fn an_error_keeps_the_headers_that_were_set_before_it_but_those_of_a_body() {
    let failing = async || {
        let headers =
            [("x-frame-options", "DENY"), ("cache-control", "no-store"), ("content-type", "image/png")];
        (headers, HttpError::from(Error::not_found("gone")))
    };
    let up = Kit::new().open(Router::new().route("/failing", get(failing))).start().await;
    let answer = up.get("/api/x/failing").await;
    assert_eq!((answer.status, answer.header("x-frame-options")), (404, Some("DENY")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
}
