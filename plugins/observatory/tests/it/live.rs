//! One stream of events a page keeps it up to date.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom::prelude::*;
use greenroom_test::{RunningTestBackend, mock::OPS_TOKEN};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
};

use crate::support::{backend, now, registers};

/// A stream of events as a page has it.
pub(crate) struct Stream(Lines<BufReader<TcpStream>>);

impl Stream {
    pub(crate) async fn open(backend: &RunningTestBackend, path: &str) -> Self {
        let host = backend.url().trim_start_matches("http://").to_owned();
        let mut connection = TcpStream::connect(&host).await.unwrap();
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {OPS_TOKEN}\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        Self(BufReader::new(connection).lines())
    }

    /// The data of the next event of that name.
    pub(crate) async fn next(&mut self, name: &str) -> Value {
        let event = format!("event: {name}");
        let found = async {
            while let Some(line) = self.0.next_line().await.unwrap() {
                if line == event {
                    let data = self.0.next_line().await.unwrap().unwrap();
                    return serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                }
            }
            panic!("the stream has ended without {name}");
        };
        tokio::time::timeout(Duration::from_secs(20), found)
            .await
            .unwrap_or_else(|_| panic!("no event {name}"))
    }
}

/// The stream that a page names.
pub(crate) fn events(page: &str) -> &str {
    page.split("data-events=\"").nth(1).unwrap().split('"').next().unwrap()
}

#[tokio::test]
async fn each_part_that_the_page_names_is_in_its_stream() {
    let checked = registers("tasks", |health, _| drop(health.check("queue", async || Check::pass())));
    let backend = backend().add(checked).start().await.unwrap();
    let page = now(&backend).await;
    let parts = Stream::open(&backend, events(&page)).await.next("parts").await;
    let named: Vec<_> =
        page.split("data-live=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let unknown: Vec<_> = named.iter().filter(|name| parts[**name].is_null()).collect();
    assert!(named.len() > 10 && unknown.is_empty(), "{unknown:?}");
    assert_eq!(parts.as_object().unwrap().len(), named.len());
}

#[tokio::test]
async fn new_errors_are_counted_and_old_ones_are_not() {
    let log = Arc::new(AtomicBool::new(false));
    let again = log.clone();
    let noisy = registers("proxy", move |health, logger| {
        error!(logger, "before the page was opened");
        let logger = logger.clone();
        let check = async move || {
            if again.load(Relaxed) {
                error!(logger, "while it is looked at");
            }
            Check::pass()
        };
        drop(health.check("upstream", check));
    });
    let backend = backend().add(noisy).start().await.unwrap();
    let page = now(&backend).await;
    log.store(true, Relaxed);
    let mut stream = Stream::open(&backend, events(&page)).await;
    // The check runs again within 10 s.
    assert_eq!(stream.next("news").await["errors"], 1);
}

#[tokio::test]
async fn other_pages_hear_whether_the_backend_is_ready() {
    let backend = backend().start().await.unwrap();
    let parts = Stream::open(&backend, "/.greenroom/events").await.next("parts").await;
    let names: Vec<_> = parts.as_object().unwrap().keys().collect();
    assert_eq!(names, ["readiness"]);
    assert!(parts["readiness"].as_str().unwrap().contains("Ready"));
}
