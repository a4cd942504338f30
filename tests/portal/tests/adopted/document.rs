//! The page that Node serves, whatever of it is asked for and however.

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder};
use greenroom_conformance::wire::Answer;
use tokio::io::AsyncReadExt;

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn rum_113_the_page_of_a_real_node_has_the_scripts_once_in_every_encoding() {
    let alone = Scene::alone().await;
    let original = alone.node.ask(&page("GET", "")).await;
    let tag = original.head.header("etag").expect("a tag").to_owned();
    let policy = original.head.header("content-security-policy").expect("a policy").to_owned();
    alone.end().await;

    let behind = Scene::measured().await;
    let plain = behind.node.ask(&page("GET", "")).await;
    let text = String::from_utf8(plain.body.clone()).expect("text");
    assert_eq!(text.matches("<script src=\"/api/rum/sdk/").count(), 2, "{text}");
    for meta in ["dd-trace-id", "dd-trace-time"] {
        assert_eq!(text.matches(&format!("name=\"{meta}\"")).count(), 1, "{text}");
    }
    assert_eq!(without_ours(&text), without_ours(&String::from_utf8_lossy(&original.body)));
    let length = without_ours(&text).len();

    for (encoding, condition) in [
        ("", String::new()),
        ("gzip", String::new()),
        ("br", String::new()),
        ("gzip, deflate, br, zstd", String::new()),
        ("gzip", format!("If-None-Match: {tag}\r\n")),
        ("br", "If-None-Match: *\r\nRange: bytes=0-10\r\n".to_owned()),
        ("", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n".to_owned()),
    ] {
        let accepts =
            if encoding.is_empty() { String::new() } else { format!("Accept-Encoding: {encoding}\r\n") };
        let answer = behind.node.ask(&page("GET", &format!("{accepts}{condition}"))).await;
        let which = format!("{encoding} {condition}");
        assert_eq!(answer.head.status, 200, "{which}");
        assert_eq!(answer.head.header("content-security-policy"), Some(&*policy), "{which}");
        assert_eq!(answer.head.header("etag"), None, "{which}");
        assert_eq!(answer.head.header("content-length"), Some(&*answer.body.len().to_string()), "{which}");
        assert_eq!(answer.head.header("content-encoding").is_some(), !encoding.is_empty(), "{which}");
        let text = decoded(&answer).await;
        assert_eq!(text.matches("<script src=\"/api/rum/sdk/").count(), 2, "{which}: {text}");
        assert_eq!(without_ours(&text).len(), length, "{which}");
    }

    let head = behind.node.ask(&page("HEAD", "")).await;
    assert_eq!((head.head.status, head.body.len()), (200, 0));
    assert_eq!((head.head.header("etag"), head.head.header("content-length")), (None, None));
    assert_eq!(head.head.header("content-security-policy"), Some(&*policy));
    behind.end().await;
}

fn page(method: &str, headers: &str) -> String {
    format!(
        "{method} / HTTP/1.1\r\nHost: portal.example\r\nAccept: text/html\r\nConnection: close\r\n{headers}\r\n"
    )
}

/// The page as Node has it: the config in it, too, tells nothing of a visit.
fn without_ours(text: &str) -> String {
    let mut rest = text.to_owned();
    for (begin, end) in [("<meta name=\"dd-trace-", ">"), ("<script src=\"/api/rum/sdk/", "</script>")] {
        while let Some(at) = rest.find(begin) {
            let length = rest[at..].find(end).map_or(rest.len() - at, |length| length + end.len());
            rest.replace_range(at..at + length, "");
        }
    }
    rest
}

async fn decoded(answer: &Answer<Vec<u8>>) -> String {
    let mut text = String::new();
    let read = match answer.head.header("content-encoding") {
        Some("gzip") => GzipDecoder::new(&*answer.body).read_to_string(&mut text).await,
        Some("br") => BrotliDecoder::new(&*answer.body).read_to_string(&mut text).await,
        None => (&*answer.body).read_to_string(&mut text).await,
        other => panic!("{other:?}"),
    };
    read.expect("what its header says");
    text
}
