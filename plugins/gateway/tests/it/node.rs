//! A server that answers as a test says, in the place of a Node backend.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

pub(crate) const READINESS: &str = "/.backstage/health/v1/readiness";
/// Its answer comes when the test [lets it](Node::let_through).
pub(crate) const SLOW: &str = "/api/scaffolder/slow";
/// An event stream without an end.
pub(crate) const EVENTS: &str = "/api/events/stream";

/// One that listens, until it is told to go or dropped.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    answers: Mutex<BTreeMap<String, (u16, String)>>,
    gate: Semaphore,
    /// It takes connections, and does not answer.
    hangs: watch::Sender<bool>,
    asked: watch::Sender<Vec<String>>,
    gone: watch::Sender<bool>,
}

impl Node {
    /// Ready, at a free port.
    pub(crate) async fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap()).await
    }

    /// Ready, at this address.
    pub(crate) async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answers: Mutex::default(),
            gate: Semaphore::new(0),
            hangs: watch::Sender::default(),
            asked: watch::Sender::default(),
            gone: watch::Sender::default(),
        });
        let node = Self { address, shared: shared.clone() };
        node.answers(READINESS, 200, r#"{"status":"ok","by":"node"}"#);
        greenroom::context::spawn(
            "node",
            until_gone(shared.clone(), async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let answering = until_gone(shared.clone(), answer(stream, shared.clone()));
                    greenroom::context::spawn("connection of node", answering);
                }
            }),
        );
        node
    }

    /// What it says at that path from now on; 200 `[]` elsewhere.
    pub(crate) fn answers(&self, path: &str, status: u16, body: &str) {
        self.shared.answers.lock().insert(path.to_owned(), (status, body.to_owned()));
    }

    /// Waits until it has been asked for that path.
    pub(crate) async fn asked(&self, path: &str) {
        let mut asked = self.shared.asked.subscribe();
        asked.wait_for(|asked| asked.iter().any(|one| one == path)).await.unwrap();
    }

    /// Answers nothing from now on, or again, what it was asked meanwhile too.
    pub(crate) fn hangs(&self, hangs: bool) {
        self.shared.hangs.send_replace(hangs);
    }

    /// Lets one slow answer go.
    pub(crate) fn let_through(&self) {
        self.shared.gate.add_permits(1);
    }

    /// Takes no connections any more, and breaks those that there are.
    pub(crate) fn goes(&self) {
        self.shared.gone.send_replace(true);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.goes();
    }
}

async fn until_gone(shared: Arc<Shared>, work: impl Future<Output = ()>) {
    let mut gone = shared.gone.subscribe();
    tokio::select! {
        () = work => {}
        _ = gone.wait_for(|gone| *gone) => {}
    }
}

async fn answer(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
    shared.asked.send_modify(|asked| asked.push(path.clone()));
    let mut hangs = shared.hangs.subscribe();
    hangs.wait_for(|hangs| !hangs).await.unwrap();
    if path == EVENTS {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n";
        let _ = stream.write_all(head.as_bytes()).await;
        // Until the other side is gone.
        let _ = stream.read_u8().await;
        return;
    }
    if path == SLOW {
        shared.gate.acquire().await.unwrap().forget();
    }
    let known = shared.answers.lock().get(&path).cloned();
    let (status, body) = known.unwrap_or((200, "[]".to_owned()));
    let answer = format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}
