//! Whatever bytes a client sends to a gateway: the server behind reads no request that the gateway has not read, and nothing that is
//! none. What it reads there is read by [`strict`], and what the gateway has read it tells in its access lines.

#![no_main]

mod strict;

use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock},
    time::{Duration, Instant},
};

use greenroom::{
    core::service,
    logging::{CaptureSink, Format, Level},
    prelude::*,
};
use greenroom_proxy::{Proxy, State, Upstream};
use greenroom_test::{RunningTestBackend, TestBackend};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use self::strict::{Next, Reader};

/// Longer than any answer here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the server behind has read: requests by their ids, and what is no request.
static READ: Mutex<(BTreeMap<String, usize>, Vec<String>)> = Mutex::new((BTreeMap::new(), Vec::new()));

struct Server {
    runtime: Runtime,
    _backend: RunningTestBackend,
    address: String,
    proxy: Proxy,
    lines: CaptureSink,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let lines = CaptureSink::in_format(Format::Backstage);
        let sink = lines.clone();
        let (backend, proxy) = runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("its address");
            drop(spawn("the server behind", async move {
                while let Ok((stream, _)) = listener.accept().await {
                    drop(spawn("a connection to it", serve(stream)));
                }
            }));
            let root = RootLogger::builder().format(Format::Backstage).level(Level::Info).sink(sink).build();
            let (connect_timeout, pause) = (Duration::from_secs(2), Duration::from_secs(5));
            let upstream = Upstream { address, source: None, connect_timeout, pause, headers: 100 };
            let proxy = Proxy::builder(upstream, root.plugin("gateway")).build();
            let forwarding = proxy.forwarding();
            let backend = TestBackend::new()
                .config(json!({"backend": {"logger": {"level": "info"}}}))
                .add(service(async move || Ok(root)))
                .add(service(async move || Ok(forwarding)));
            let backend = backend.start().await.expect("a start");
            let mut states = proxy.state();
            states.wait_for(|state| matches!(state, State::Up { .. })).await.expect("a state");
            (backend, proxy)
        });
        let url = backend.url();
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Server { runtime, _backend: backend, address, proxy, lines }
    })
}

/// Answers as Node does, as far as connections go.
async fn serve(mut stream: TcpStream) {
    let (mut reader, mut buffer) = (Reader::default(), vec![0; 64 * 1024]);
    loop {
        let answer: &[u8] = match reader.next() {
            Ok(Next::More) => match stream.read(&mut buffer).await {
                Ok(count @ 1..) => {
                    reader.push(&buffer[..count]);
                    continue;
                }
                _ => return,
            },
            Ok(Next::Continue) => b"HTTP/1.1 100 Continue\r\n\r\n",
            Ok(Next::Unknown) => return,
            Ok(Next::Request(request)) => {
                let ids: Vec<_> = request.all("x-request-id").map(String::from_utf8_lossy).collect();
                let is_probe = request.all("user-agent").eq([b"greenroom-probe"]);
                match &ids[..] {
                    [id] => *READ.lock().unwrap().0.entry(id.to_string()).or_default() += 1,
                    [] if is_probe => {}
                    _ => READ.lock().unwrap().1.push(format!("{} ids: {request:?}", ids.len())),
                }
                match &*request.method {
                    "CONNECT" => return,
                    "HEAD" => b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                    _ => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                }
            }
            Err(fault) => {
                READ.lock().unwrap().1.push(fault);
                return;
            }
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// What of a request is in order gets more of the rest past the first parser.
fn bytes(data: &[u8]) -> Vec<u8> {
    let Some((kind, rest)) = data.split_first() else { return Vec::new() };
    let last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let post = "POST /post HTTP/1.1\r\nHost: x\r\n";
    match kind % 6 {
        0 => rest.to_vec(),
        1 => [b"GET /", rest, b" HTTP/1.1\r\nHost: x\r\n\r\n", last].concat(),
        2 => [post.as_bytes(), rest, b"\r\n\r\n", last].concat(),
        3 => [format!("{post}Content-Length: {}\r\n\r\n", rest.len()).as_bytes(), rest, last].concat(),
        4 => [format!("{post}Transfer-Encoding: chunked\r\n\r\n").as_bytes(), rest, last].concat(),
        _ => [format!("{post}Connection: ").as_bytes(), rest, b"\r\n\r\n", last].concat(),
    }
}

async fn exchange(address: &str, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    let write = async {
        // The server may have closed already.
        let _ = writer.write_all(bytes).await;
        let _ = writer.shutdown().await;
    };
    let _ = tokio::join!(write, reader.read_to_end(&mut answer));
}

/// The requests that the gateway has read, by their ids.
fn told(lines: &CaptureSink) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for line in lines.json().into_iter().filter(|line| line["type"] == "incomingRequest") {
        *told.entry(line["requestId"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    told
}

fuzz_target!(|data: &[u8]| {
    let server = server();
    let retries = server.proxy.status().retries;
    server.lines.take();
    *READ.lock().unwrap() = Default::default();
    server.runtime.block_on(async {
        let sent = bytes(data);
        let exchange = exchange(&server.address, &sent);
        tokio::time::timeout(PATIENCE, exchange).await.expect("an end in time");
        let begun = Instant::now();
        loop {
            let (read, faults) = READ.lock().unwrap().clone();
            assert_eq!(faults, Vec::<String>::new(), "the server behind was sent what is no request");
            let retries = (server.proxy.status().retries - retries) as usize;
            let told = told(&server.lines);
            let hidden =
                read.iter().map(|(id, count)| count.saturating_sub(told.get(id).copied().unwrap_or(0)));
            let is_quiet = server.proxy.status().plugins.values().all(|plugin| plugin.in_flight == 0);
            // A line is written when its answer has left.
            if is_quiet && hidden.sum::<usize>() <= retries {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "requests that nobody has read: {read:?}, but {told:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
});
