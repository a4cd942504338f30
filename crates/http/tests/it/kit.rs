//! A backend in this process, and a client that sends and reads exact bytes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use greenroom_auth::{Auth, ExternalTokens, HttpAuth};
use greenroom_config::RootConfig;
use greenroom_core::{
    Backend, Feature, Running, ServiceFactory, StartError,
    boot::{Boot, BootPolicy, OnFailure},
    service,
};
use greenroom_health::{HealthChecks, HealthRegistry, RootHealth};
use greenroom_http::{HttpRouter, HttpSettings, RootHttpRouter};
use greenroom_logging::{CaptureSink, RootLogger};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A token that [`Kit`]'s config lists.
pub(crate) const TOKEN: &str = "kit-token-1234";

/// A backend to be.
pub(crate) struct Kit {
    config: Value,
    node_env: Option<String>,
    features: Vec<Feature>,
    policy: BootPolicy,
}

impl Kit {
    pub(crate) fn new() -> Self {
        let config = json!({"backend": {
            "listen": {"host": "127.0.0.1", "port": 0},
            "auth": {"externalAccess": [
                {"type": "static", "options": {"token": TOKEN, "subject": "tester"}},
                {
                    "type": "static",
                    "options": {"token": "elsewhere-1234", "subject": "restricted"},
                    "accessRestrictions": [{"plugin": "elsewhere"}],
                },
            ]},
        }});
        let production = Some("production".to_owned());
        Self { config, node_env: production, features: vec![], policy: BootPolicy::default() }
    }

    /// Sets a value in the config, as `backend.health.headers`.
    pub(crate) fn config(mut self, key: &str, value: Value) -> Self {
        let mut at = &mut self.config;
        for part in key.split('.') {
            at = &mut at[part];
        }
        *at = value;
        self
    }

    pub(crate) fn development(mut self) -> Self {
        self.node_env = Some("development".to_owned());
        self
    }

    pub(crate) fn permit_failures(mut self) -> Self {
        self.policy.plugin_default = OnFailure::Continue;
        self
    }

    pub(crate) fn add(mut self, feature: impl Into<Feature>) -> Self {
        self.features.push(feature.into());
        self
    }

    /// A plugin `x` whose routes are open to all.
    pub(crate) fn open(self, router: axum::Router) -> Self {
        self.add(greenroom_core::plugin("x", move |env| {
            env.register_init(async move |http: HttpRouter| {
                http.mount(router);
                http.add_auth_policy("/", greenroom_http::Allow::Unauthenticated)
            });
        }))
    }

    /// Begins to start it, and waits until it listens.
    pub(crate) async fn launch(self) -> Rising {
        let lines = CaptureSink::new();
        let (tell, mut address) = tokio::sync::watch::channel(None);
        let listening = greenroom_core::plugin("kit", move |env| {
            env.register_init(async move |root: RootHttpRouter| {
                tell.send_replace(Some(root.local_addr()));
                Ok(())
            });
        });
        let policy = self.policy.clone();
        let mut backend = Backend::new(factories(self.config, self.node_env, lines.clone()))
            .boot(async move || Ok(Boot { policy: policy.clone(), ..Boot::default() }))
            .add(listening);
        for feature in self.features {
            backend = backend.add(feature);
        }
        #[expect(clippy::disallowed_methods, reason = "the backend under test belongs to no other")]
        let started = tokio::spawn(backend.start());
        let known = timeout(PATIENCE, address.wait_for(Option::is_some)).await.unwrap();
        let address = match known {
            Ok(address) => address.unwrap(),
            Err(_) => panic!("not started: {}", started.await.unwrap().err().unwrap()),
        };
        Rising { client: Client(address), lines, started }
    }

    pub(crate) async fn start(self) -> Up {
        self.launch().await.up().await
    }

    /// The error of a start that must fail.
    pub(crate) async fn refused(self) -> StartError {
        let mut backend = Backend::new(factories(self.config, self.node_env, CaptureSink::new()));
        for feature in self.features {
            backend = backend.add(feature);
        }
        match backend.start().await {
            Ok(_) => panic!("it started"),
            Err(error) => error,
        }
    }
}

fn factories(config: Value, node_env: Option<String>, lines: CaptureSink) -> Vec<ServiceFactory> {
    vec![
        service(async move || Ok(RootConfig::from_json(config)?)),
        service(async move || Ok(RootLogger::builder().sink(lines).build())),
        greenroom_logging::logger(),
        ExternalTokens::factory(),
        Auth::factory(),
        HttpAuth::factory(),
        HealthRegistry::factory(),
        HealthChecks::factory(),
        RootHealth::factory(),
        HttpSettings::factory(node_env),
        RootHttpRouter::factory(),
        HttpRouter::factory(),
    ]
}

/// A backend that listens.
pub(crate) struct Rising {
    pub(crate) client: Client,
    pub(crate) lines: CaptureSink,
    started: tokio::task::JoinHandle<Result<Running, StartError>>,
}

impl Rising {
    /// Waits until it has started.
    pub(crate) async fn up(self) -> Up {
        let running = timeout(PATIENCE, self.started).await.unwrap().unwrap();
        let running = running.unwrap_or_else(|error| panic!("{error}"));
        Up { client: self.client, lines: self.lines, running }
    }
}

/// A backend that runs.
pub(crate) struct Up {
    pub(crate) client: Client,
    pub(crate) lines: CaptureSink,
    pub(crate) running: Running,
}

impl Up {
    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.client.get(target).await
    }

    /// The lines of this `type`, once there are at least so many.
    pub(crate) async fn lines_of(&self, kind: &str, at_least: usize) -> Vec<Value> {
        lines_of(&self.lines, kind, at_least).await
    }

    /// Begins to stop it.
    pub(crate) fn stop(self) -> tokio::task::JoinHandle<()> {
        #[expect(clippy::disallowed_methods, reason = "the backend under test belongs to no other")]
        tokio::spawn(self.running.stop())
    }
}

/// The lines of this `type`, once there are at least so many.
pub(crate) async fn lines_of(lines: &CaptureSink, kind: &str, at_least: usize) -> Vec<Value> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found: Vec<_> = lines.json().into_iter().filter(|line| line["type"] == kind).collect();
        if found.len() >= at_least {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{:#?}", lines.lines());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until `holds`, at most as long as a test may.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it comes to hold");
}

/// Speaks HTTP byte by byte.
#[derive(Clone, Copy)]
pub(crate) struct Client(pub(crate) SocketAddr);

impl Client {
    pub(crate) fn port(self) -> u16 {
        self.0.port()
    }

    pub(crate) async fn connect(self) -> Connection {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.0.port())).await.unwrap();
        Connection::over(stream)
    }

    /// What the server sends for these bytes until it closes.
    pub(crate) async fn raw(self, bytes: impl AsRef<[u8]>) -> String {
        let mut connection = self.connect().await;
        connection.send(bytes).await;
        connection.rest().await
    }

    pub(crate) async fn get(self, target: &str) -> Answer {
        self.ask("GET", target, &[], b"").await
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(
        self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut connection = self.connect().await;
        connection.ask(method, target, &[headers, &[("Connection", "close")]].concat(), body).await
    }
}

/// One connection.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

impl Connection {
    pub(crate) fn over(stream: TcpStream) -> Self {
        Self { stream, unread: vec![] }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A server may answer and close before it has read everything.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    pub(crate) async fn ask(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        self.send([text.as_bytes(), body].concat()).await;
        self.answer(method).await
    }

    /// Reads one answer to a request of this method.
    pub(crate) async fn answer(&mut self, method: &str) -> Answer {
        self.try_answer(method).await.unwrap_or_else(|| panic!("the connection ended without an answer"))
    }

    /// The same; `None` at the end of the connection.
    pub(crate) async fn try_answer(&mut self, method: &str) -> Option<Answer> {
        let head = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                break self.unread.drain(..end + 4).collect::<Vec<_>>();
            }
            self.more().await.then_some(())?;
        };
        let head = String::from_utf8_lossy(&head).into_owned();
        let (first, rest) = head.split_once("\r\n").unwrap();
        let headers = rest.trim_end().split("\r\n").filter_map(|line| line.split_once(": "));
        let headers: Vec<_> = headers.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, headers, head: head.clone(), body: vec![] };
        if method == "HEAD" || status == 304 || status == 204 || status == 100 {
            return Some(answer);
        }
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.unread.len() < length && self.more().await {}
            answer.body = self.unread.drain(..length).collect();
        } else if answer.header("transfer-encoding").is_some() {
            answer.body = self.chunks().await;
        } else {
            while self.more().await {}
            answer.body = std::mem::take(&mut self.unread);
        }
        Some(answer)
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = vec![];
        loop {
            let end = loop {
                if let Some(end) = find(&self.unread, b"\r\n") {
                    break end;
                }
                assert!(self.more().await, "chunks that break off");
            };
            let size: Vec<u8> = self.unread.drain(..end + 2).collect();
            let size = usize::from_str_radix(std::str::from_utf8(&size).unwrap().trim(), 16).unwrap();
            while self.unread.len() < size + 2 && self.more().await {}
            body.extend(self.unread.drain(..size));
            self.unread.drain(..2);
            if size == 0 {
                return body;
            }
        }
    }

    async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.unread)).await;
        matches!(read.expect("an answer in time"), Ok(length) if length > 0)
    }

    /// Everything until the server closes.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.unread)).into_owned()
    }

    /// Waits for the server's end of the connection; it must send nothing more.
    pub(crate) async fn ends(&mut self) {
        assert_eq!(self.rest().await, "");
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The status and the body.
    pub(crate) fn seen(&self) -> (u16, &str) {
        (self.status, self.text())
    }
}
