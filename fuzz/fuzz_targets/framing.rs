//! Whatever stands in bodies, and whatever handlers do with them: the requests that arrive are those that were sent.

#![no_main]

use std::{
    sync::{Mutex, OnceLock},
    time::Duration,
};

use axum::{Router, body::to_bytes, extract::Request, routing::any};
use greenroom::prelude::*;
use greenroom_test::{RunningTestBackend, TestBackend};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
};

/// Longer than any answer here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What handlers do with their bodies.
const HABITS: [&str; 4] = ["read", "late", "hold", "drop"];

/// The paths that reached handlers.
static REACHED: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Server {
    runtime: Runtime,
    _backend: RunningTestBackend,
    address: String,
}

async fn handler(request: Request) -> &'static str {
    let path = request.uri().path().to_owned();
    REACHED.lock().unwrap().push(path.clone());
    let body = request.into_body();
    if path.starts_with("/read/") {
        let _ = to_bytes(body, usize::MAX).await;
    } else if path.starts_with("/late/") {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let _ = to_bytes(body, usize::MAX).await;
    } else if path.starts_with("/hold/") {
        drop(spawn("hold", async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            drop(body);
        }));
    }
    "ok"
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let plugin = plugin("x", |env| {
            env.register_init(async |http: HttpRouter| {
                http.mount(Router::new().route("/{*rest}", any(handler)));
                http.add_auth_policy("/", AuthPolicy::Unauthenticated)
            });
        });
        let config = json!({"backend": {"logger": {"level": "error"}}});
        let backend = TestBackend::new().config(config).add(plugin).start();
        let backend = runtime.block_on(backend).expect("a start");
        let url = backend.url();
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Server { runtime, _backend: backend, address }
    })
}

/// Well-formed requests, whose bodies are the input: each begins with a byte that chooses its kind and one for its length.
fn requests(mut data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    while let [kind, length, rest @ ..] = data {
        let (body, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        data = rest;
        let path = format!("/{}/{}", HABITS[usize::from(kind % 4)], all.len());
        let mut bytes = format!("POST /api/x{path} HTTP/1.1\r\nHost: x\r\n").into_bytes();
        if kind & 0b100 == 0 {
            bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
            bytes.extend(body);
        } else {
            bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in body.chunks(usize::from(kind >> 3) + 1) {
                bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
        }
        all.push((path, bytes));
    }
    all
}

/// All that is answered until the server closes; it does when a body was not read, or when the client has no more.
async fn answers(address: &str, bytes: &[u8]) -> usize {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    let write = async {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let _ = writer.write_all(first).await;
        tokio::task::yield_now().await;
        let _ = writer.write_all(second).await;
        let end = b"GET /nobody HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let _ = writer.write_all(end).await;
    };
    let _ = tokio::join!(write, reader.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).matches("HTTP/1.1 200 OK\r\n").count()
}

fuzz_target!(|data: &[u8]| {
    let server = server();
    let sent = requests(data);
    REACHED.lock().unwrap().clear();
    let bytes: Vec<u8> = sent.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    let answered = server.runtime.block_on(async {
        tokio::time::timeout(PATIENCE, answers(&server.address, &bytes)).await.expect("an end in time")
    });
    let reached = REACHED.lock().unwrap().clone();
    let expected: Vec<_> = sent.into_iter().map(|(path, _)| path).take(reached.len()).collect();
    assert_eq!(reached, expected, "only what was sent, in its order");
    assert_eq!(answered, reached.len(), "each that arrives is answered");
});
