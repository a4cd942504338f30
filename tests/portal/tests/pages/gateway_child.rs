//! The page “Now” of a gateway whose Node backend is a child: it starts, has failed to, serves, and stands still.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use greenroom::prelude::*;
use greenroom_node_log::{Reader, Stream, facts::NodeBoot};
use greenroom_plugin_gateway::{Gateway, UpstreamFrom};
use greenroom_portal::Browser;
use greenroom_proxy::{MainThread, State, ThreadState};
use greenroom_test::RunningTestBackend;
use greenroom_wrap::Memory;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    gateway::{looked_at, with},
    looks::{SIZES, operator},
};

const PLUGINS: [&str; 7] = ["app", "auth", "catalog", "events", "proxy", "search", "techdocs"];

/// Elements of a table or a waterfall that reach out of their panel, on a desk.
const OUTSIDE: &str = "[...document.querySelectorAll('.panel')].flatMap(panel => {
    const edge = panel.getBoundingClientRect().right;
    return [...panel.querySelectorAll('td, th, .wf span, .fig *')]
        .filter(part => !part.closest('.vh') && part.getBoundingClientRect().right > edge + 1)
        .map(part => part.textContent);
}).join('; ')";

/// Values of rows that stand without the name of their column, on a phone.
const NAMELESS: &str = "[...document.querySelectorAll('.stackable td:not(.state)')]
    .filter(cell => !cell.dataset.l || getComputedStyle(cell, '::before').content === 'none')
    .map(cell => cell.textContent).join('; ')";

#[tokio::test(flavor = "multi_thread")]
async fn gateway_119_on_a_desk_nothing_leaves_its_panel_and_on_a_phone_each_value_has_its_name() {
    let backend = child(true).await.0;
    start(&backend, |number, name| match number {
        0 => format!("Plugin initialization in progress, newly initialized: '{name}'"),
        _ => String::new(),
    })
    .await;
    for plugin in PLUGINS {
        backend.get(&format!("/api/{plugin}/fail")).await;
    }
    let mut browser = operator(&backend).await;
    for ((_, size), script) in SIZES.into_iter().zip([OUTSIDE, NAMELESS]) {
        browser.look(size, "light").await;
        browser.open(&format!("{}/.greenroom/", backend.url())).await;
        browser.see("Node's last start").await;
        assert_eq!(said(&mut browser, script).await, "");
    }
    browser.end().await;
    looked_at(&backend, "now-child-starts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_116_a_start_that_fails_for_one_reason() {
    let backend = child(true).await.0;
    start(&backend, |number, name| {
        format!(
            "Plugin '{name}' threw an error during startup, waiting for {} other plugins to finish before shutting down the \
             process. Failed to instantiate service 'core.database' for '{name}' because the factory function threw an error, \
             Error: Failed to connect to the database to make sure that 'backstage_plugin_{name}' exists, Error: connect \
             ECONNREFUSED 127.0.0.1:5432",
            PLUGINS.len() - 1 - number
        )
    })
    .await;
    let mut browser = operator(&backend).await;
    browser.see("has failed: connect ECONNREFUSED 127.0.0.1:5432 (7 plugins: ").await;
    browser.end().await;
    looked_at(&backend, "now-child-failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_115_a_loop_that_stands_still() {
    let (backend, stands) = child(false).await;
    let gateway: Gateway = backend.service().await.unwrap();
    let busy = MainThread { cpu: Duration::ZERO, state: ThreadState::Runs };
    gateway.proxy().set_main_thread(Some(Arc::new(move || Some(busy))));
    let client = backend.client();
    stands.store(true, Relaxed);
    drop(spawn("slow", async move { client.get("/api/catalog/entities/by-query?filter=kind%3Dapi").await }));
    let mut browser = operator(&backend).await;
    browser.see("busy; suspect: catalog, /api/catalog/entities/by-query, request ").await;
    browser.end().await;
    looked_at(&backend, "now-child-stalled").await;
}

async fn said(browser: &mut Browser, script: &str) -> String {
    browser.run(script).await.as_str().unwrap_or_default().to_owned()
}

/// A gateway with a child that takes connections, and may stand still.
async fn child(starts: bool) -> (RunningTestBackend, Arc<AtomicBool>) {
    let (address, stands) = node(starts).await;
    let backend = with(UpstreamFrom::Child(address), false).await;
    let gateway: Gateway = backend.service().await.unwrap();
    let (rss, used, limit) = (420 << 20, Some(460 << 20), Some(512 << 20));
    gateway.set_running(move || Some((4711, Some(Memory { at: SystemTime::now(), rss, used, limit }))));
    gateway.set_log_spend(Vec::new);
    gateway.proxy().starts(address, None);
    gateway.proxy().state().wait_for(|state| matches!(state, State::Up { .. })).await.unwrap();
    (backend, stands)
}

/// Its lines: of each plugin one more.
async fn start(backend: &RunningTestBackend, line: impl Fn(usize, &str) -> String) {
    let began = SystemTime::now() - Duration::from_secs(26);
    let mut boot = NodeBoot::new(began);
    let mut print = |ms: u64, message: &str| {
        let json = format!("{{\"level\":\"info\",\"message\":\"{message}\",\"service\":\"backstage\"}}\n");
        let at = began + Duration::from_millis(ms);
        Reader::new(Stream::Stdout)
            .push(json.as_bytes(), Instant::now(), &mut |record| boot.note(&record, || at));
    };
    print(1000, &format!("Plugin initialization started: '{}'", PLUGINS.join("', '")));
    for (number, name) in PLUGINS.into_iter().enumerate() {
        print(21_000 + number as u64 * 5, &line(number, name));
    }
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.set_boot(move || Some(boot.clone()));
}

/// A server that answers as a Node backend would, one that starts says so; or nobody, not even by itself.
async fn node(starts: bool) -> (SocketAddr, Arc<AtomicBool>) {
    let stands = Arc::new(AtomicBool::new(false));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), stands.clone());
    drop(spawn("node", async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let stands = asked.clone();
            drop(spawn("connection", async move {
                let mut head = vec![];
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { return };
                    head.push(byte);
                }
                if stands.load(Relaxed) {
                    std::future::pending::<()>().await;
                }
                let (status, body) = match &*String::from_utf8_lossy(&head) {
                    head if head.contains("/readiness") && starts => {
                        ("503 No", r#"{"message":"Backend has not started yet","status":"error"}"#)
                    }
                    head if head.contains("/fail") => ("502 No", "{}"),
                    _ => ("200 OK", r#"{"status":"ok"}"#),
                };
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }));
        }
    }));
    (address, stands)
}
