//! What becomes of a request for a document, and of its answer.

use std::time::Duration;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use greenroom_http::finished::Coding;
use http::{HeaderMap, HeaderValue, Method, Request, header, request::Parts};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use proptest::prelude::*;
use tokio::time::sleep;

use super::*;

const ADDED: &str = "<script src=\"/api/x/x.js\"></script>";
const PAGE: &str = "<!doctype html><html><head><title>Portal</title></head><body></body></html>";
const LIMIT: usize = 8 * 1024;

fn documents() -> Documents {
    let documents = Documents::default();
    documents.add(|_| Ok(Some(ADDED.to_owned().into())));
    documents
}

fn parts(method: &Method, path: &str, headers: &[(&'static str, &'static str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

const NAVIGATES: (&str, &str) = ("sec-fetch-dest", "document");

fn candidate(documents: &Documents, headers: &[(&'static str, &'static str)]) -> Candidate {
    let headers = [headers, &[NAVIGATES]].concat();
    Candidate::of(&mut parts(&Method::GET, "/catalog", &headers), documents, LIMIT).unwrap()
}

fn page(body: impl Into<Body>) -> Response {
    Response::builder()
        .header("content-type", "text/html; charset=utf-8")
        .header("etag", "W/\"893-abc\"")
        .header("cache-control", "no-store")
        .header("vary", "Accept-Encoding")
        .body(body.into())
        .unwrap()
}

/// What a client gets: headers, body, and whether something was added.
async fn answered(candidate: Candidate, response: Response) -> (HeaderMap, Bytes, Result<bool, Untouched>) {
    let (response, outcome) = candidate.answer(response).await;
    let (parts, body) = response.into_parts();
    (parts.headers, body.collect().await.unwrap().to_bytes(), outcome)
}

async fn untouched(response: Response) -> Result<bool, Untouched> {
    let headers = response.headers().clone();
    let (left, _, outcome) = answered(candidate(&documents(), &[]), response).await;
    assert!(headers.iter().all(|(name, value)| left.get(name) == Some(value)), "{headers:?} {left:?}");
    outcome
}

#[test]
fn a_request_is_a_candidate_where_a_browser_goes_to_a_page() {
    let accept = ("accept", "application/xhtml+xml, TEXT/HTML;q=0.9");
    for (method, path, headers, is_one) in [
        (Method::GET, "/", [NAVIGATES].as_slice(), true),
        (Method::HEAD, "/", &[NAVIGATES], true),
        (Method::POST, "/", &[NAVIGATES], true),
        (Method::PUT, "/", &[NAVIGATES], false),
        (Method::GET, "/catalog?x", &[accept], true),
        (Method::GET, "/", &[accept, ("sec-fetch-dest", "empty")], false),
        (Method::GET, "/", &[("accept", "*/*")], false),
        (Method::GET, "/", &[], false),
        (Method::GET, "/api/app", &[accept], true),
        (Method::GET, "/api/app/catalog", &[accept], true),
        (Method::GET, "/api/apple", &[accept], false),
        (Method::GET, "/api/catalog/entities", &[accept], false),
        (Method::GET, "/apis", &[accept], true),
    ] {
        let found = Candidate::of(&mut parts(&method, path, headers), &documents(), LIMIT).is_some();
        assert_eq!(found, is_one, "{method} {path} {headers:?}");
    }
}

const HELD: [(&str, &str); 5] = [
    ("if-none-match", "W/\"893-abc\""),
    ("if-modified-since", "Sun, 01 Nov 2026 00:00:00 GMT"),
    ("if-range", "W/\"893-abc\""),
    ("range", "bytes=0-9"),
    ("accept-encoding", "gzip, br"),
];

#[test]
fn a_candidate_asks_for_all_of_the_document_as_it_is() {
    let mut asked = parts(&Method::GET, "/", &[&HELD[..], &[NAVIGATES, ("cookie", "a=b")]].concat());
    let candidate = Candidate::of(&mut asked, &documents(), LIMIT).unwrap();
    let expected: HeaderMap = [NAVIGATES, ("cookie", "a=b"), ("accept-encoding", "identity")]
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .collect();
    assert_eq!(asked.headers, expected);
    assert_eq!(candidate.accept_encoding, Some(HeaderValue::from_static("gzip, br")));
}

#[test]
fn where_nobody_adds_no_request_is_touched() {
    let headers = [&HELD[..], &[NAVIGATES]].concat();
    let mut asked = parts(&Method::GET, "/", &headers);
    assert!(Candidate::of(&mut asked, &Documents::default(), LIMIT).is_none());
    assert_eq!(asked.headers, parts(&Method::GET, "/", &headers).headers);
}

#[tokio::test]
async fn a_document_is_added_to_once_with_its_length_and_no_tag() {
    let mut response = page(PAGE);
    for (name, value) in [("last-modified", HELD[1].1), ("content-length", "76"), ("accept-ranges", "bytes")]
    {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let (headers, body, outcome) = answered(candidate(&documents(), &[]), response).await;
    assert_eq!(outcome, Ok(true));
    assert_eq!(body, PAGE.replace("<head>", &format!("<head>{ADDED}")));
    assert_eq!(headers["content-length"], body.len().to_string());
    for gone in ["etag", "last-modified", "accept-ranges", "content-encoding"] {
        assert!(!headers.contains_key(gone), "{gone}");
    }
    assert_eq!(
        (&headers["vary"], &headers["cache-control"]),
        (&"Accept-Encoding".parse().unwrap(), &"no-store".parse().unwrap())
    );
}

#[tokio::test]
async fn it_is_encoded_as_the_client_takes_it_where_the_other_server_would_have_done_so() {
    for blanks in [2000, 100_000] {
        let long = PAGE.replace("<body>", &" ".repeat(blanks));
        let changed = long.replace("<head>", &format!("<head>{ADDED}"));
        for (accepted, coding) in
            [("gzip", Some(Coding::Gzip)), ("gzip, br", Some(Coding::Brotli)), ("identity", None)]
        {
            let documents = documents();
            let mut candidate = candidate(&documents, &[("accept-encoding", accepted)]);
            candidate.limit = 1 << 20;
            let (headers, body, _) = answered(candidate, page(long.clone())).await;
            let expected =
                coding.map_or(changed.clone().into(), |coding| coding.encode(changed.as_bytes()).unwrap());
            assert!(body == expected, "{accepted}");
            assert_eq!(headers["content-length"], body.len().to_string());
            let told = headers.get("content-encoding").map(|value| value.to_str().unwrap());
            assert_eq!(told, coding.map(Coding::name));
        }
        let documents = documents();
        let mut candidate = candidate(&documents, &[("accept-encoding", "gzip")]);
        candidate.limit = 1 << 20;
        let mut plain = page(long);
        plain.headers_mut().remove(header::VARY);
        assert!(answered(candidate, plain).await.1 == changed);
    }
}

#[tokio::test]
async fn the_head_of_a_document_tells_neither_a_length_nor_a_tag() {
    let documents = documents();
    let asked = |method| Candidate::of(&mut parts(&method, "/", &[NAVIGATES]), &documents, LIMIT).unwrap();
    let mut response = page("");
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("76"));
    let (headers, _, outcome) = answered(asked(Method::HEAD), response).await;
    assert_eq!(outcome, Ok(false));
    assert!(!headers.contains_key("content-length") && !headers.contains_key("etag"), "{headers:?}");
    let mut script = page("");
    script.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/javascript"));
    assert!(answered(asked(Method::HEAD), script).await.0.contains_key("etag"));
}

#[tokio::test]
async fn what_cannot_be_added_to_goes_out_as_it_came() {
    let with = |name: &'static str, value: &'static str| {
        let mut response = page(PAGE);
        response.headers_mut().insert(name, HeaderValue::from_static(value));
        response
    };
    assert_eq!(untouched(with("content-encoding", "gzip")).await, Err(Untouched::Encoded));
    assert_eq!(
        untouched(with("content-type", "text/html; charset=iso-8859-1")).await,
        Err(Untouched::NotUtf8)
    );
    assert_eq!(untouched(page(b"<head>\xe9".to_vec())).await, Err(Untouched::NotUtf8));
    assert_eq!(untouched(page("<p>")).await, Err(Untouched::NoHead));
    assert_eq!(untouched(page(PAGE.repeat(200))).await, Err(Untouched::TooLarge));
    assert_eq!(untouched(with("content-type", "text/plain")).await, Ok(false));
    assert_eq!(untouched(with("content-disposition", "Attachment; filename=a.html")).await, Ok(false));
    let mut failed = page(PAGE);
    *failed.status_mut() = http::StatusCode::NOT_FOUND;
    assert_eq!(untouched(failed).await, Ok(false));
    for same in ["text/html", "Text/HTML;charset=\"UTF-8\"", "text/html; charset=utf8; x=y"] {
        let (_, _, outcome) = answered(candidate(&documents(), &[]), with("content-type", same)).await;
        assert_eq!(outcome, Ok(true), "{same}");
    }
}

/// A body of these parts, between which it waits so long.
fn slow(parts: impl IntoIterator<Item = &'static [u8]>, wait: Duration) -> Body {
    let parts: Vec<_> = parts.into_iter().map(Bytes::from_static).collect();
    Body::from_stream(stream::iter(parts).then(move |part| async move {
        sleep(wait).await;
        Ok::<_, std::io::Error>(part)
    }))
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_slowly_or_is_too_long_goes_out_in_order() {
    let texts = ["<head>", "<title>", "x", "</title>", "</head>"];
    for (wait, outcome) in [(100, Ok(true)), (300, Err(Untouched::TooSlow))] {
        let body = slow(texts.map(str::as_bytes), Duration::from_millis(wait));
        let (_, body, told) = answered(candidate(&documents(), &[]), page(body)).await;
        assert_eq!(told, outcome);
        let added = if told.is_ok() { ADDED } else { "" };
        assert_eq!(body, texts.concat().replacen("<head>", &format!("<head>{added}"), 1));
    }
    let parts: Vec<Vec<u8>> = (0..100_u8).map(|part| vec![part; 1000]).collect();
    let stream = stream::iter(parts.clone()).map(Ok::<_, std::io::Error>);
    let (_, body, told) = answered(candidate(&documents(), &[]), page(Body::from_stream(stream))).await;
    assert_eq!((told, &body[..]), (Err(Untouched::TooLarge), &parts.concat()[..]));
}

#[tokio::test(start_paused = true)]
async fn what_has_come_of_a_slow_document_is_not_kept_back() {
    let body = slow([b"<head>".as_slice()], Duration::ZERO);
    let never = Body::from_stream(body.into_data_stream().chain(stream::pending()));
    let (response, told) = candidate(&documents(), &[]).answer(page(never)).await;
    assert_eq!(told, Err(Untouched::TooSlow));
    let first = response.into_body().frame().await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "<head>");
}

#[tokio::test]
async fn what_breaks_breaks_for_the_client_too_and_trailers_arrive() {
    let broken = stream::iter([Ok(Bytes::from_static(b"<head>")), Err(std::io::Error::other("gone"))]);
    let (response, told) = candidate(&documents(), &[]).answer(page(Body::from_stream(broken))).await;
    assert_eq!(told, Ok(false));
    let mut body = response.into_body();
    assert_eq!(body.size_hint().exact(), None, "it would go out with a length, and so as whole");
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "<head>");
    assert!(body.frame().await.unwrap().is_err());

    let trailers = HeaderMap::from_iter([(header::ETAG, HeaderValue::from_static("x"))]);
    let frames = [Frame::data(Bytes::from_static(b"<head>")), Frame::trailers(trailers.clone())];
    let frames = StreamBody::new(stream::iter(frames.map(Ok::<_, std::io::Error>)));
    let (response, told) = candidate(&documents(), &[]).answer(page(Body::new(frames))).await;
    let all = response.into_body().collect().await.unwrap();
    assert_eq!((told, all.trailers()), (Ok(false), Some(&trailers)));
    assert_eq!(all.to_bytes(), "<head>");
}

#[tokio::test]
async fn so_many_documents_are_held_as_there_is_room_for_until_their_clients_have_them() {
    let documents = documents();
    let most = ROOM / LIMIT;
    let mut held = Vec::new();
    for _ in 0..most {
        // Of no length that is known: each has room for the longest.
        let body =
            Body::from_stream(stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(PAGE.as_bytes()))]));
        let (response, outcome) = candidate(&documents, &[]).answer(page(body)).await;
        assert_eq!(outcome, Ok(true));
        held.push(response);
    }
    assert_eq!(answered(candidate(&documents, &[]), page(PAGE)).await.2, Err(Untouched::Busy));
    drop(held.pop());
    assert_eq!(answered(candidate(&documents, &[]), page(PAGE)).await.2, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn what_is_held_of_a_document_that_passes_has_its_room_until_it_is_taken() {
    let documents = documents();
    let most = ROOM / LIMIT;
    let passes = async || {
        let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"<head>"))]);
        let body = Body::from_stream(begun.chain(stream::pending()));
        let (response, outcome) = candidate(&documents, &[]).answer(page(body)).await;
        assert_eq!(outcome, Err(Untouched::TooSlow));
        response.into_body()
    };
    let mut held = Vec::new();
    for _ in 0..most {
        held.push(passes().await);
    }
    let busy = async || answered(candidate(&documents, &[]), page(PAGE)).await.2 == Err(Untouched::Busy);
    assert!(busy().await);
    let mut one = held.pop().unwrap();
    assert_eq!(one.frame().await.unwrap().unwrap().into_data().unwrap(), "<head>");
    assert!(busy().await, "it is on its way");
    let _ = futures_util::poll!(std::pin::pin!(one.frame()));
    assert!(!busy().await, "who asks for more has sent it");
    drop(held);
}

#[tokio::test]
async fn a_long_document_is_changed_on_a_thread_of_its_own() {
    use std::sync::{Arc, Mutex};
    let documents = Documents::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    documents.add(move |_| {
        told.lock().unwrap().push(std::thread::current().id());
        Ok(Some(ADDED.to_owned().into()))
    });
    for more in [0, SHORT] {
        let long = PAGE.replace("<body>", &format!("<body>{}", "x".repeat(more)));
        let request = &mut parts(&Method::GET, "/catalog", &[NAVIGATES]);
        let candidate = Candidate::of(request, &documents, 2 * SHORT).unwrap();
        let (_, body, outcome) = answered(candidate, page(long.clone())).await;
        assert_eq!(outcome, Ok(true));
        assert!(body == long.replace("<head>", &format!("<head>{ADDED}")));
    }
    let here = std::thread::current().id();
    let ours: Vec<_> = seen.lock().unwrap().iter().map(|thread| *thread == here).collect();
    assert_eq!(ours, [true, false]);
}

#[tokio::test]
async fn all_who_add_are_asked_and_one_that_refuses_or_panics_keeps_no_other_from_it() {
    let documents = Documents::default();
    documents.add(|_| Err(Untouched::AlreadyThere));
    documents.add(|_| panic!("no such table"));
    assert_eq!(answered(candidate(&documents, &[]), page(PAGE)).await.2, Err(Untouched::AlreadyThere));
    documents.add(|document| Ok(Some(format!("<i>{}</i>", document.html.len()).into())));
    documents.add(|_| Ok(None));
    documents.add(|_| Ok(Some("<b>".to_owned().into())));
    let (_, body, outcome) = answered(candidate(&documents, &[]), page(PAGE)).await;
    assert_eq!(outcome, Ok(true));
    assert_eq!(body, PAGE.replace("<head>", &format!("<head><i>{}</i><b>", PAGE.len())));
}

#[tokio::test]
async fn a_policy_is_changed_where_there_is_one_and_who_adds_sees_it_as_it_is_by_then() {
    let documents = Documents::default();
    for source in ["a.example", "b.example"] {
        documents.add(move |document| {
            let policy = Some(format!("{} {source}", document.policy.unwrap_or("none")));
            Ok(Some(Addition { html: ADDED.to_owned(), policy }))
        });
    }
    let mut response = page(PAGE);
    for policy in ["script-src 'self'", "img-src x"] {
        response.headers_mut().append(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    let (headers, _, _) = answered(candidate(&documents, &[]), response).await;
    let policies: Vec<_> = headers.get_all(header::CONTENT_SECURITY_POLICY).iter().collect();
    assert_eq!(policies, ["script-src 'self', img-src x a.example b.example"]);
    let (headers, _, _) = answered(candidate(&documents, &[]), page(PAGE)).await;
    assert!(!headers.contains_key(header::CONTENT_SECURITY_POLICY));
}

proptest! {
    #[test]
    fn no_other_byte_of_a_document_changes(
        html in prop_oneof![
            "(<!--|-->|<!doctype|<html>|<head|<head>|<header>|</head>|<body>|>|'|\"|[a-z \n]|\u{e9}){0,24}".prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 0..64),
        ],
        cut in 0..64_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (first, second) = html.split_at(cut.min(html.len()));
            let parts = [first, second].map(|part| Ok::<_, std::io::Error>(Bytes::copy_from_slice(part)));
            let body = Body::from_stream(stream::iter(parts));
            let (_, body, outcome) = answered(candidate(&documents(), &[]), page(body)).await;
            let body = body.to_vec();
            match outcome {
                Ok(true) => {
                    let at = body.windows(ADDED.len()).position(|part| part == ADDED.as_bytes()).unwrap();
                    prop_assert_eq!([&body[..at], &body[at + ADDED.len()..]].concat(), html);
                }
                _ => prop_assert_eq!(body, html),
            }
            Ok(())
        })?;
    }
}
