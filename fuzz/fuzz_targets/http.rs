//! Whatever bytes a client sends: the server answers or closes, no handler panics, and the next request is served.

#![no_main]

use std::{sync::OnceLock, time::Duration};

use axum::{Router, routing::any};
use greenroom::prelude::*;
use greenroom_test::{RunningTestBackend, TestBackend};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
};

/// Longer than any answer here takes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    runtime: Runtime,
    _backend: RunningTestBackend,
    address: String,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let plugin = plugin("x", |env| {
            env.register_init(async |http: HttpRouter| {
                let router = Router::new()
                    .route("/json", any(async |Json(body): Json<Value>| Json(body)))
                    .route("/p/{p}", any(async |Path(p): Path<String>| p))
                    .route("/{*rest}", any(async || "rest"));
                http.mount(router);
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

async fn exchange(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    let write = async {
        // The server may have closed already.
        let _ = writer.write_all(bytes).await;
        let _ = writer.shutdown().await;
    };
    let _ = tokio::join!(write, reader.read_to_end(&mut answer));
    answer
}

/// A head before the bytes gets more of them past the parser.
fn request(data: &[u8]) -> Vec<u8> {
    let Some((kind, rest)) = data.split_first() else { return Vec::new() };
    let head = match kind % 4 {
        0 => return rest.to_vec(),
        1 => return [b"GET /", rest, b" HTTP/1.1\r\nHost: x\r\n\r\n"].concat(),
        2 => return [b"GET /api/x/json HTTP/1.1\r\nHost: x\r\n", rest, b"\r\n\r\n"].concat(),
        _ => "POST /api/x/json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n",
    };
    [format!("{head}Content-Length: {}\r\n\r\n", rest.len()).as_bytes(), rest].concat()
}

fuzz_target!(|data: &[u8]| {
    let server = server();
    let bytes = request(data);
    server.runtime.block_on(async {
        let answer = tokio::time::timeout(PATIENCE, exchange(&server.address, &bytes));
        let answer = answer.await.expect("an answer in time");
        let text = String::from_utf8_lossy(&answer);
        assert!(text.is_empty() || text.starts_with("HTTP/1."), "no answer: {text}");
        assert!(!text.starts_with("HTTP/1.1 500"), "our fault: {text}");
    });
});
