//! Streams of events.

use axum::{Router, routing::get};
use greenroom_core::{Plugin, plugin};
use greenroom_ops::{Event, Events, Operator, Ops};
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::kit::{self, Browser};

fn live(events: &Events) -> Plugin {
    let events = events.clone();
    plugin("live", move |env| {
        env.register_init(async move |ops: Ops| {
            let streams = ops.clone();
            let stream = async move |operator: Operator| streams.stream(&operator, events.watch());
            ops.mount_api("live", Router::new().route("/", get(stream)))
        });
    })
}

async fn start(events: &Events) -> RunningTestBackend {
    TestBackend::new()
        .config(kit::config(json!({})))
        .add(kit::queue())
        .add(live(events))
        .start()
        .await
        .unwrap()
}

/// A page that follows a stream.
struct Watcher(TcpStream, String);

impl Watcher {
    async fn open(backend: &RunningTestBackend, browser: &Browser) -> Self {
        let host = backend.url().strip_prefix("http://").unwrap().to_owned();
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let cookie = &browser.cookie;
        let head = format!("GET /.greenroom/v1/live HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n");
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

    /// Reads to the end.
    async fn ends(&mut self) {
        let mut rest = vec![];
        self.0.read_to_end(&mut rest).await.unwrap();
        self.1.push_str(&String::from_utf8_lossy(&rest));
    }
}

#[tokio::test]
async fn ops_22_a_page_sees_what_is_sent() {
    let events = Events::default();
    let backend = start(&events).await;
    let browser = Browser::sign_in(&backend).await;
    let mut page = Watcher::open(&backend, &browser).await;
    page.sees(": here\n\n").await;
    assert!(page.1.contains("content-type: text/event-stream"), "{}", page.1);
    events.send(Event::new("depth", json!({"depth": 7})));
    page.sees("event: depth\ndata: {\"depth\":7}\n\n").await;
}

#[tokio::test]
async fn ops_22_it_ends_soon_after_the_session_has_ended() {
    let events = Events::default();
    let backend = start(&events).await;
    let browser = Browser::sign_in(&backend).await;
    let mut page = Watcher::open(&backend, &browser).await;
    page.sees(": here").await;
    browser.changes(backend.post("/.greenroom/v1/session/end")).await;
    tokio::time::pause();
    page.sees("event: signed-out").await;
}

#[tokio::test]
async fn ops_22_it_ends_with_the_backend() {
    let events = Events::default();
    let backend = start(&events).await;
    let browser = Browser::sign_in(&backend).await;
    let mut page = Watcher::open(&backend, &browser).await;
    page.sees(": here").await;
    let (_, ()) = tokio::join!(backend.stop(), page.ends());
}

#[tokio::test]
async fn ops_22_beyond_the_most_streams_a_page_is_told_to_come_later() {
    let events = Events::default();
    let backend = start(&events).await;
    let browser = Browser::sign_in(&backend).await;
    let mut pages = vec![];
    for _ in 0..64 {
        let mut page = Watcher::open(&backend, &browser).await;
        page.sees(": here").await;
        pages.push(page);
    }
    assert_eq!(browser.sends(backend.get("/.greenroom/v1/live")).await.status, 503);
    pages.pop();
    let mut one_more = Watcher::open(&backend, &browser).await;
    while !one_more.1.contains(": here") {
        // The server learns that a page has gone when it next looks.
        one_more = Watcher::open(&backend, &browser).await;
        let mut bytes = [0; 4096];
        let length = one_more.0.read(&mut bytes).await.unwrap();
        one_more.1.push_str(&String::from_utf8_lossy(&bytes[..length]));
        if one_more.1.starts_with("HTTP/1.1 200") {
            break;
        }
        tokio::task::yield_now().await;
    }
}
