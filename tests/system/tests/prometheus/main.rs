//! The real Prometheus reads a backend's metrics, and answers what is asked of them.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use greenroom_core::{Plugin, plugin};
use greenroom_http::{AuthPolicy, HttpRouter};
use greenroom_metrics::{KeyValue, Metrics};
use greenroom_ops::Ops;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::{Value, json};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Those that are called as Node's metrics or OpenTelemetry's conventions have it, and which promtool would call otherwise.
const NAMES_THAT_STAY: [&str; 4] = [
    "metrics should not have \"_count\" suffix",
    "metric names should not contain abbreviated units",
    "no help text",
    "metric name should not include type",
];

fn catalog() -> Plugin {
    plugin("catalog", |env| {
        env.register_init(async |metrics: Metrics, http: HttpRouter| {
            let processed = metrics.counter("catalog.processed.entities.count").build();
            processed.add(3, &[KeyValue::new("result", "say \"hi\"\n")]);
            http.mount(Router::new().route("/entities", get(async || "none")));
            http.add_auth_policy("/", AuthPolicy::Unauthenticated)
        });
    })
}

async fn backend() -> (RunningTestBackend, SocketAddr) {
    let config = json!({"greenroom": {"metrics": {"listen": "127.0.0.1:0"}}});
    let backend = TestBackend::new().config(config).add(catalog()).start().await.unwrap();
    for _ in 0..5 {
        assert_eq!(backend.get("/api/catalog/entities").await.status, 200);
    }
    let address = backend.service::<Ops>().await.unwrap().metrics_addr().unwrap().tcp().unwrap();
    (backend, address)
}

/// What is answered there.
fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// A server in a directory of its own, which ends with the test.
struct Prometheus {
    child: Child,
    address: SocketAddr,
    _directory: tempfile::TempDir,
}

impl Prometheus {
    fn reading(target: SocketAddr) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("prometheus.yml");
        let yaml = format!(
            "global: {{ scrape_interval: 200ms }}\nscrape_configs: [{{ job_name: backstage, static_configs: [{{ targets: ['{target}'] }}] }}]\n"
        );
        std::fs::write(&config, yaml).unwrap();
        let mut child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // It says where it listens, and must not stand still because nobody reads on.
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let address = line.contains("Listening on").then(|| line.split("address=").nth(1))??;
            address.split_whitespace().next()?.trim_matches('"').parse().ok()
        });
        greenroom_context::spawn_thread("prometheus", move || lines.for_each(drop)).unwrap();
        Self { child, address: address.expect("Prometheus listens"), _directory: directory }
    }

    /// The value of the one series that answers, once there is one.
    fn value(&self, query: &str) -> (Value, String) {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let until = Instant::now() + PATIENCE;
        loop {
            let answer: Value =
                serde_json::from_str(&ask(self.address, &format!("/api/v1/query?query={encoded}")))
                    .unwrap_or_default();
            if let Some([series]) = answer["data"]["result"].as_array().map(Vec::as_slice) {
                return (series["metric"].clone(), series["value"][1].as_str().unwrap().to_owned());
            }
            assert!(Instant::now() < until, "{query}: {answer}");
            // It reads the backend in steps of its own, of which nothing else tells.
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_the_metrics_and_a_query_answers() {
    let (_backend, address) = backend().await;
    let (up, requests, entities) = greenroom_context::spawn_blocking("prometheus", move || {
        let server = Prometheus::reading(address);
        let up = server.value("up{job=\"backstage\"} == 1").1;
        let requests = server.value(
            "sum by (http_route) (http_server_request_duration_count{backstage_plugin_id=\"catalog\"}) == 5",
        );
        (up, requests, server.value("catalog_processed_entities_count_total"))
    })
    .await
    .unwrap();
    assert_eq!(up, "1");
    assert_eq!(requests, (json!({"http_route": "/api/catalog/entities"}), "5".to_owned()));
    assert_eq!(
        (entities.0["result"].as_str(), entities.0["otel_scope_name"].as_str()),
        (Some("say \"hi\"\n"), Some("backstage-plugin-catalog"))
    );
    assert_eq!(entities.1, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_reads_the_text_and_finds_fault_with_no_name_of_our_choice() {
    let (_backend, address) = backend().await;
    let text = greenroom_context::spawn_blocking("metrics", move || ask(address, "/metrics")).await.unwrap();
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    // 1: it cannot be read; 3: it is read, and some names could be others.
    assert!(matches!(ended.status.code(), Some(0 | 3)), "{said}\n{text}");
    let ours: Vec<_> =
        said.lines().filter(|line| !NAMES_THAT_STAY.iter().any(|known| line.contains(known))).collect();
    assert_eq!(ours, Vec::<&str>::new());
}
