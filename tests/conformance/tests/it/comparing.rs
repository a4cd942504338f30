//! What counts as a difference.

use greenroom_conformance::compare::compare;
use greenroom_conformance::mask;
use greenroom_conformance::transcript::RecordedBody;
use greenroom_conformance::wire::{Answer, Head, Outcome};

fn head(lines: &[&str]) -> Head {
    Head::parse(lines.iter().copied()).expect("a head")
}

/// The names of what differs between a recorded and a received answer, each a head and a body.
fn differences(recorded: (&[&str], &str), received: (&[&str], &str)) -> Vec<String> {
    ignoring(recorded, received, &[])
}

fn ignoring(recorded: (&[&str], &str), received: (&[&str], &str), ignored: &[&str]) -> Vec<String> {
    let recorded =
        Answer { head: head(recorded.0), body: RecordedBody::Exact(recorded.1.into()), cut: false };
    let received = Answer { head: head(received.0), body: received.1.into(), cut: false };
    let found = compare(&Outcome::Answered(vec![recorded]), &Outcome::Answered(vec![received]), ignored);
    found.into_iter().map(|difference| difference.what).collect()
}

const OK: &str = "HTTP/1.1 200 OK";

#[test]
fn header_names_have_no_case_and_no_order() {
    assert!(differences((&[OK, "A: 1", "B: 2"], ""), (&[OK, "b: 2", "a: 1"], "")).is_empty());
    assert_eq!(differences((&[OK, "A: x"], ""), (&[OK, "A: X"], "")), ["header a"]);
}

#[test]
fn repeated_headers_are_all_compared() {
    let recorded: &[&str] = &[OK, "Vary: Origin", "Vary: Accept-Encoding"];
    assert!(differences((recorded, ""), (recorded, "")).is_empty());
    assert_eq!(differences((recorded, ""), (&[OK, "Vary: Origin"], "")), ["header vary"]);
}

#[test]
fn all_differences_are_listed() {
    let found = differences((&[OK, "A: 1", "B: 2"], "x"), (&["HTTP/1.1 500 Oops", "A: 2", "C: 3"], "y"));
    assert_eq!(found, ["status", "body", "header a", "header b", "header c"]);
}

#[test]
fn the_reason_phrase_counts_for_418_only() {
    assert!(differences((&[OK], ""), (&["HTTP/1.1 200 Fine"], "")).is_empty());
    let found = differences((&["HTTP/1.1 418 I'm a Teapot"], ""), (&["HTTP/1.1 418 I'm a teapot"], ""));
    assert_eq!(found, ["reason"]);
}

#[test]
fn headers_that_greenroom_adds_are_allowed_and_others_are_not() {
    let received: &[&str] = &[OK, "x-request-id: 1", "traceresponse: 00", "server-timing: total;dur=1"];
    assert!(differences((&[OK], ""), (received, "")).is_empty());
    assert_eq!(differences((&[OK], ""), (&[OK, "server: hyper"], "")), ["header server"]);
    assert_eq!(differences((&[OK, "x-request-id: 1"], ""), (&[OK], "")), ["header x-request-id"]);
}

#[test]
fn an_empty_body_may_be_framed_either_way() {
    assert!(
        differences((&[OK, "Transfer-Encoding: chunked"], ""), (&[OK, "Content-Length: 0"], "")).is_empty()
    );
    let found = differences((&[OK, "Transfer-Encoding: chunked"], "x"), (&[OK, "Content-Length: 1"], "x"));
    assert_eq!(found, ["header content-length"]);
}

#[test]
fn times_differ_by_nature_but_must_be_times() {
    let at = |date: &'static str| [OK, date];
    let recorded = at("Date: Sun, 22 Nov 2026 07:27:10 GMT");
    assert!(differences((&recorded, ""), (&at("Date: Mon, 01 Jan 2024 00:00:00 GMT"), "")).is_empty());
    assert_eq!(differences((&recorded, ""), (&at("Date: today"), "")), ["header date"]);
    assert_eq!(differences((&recorded, ""), (&[OK], "")), ["header date"]);
}

#[test]
fn length_and_etag_of_a_varying_body_are_not_compared_but_must_be_there() {
    let body = |id: &str| format!(r#"{{"message":"An internal error occurred logId={id}"}}"#);
    let (one, other) = (body("b66b6b7caa6f2bd25c5d"), body("00000000000000000000"));
    let recorded: &[&str] = &[OK, "ETag: W/\"a\"", "Content-Length: 1"];
    assert!(differences((recorded, &one), (&[OK, "ETag: W/\"b\"", "Content-Length: 2"], &other)).is_empty());
    assert_eq!(differences((recorded, &one), (&[OK, "Content-Length: 2"], &other)), ["header etag"]);
    assert_eq!(differences((recorded, &one), (recorded, &body("short"))), ["body"]);
    assert_eq!(
        differences((recorded, "{}"), (&[OK, "ETag: W/\"b\"", "Content-Length: 2"], "{}")),
        ["header content-length", "header etag"]
    );
}

#[test]
fn a_declared_deviation_is_not_compared() {
    assert!(ignoring((&[OK], ""), (&[OK, "Date: x"], ""), &["date"]).is_empty());
}

#[test]
fn bodies_are_masked_where_they_change_by_nature() {
    for (original, masked) in [
        ("id 0b2e5b9e-7a0c-4c3c-9a55-0123456789ab.", "id <uuid>."),
        ("at 2026-11-22T07:27:25.234Z ok", "at <time> ok"),
        (r#"{"stack": "Error: a\n  at \"b\"","c":1}"#, r#"{"stack":"<stack>","c":1}"#),
        ("http://localhost:17041/x", "http://localhost:<port>/x"),
        ("plain 12:34", "plain 12:34"),
    ] {
        let found = mask::text(original);
        assert_eq!((found.text.as_str(), found.varies), (masked, masked != original));
    }
}
