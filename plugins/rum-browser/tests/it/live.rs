//! The page of a session that goes on.

use greenroom_test::mock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    failed::{SESSION, resource, visited},
    support::{Pages, pages},
};

/// A page that follows its stream.
struct Watcher(TcpStream, String);

impl Watcher {
    async fn open(pages: &Pages, path: &str) -> Self {
        let url = pages.backend.url();
        let host = url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        let token = mock::OPS_TOKEN;
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(stream, String::new())
    }

    /// Reads until this has come.
    async fn sees(&mut self, text: &str) {
        while !self.1.contains(text) {
            let mut bytes = [0; 4096];
            let length = self.0.read(&mut bytes).await.unwrap();
            assert!(length > 0, "it ended: {}", self.1);
            self.1.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
    }
}

#[tokio::test]
async fn what_comes_of_an_open_session_is_told_to_its_page() {
    let pages = pages(0).await;
    visited(&pages, [resource("fetch", 200, 10)]).await;
    let page = pages.page(&format!("/.greenroom/browser/sessions/{SESSION}")).await;
    assert!(page.contains(r#"data-live="sentence""#) && page.contains(r#"data-news="timeline""#), "{page}");
    let stream = page.split("data-events=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(stream.ends_with("?follow=1"), "{stream}");

    let mut watcher = Watcher::open(&pages, stream).await;
    watcher.sees("nothing of what has come was slow or failed").await;
    assert!(watcher.1.contains("\"readiness\"") && !watcher.1.contains("event: news"), "{}", watcher.1);
    visited(&pages, [resource("fetch", 200, 10), resource("fetch", 502, 10)]).await;
    watcher.sees("with one failed request: ").await;
    assert!(watcher.1.contains("event: news\ndata: {\"timeline\":1}"), "{}", watcher.1);
}

#[tokio::test]
async fn a_stream_is_asked_for_with_a_number_of_events() {
    let pages = pages(1).await;
    let wrong = pages.get("/.greenroom/browser/sessions/x?follow=much").await;
    assert_eq!(wrong.status, 400, "{}", wrong.text());
}
