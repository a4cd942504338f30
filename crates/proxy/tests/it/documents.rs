//! Documents that pass, on the wire: what the server behind is asked, and what a browser gets.

use greenroom_proxy::{Addition, Documents, Limits, Untouched};

use crate::kit::{Answer, Gateway, Kit, Request, Upstream};

const ADDED: &str = "<script src=\"/api/x/x.js\"></script>";
const PAGE: &str = "<!doctype html><html><head><title>Portal</title></head><body></body></html>";
/// As Node's index is answered.
const HEADERS: &str = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nETag: W/\"893-abc\"\r\nVary: Accept-Encoding";

/// A gateway that adds to documents of up to 1 MiB.
async fn gateway() -> (Gateway, Upstream) {
    let documents = Documents::default();
    documents.add(|_| Ok(Some(Addition::from(ADDED.to_owned()))));
    let upstream = Upstream::listen().await;
    let kit =
        Kit::to(upstream.address).with(|builder| builder.documents(documents).limits(Limits::default()));
    (kit.start().await.up().await, upstream)
}

/// What the server behind is asked by a browser that goes to a page, and what the browser gets of that answer.
async fn goes(
    (gateway, upstream): &mut (Gateway, Upstream),
    line: &str,
    more: &str,
    answer: impl AsRef<[u8]>,
) -> (Request, Answer) {
    let head = format!("{line} HTTP/1.1\r\nHost: x\r\nSec-Fetch-Dest: document\r\n{more}\r\n");
    let mut client = gateway.client.send(head).await;
    let (mut arrived, request) = upstream.request().await;
    arrived.send(answer).await;
    drop(arrived);
    (request, client.answer(line.split(' ').next().unwrap()).await)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{HEADERS}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

fn changed(page: &str) -> String {
    page.replacen("<head>", &format!("<head>{ADDED}"), 1)
}

#[tokio::test]
async fn a_document_is_asked_for_whole_and_plain_and_arrives_with_what_is_added() {
    let mut pair = gateway().await;
    let held = "Accept-Encoding: identity;q=0.1\r\nIf-None-Match: W/\"893-abc\"\r\nIf-Modified-Since: Sun, 01 Nov 2026 00:00:00 GMT\r\n\
                If-Range: W/\"893-abc\"\r\nRange: bytes=0-9\r\nCookie: a=b\r\n";
    for answer in [
        ok(PAGE),
        format!("HTTP/1.1 200 OK\r\n{HEADERS}\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk(PAGE)),
        format!("HTTP/1.1 200 OK\r\n{HEADERS}\r\n\r\n{PAGE}"),
    ] {
        let (request, arrived) = goes(&mut pair, "GET /catalog?x=%zz", held, answer).await;
        assert_eq!(request.all("accept-encoding"), ["identity"]);
        for gone in ["if-none-match", "if-modified-since", "if-range", "range"] {
            assert_eq!(request.header(gone), None, "{gone}");
        }
        assert_eq!((&*request.line, request.header("cookie")), ("GET /catalog?x=%zz HTTP/1.1", Some("a=b")));
        assert_eq!(arrived.seen(), (200, &*changed(PAGE)));
        assert_eq!(arrived.all("content-length"), [changed(PAGE).len().to_string()]);
        assert_eq!((arrived.header("etag"), arrived.header("transfer-encoding")), (None, None));
        assert_eq!(
            (arrived.header("vary"), arrived.header("cache-control")),
            (Some("Accept-Encoding"), Some("no-store"))
        );
    }
    assert_eq!(pair.0.proxy.status().documents, 3);
}

#[tokio::test]
async fn it_arrives_encoded_as_the_browser_takes_it() {
    let mut pair = gateway().await;
    let page = PAGE.replace("<body>", &format!("<body>{}", "portal ".repeat(1000)));
    for (accepted, coding) in [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("deflate", "deflate")] {
        let accepts = format!("Accept-Encoding: {accepted}\r\n");
        let (request, arrived) = goes(&mut pair, "GET /", &accepts, ok(&page)).await;
        assert_eq!(request.all("accept-encoding"), ["identity"]);
        assert_eq!(
            (arrived.header("content-encoding"), arrived.header("vary")),
            (Some(coding), Some("Accept-Encoding"))
        );
        let coding = greenroom_http::finished::Coding::ALL.into_iter().find(|known| known.name() == coding);
        assert_eq!(arrived.body, coding.unwrap().encode(changed(&page).as_bytes()).unwrap());
        assert_eq!(arrived.all("content-length"), [arrived.body.len().to_string()]);
    }
}

#[tokio::test]
async fn the_head_of_a_document_tells_neither_a_length_nor_a_tag() {
    let mut pair = gateway().await;
    let answer = format!("HTTP/1.1 200 OK\r\n{HEADERS}\r\nContent-Length: 76\r\n\r\n");
    let (request, arrived) = goes(&mut pair, "HEAD /", "If-None-Match: W/\"893-abc\"\r\n", answer).await;
    assert_eq!(request.header("if-none-match"), None);
    for gone in ["content-length", "transfer-encoding", "etag"] {
        assert_eq!(arrived.header(gone), None, "{gone}");
    }
}

#[tokio::test]
async fn a_sign_in_that_answers_a_page_is_added_to_and_what_is_none_is_not() {
    let mut pair = gateway().await;
    let (_, arrived) = goes(&mut pair, "POST /", "Content-Length: 0\r\n", ok(PAGE)).await;
    assert_eq!(arrived.text(), changed(PAGE));
    for line in ["GET /api/catalog/page", "PUT /"] {
        let (request, arrived) =
            goes(&mut pair, line, "Accept-Encoding: gzip\r\nIf-None-Match: x\r\n", ok(PAGE)).await;
        assert_eq!(
            (request.header("accept-encoding"), request.header("if-none-match")),
            (Some("gzip"), Some("x"))
        );
        assert_eq!((arrived.text(), arrived.header("etag")), (PAGE, Some("W/\"893-abc\"")), "{line}");
    }
    let script = ok("1").replace("text/html", "text/javascript");
    assert_eq!(goes(&mut pair, "GET /api/app/static/main.js", "", script).await.1.text(), "1");
    assert_eq!(pair.0.proxy.status().untouched.len(), 0, "what is no document is not counted");
}

#[tokio::test]
async fn what_cannot_be_added_to_arrives_byte_for_byte_and_is_counted() {
    let mut pair = gateway().await;
    let large = PAGE.replace("<body>", &"x".repeat(2 << 20));
    let comment = "<html><!-- <head></head> --><body></body></html>";
    let bytes = |head: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\n{HEADERS}\r\n{head}Content-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    for (why, head, body) in [
        (Untouched::TooLarge, "", large.as_bytes()),
        (Untouched::NoHead, "", comment.as_bytes()),
        (Untouched::NoHead, "", b"<header>x</header>".as_slice()),
        (Untouched::NotUtf8, "", b"<head><title>\xe9</title></head>"),
        (Untouched::Encoded, "Content-Encoding: gzip\r\n", b"\x1f\x8b\x08"),
    ] {
        let (_, arrived) = goes(&mut pair, "GET /", "", bytes(head, body)).await;
        assert!(arrived.body == body, "{why:?}");
        assert_eq!(
            (arrived.header("etag"), arrived.all("content-length")),
            (Some("W/\"893-abc\""), vec![&*body.len().to_string()])
        );
    }
    let told = pair.0.proxy.status().untouched;
    let expected =
        [(Untouched::Encoded, 1), (Untouched::TooLarge, 1), (Untouched::NotUtf8, 1), (Untouched::NoHead, 2)];
    assert_eq!(told, expected.into_iter().collect());
}

#[tokio::test]
async fn of_a_document_that_is_too_long_the_beginning_does_not_wait_for_the_end() {
    let (gateway, mut upstream) = gateway().await;
    let mut client =
        gateway.client.send("GET / HTTP/1.1\r\nHost: x\r\nSec-Fetch-Dest: document\r\n\r\n").await;
    let (mut arrived, _) = upstream.request().await;
    let (begins, ends) = (format!("<head>{}", "x".repeat(1 << 20)), "</html>");
    arrived
        .send(format!("HTTP/1.1 200 OK\r\n{HEADERS}\r\nTransfer-Encoding: chunked\r\n\r\n{}", chunk(&begins)))
        .await;
    client.head().await.unwrap();
    let mut got = vec![];
    while got.len() < begins.len() {
        got.extend(client.chunk().await.unwrap());
    }
    assert!(got == begins.as_bytes());
    arrived.send(format!("{}0\r\n\r\n", chunk(ends))).await;
    assert_eq!((client.chunk().await.unwrap(), client.chunk().await), (ends.into(), None));
}

#[tokio::test]
async fn where_nobody_adds_or_all_passes_a_document_is_as_without_a_gateway() {
    let (added, upstream) = gateway().await;
    added.proxy.set_transparent(true);
    for mut pair in [(added, upstream), Gateway::pair().await] {
        let held = "Accept-Encoding: gzip\r\nIf-None-Match: W/\"893-abd\"\r\nRange: bytes=0-9\r\n";
        let (request, arrived) = goes(&mut pair, "GET /", held, ok(PAGE)).await;
        for (name, value) in
            [("accept-encoding", "gzip"), ("if-none-match", "W/\"893-abd\""), ("range", "bytes=0-9")]
        {
            assert_eq!(request.all(name), [value]);
        }
        assert_eq!((arrived.text(), arrived.header("etag")), (PAGE, Some("W/\"893-abc\"")));
    }
}
