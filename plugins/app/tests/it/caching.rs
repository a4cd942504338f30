//! Conditions and parts, as the package `send` answers them.

use http::Method;

use crate::support::{Dist, header};

const TAG: &str = "W/\"189c-1a1ee565e7b\"";
const MODIFIED: &str = "Wed, 18 Nov 2026 11:06:40 GMT";
const LATER: &str = "Thu, 19 Nov 2026 11:06:40 GMT";
const EARLIER: &str = "Tue, 17 Nov 2026 11:06:40 GMT";

#[tokio::test]
async fn app_13_what_the_client_holds_is_not_sent_again() {
    let dist = Dist::new();
    let backend = dist.start().await;
    for (headers, status) in [
        (&[("if-none-match", TAG)][..], 304),
        (&[("if-none-match", "\"189c-1a1ee565e7b\"")], 304),
        (&[("if-none-match", "\"a\", W/\"189c-1a1ee565e7b\"")], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"a\"")], 200),
        (&[("if-none-match", "*"), ("cache-control", "no-cache")], 200),
        (&[("if-modified-since", MODIFIED)], 304),
        (&[("if-modified-since", LATER), ("accept-encoding", "br")], 304),
        (&[("if-modified-since", EARLIER)], 200),
        (&[("if-none-match", TAG), ("if-modified-since", EARLIER)], 200),
        (&[("if-match", "\"a\"")], 412),
        (&[("if-match", TAG)], 200),
        (&[("if-match", "*")], 200),
        (&[("if-unmodified-since", EARLIER)], 412),
        (&[("if-unmodified-since", MODIFIED)], 200),
        (&[("if-unmodified-since", "soon")], 200),
    ] {
        let request = backend.get("/static/main.js");
        let response =
            headers.iter().fold(request, |request, (name, value)| request.header(name, value)).await;
        assert_eq!(response.status, status, "{headers:?}");
        assert_eq!(header(&response, "x-frame-options"), "DENY");
        match status {
            304 => {
                assert_eq!((header(&response, "etag"), header(&response, "last-modified")), (TAG, MODIFIED));
                let none = ["content-type", "content-length", "vary"].map(|name| response.header(name));
                assert_eq!((none, response.body.len()), ([None; 3], 0), "{headers:?}");
            }
            412 => {
                let error = &response.json()["error"];
                assert_eq!(
                    (&error["name"], &error["message"]),
                    (&"PreconditionFailedError".into(), &"Precondition Failed".into())
                );
            }
            _ => assert_eq!(
                response.body.len(),
                if headers.contains(&("accept-encoding", "br")) { 0 } else { 6300 }
            ),
        }
    }
}

#[tokio::test]
async fn app_14_a_part_of_a_file_is_sent_where_it_is_asked_for() {
    let dist = Dist::new();
    let backend = dist.start().await;
    for (headers, status, range, length) in [
        (&[("range", "bytes=0-99")][..], 206, "bytes 0-99/6300", 100),
        (&[("range", "bytes=-5")], 206, "bytes 6295-6299/6300", 5),
        (&[("range", "bytes=0-9,10-29")], 206, "bytes 0-29/6300", 30),
        (&[("range", "bytes=0-9,20-29")], 200, "", 6300),
        (&[("range", "items=0-9")], 200, "", 6300),
        (&[("range", "bytes=0-99"), ("if-range", TAG)], 206, "bytes 0-99/6300", 100),
        (&[("range", "bytes=0-99"), ("if-range", "\"x\"")], 200, "", 6300),
        (&[("range", "bytes=0-99"), ("if-range", MODIFIED)], 206, "bytes 0-99/6300", 100),
        (&[("range", "bytes=0-99"), ("if-range", EARLIER)], 200, "", 6300),
    ] {
        let request = backend.get("/static/main.js");
        let response =
            headers.iter().fold(request, |request, (name, value)| request.header(name, value)).await;
        assert_eq!(
            (response.status.as_u16(), header(&response, "content-range")),
            (status, range),
            "{headers:?}"
        );
        assert_eq!(
            (response.body.len(), header(&response, "content-length")),
            (length, &*length.to_string())
        );
    }
    let part = backend.get("/static/main.js").header("range", "bytes=21-40").await;
    assert_eq!(part.text(), "console.log(\"main\");");
}

#[tokio::test]
async fn a_part_that_is_not_there_is_a_416_that_no_cache_keeps() {
    let dist = Dist::new();
    let backend = dist.start().await;
    for range in ["bytes=99999-", "bytes=abc"] {
        let response = backend.get("/static/main.js").header("range", range).await;
        assert_eq!((response.status.as_u16(), header(&response, "content-range")), (416, "bytes */6300"));
        assert_eq!(response.json()["error"]["name"], "RangeNotSatisfiableError");
        assert_eq!(response.json()["error"]["headers"]["Content-Range"], "bytes */6300");
        assert_eq!(response.header("cache-control"), None);
        assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
    }
}

#[tokio::test]
async fn a_long_file_is_sent_in_pieces_and_so_is_a_part_of_it() {
    let dist = Dist::new();
    let text = (0..100_000).map(|at| format!("{at:06}")).collect::<String>();
    dist.write("static/long.bin", &text);
    let backend = dist.start().await;
    assert_eq!(backend.get("/static/long.bin").await.text(), text);
    let part = backend.get("/static/long.bin").header("range", "bytes=131070-400000").await;
    assert_eq!((part.status.as_u16(), part.text()), (206, text[131_070..=400_000].to_owned()));
}

#[tokio::test]
async fn app_15_head_says_what_get_says_and_has_no_body() {
    let dist = Dist::new();
    dist.write("empty.txt", "");
    let backend = dist.start().await;
    for path in ["/foo", "/static/main.js", "/empty.txt"] {
        let (get, head) = (backend.get(path).await, backend.request(Method::HEAD, path).await);
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        for name in [
            "content-type",
            "content-length",
            "etag",
            "cache-control",
            "last-modified",
            "vary",
            "x-frame-options",
        ] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
    // As in Node, which encodes no answer to HEAD.
    let head = backend.request(Method::HEAD, "/static/main.js").header("accept-encoding", "br").await;
    assert_eq!((head.header("content-encoding"), header(&head, "content-length")), (None, "6300"));
    let part = backend.request(Method::HEAD, "/static/main.js").header("range", "bytes=0-9").await;
    assert_eq!((part.status.as_u16(), header(&part, "content-length"), part.body.len()), (206, "10", 0));
}
