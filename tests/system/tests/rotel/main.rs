//! A real collector, rotel, gets a backend's traces and metrics. It is killed under load, and comes again.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use greenroom_context::{spawn, spawn_thread};
use greenroom_core::{Plugin, plugin};
use greenroom_http::{AuthPolicy, HttpRouter};
use greenroom_metrics::MetricsRegistry;
use greenroom_test::{RunningTestBackend, TestBackend};
use greenroom_traces::TracerProvider;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn catalog() -> Plugin {
    plugin("catalog", |env| {
        env.register_init(async |http: HttpRouter| {
            http.mount(Router::new().route("/entities", get(async || "none")));
            http.add_auth_policy("/", AuthPolicy::Unauthenticated)
        });
    })
}

/// What all of them have printed so far: the only place where this collector shows what it got.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Printed>>);

#[derive(Default)]
struct Printed {
    spans: HashSet<String>,
    lines: Vec<String>,
}

impl Seen {
    fn spans(&self) -> u64 {
        self.0.lock().unwrap().spans.len() as u64
    }

    /// How many lines hold that.
    fn count(&self, what: &str) -> usize {
        self.0.lock().unwrap().lines.iter().filter(|line| line.contains(what)).count()
    }

    fn read(&self, line: String) {
        let mut printed = self.0.lock().unwrap();
        match line.trim().strip_prefix("ID             : ") {
            Some(id) => drop(printed.spans.insert(id.to_owned())),
            None => printed.lines.push(line),
        }
    }
}

struct Rotel(Child);

impl Rotel {
    fn start(address: SocketAddr, seen: &Seen) -> Self {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../rotel/rotel-agent");
        let mut child = Command::new(program)
            .args(["start", "--exporter", "blackhole", "--debug-log-verbosity", "detailed"])
            .args(["--debug-log", "traces", "--debug-log", "metrics"])
            .args(["--otlp-http-endpoint", &address.to_string(), "--otlp-grpc-endpoint", &free().to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (lines, seen) = (BufReader::new(child.stdout.take().unwrap()).lines(), seen.clone());
        spawn_thread("rotel", move || lines.map_while(Result::ok).for_each(|line| seen.read(line))).unwrap();
        Self(child)
    }

    /// Ends it as nothing can be prepared for.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Rotel {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A place where nobody listens: the collector wants to be told one, and to find it free when it comes again.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waits = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waits).await.unwrap_or_else(|_| panic!("{what}"));
}

/// What has become of spans, by the backend's own metrics.
struct Told {
    provider: TracerProvider,
    registry: MetricsRegistry,
}

impl Told {
    async fn of(backend: &RunningTestBackend) -> Self {
        let provider = backend.service::<TracerProvider>().await.unwrap();
        Self { provider, registry: backend.service::<MetricsRegistry>().await.unwrap() }
    }

    fn sum(&self, name: &str, of: impl Fn(&str) -> bool) -> u64 {
        let text = self.registry.text();
        let lines = text.lines().filter(|line| line.starts_with(&format!("{name}{{")) && of(line));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }

    fn arrived(&self) -> u64 {
        self.sum("otel_sdk_exporter_span_exported_total", |line| !line.contains("error_type"))
    }

    /// All that was counted as lost, wherever.
    fn dropped(&self) -> u64 {
        let has_failed = |line: &str| line.contains("error_type");
        self.sum("otel_sdk_exporter_span_exported_total", has_failed)
            + self.sum("otel_sdk_processor_span_processed_total", has_failed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_14_a_real_collector_that_is_killed_under_load_misses_only_what_was_counted() {
    let (address, seen) = (free(), Seen::default());
    let mut collector = Rotel::start(address, &seen);
    until("the collector listens", || TcpStream::connect(address).is_ok()).await;
    let endpoint = format!("http://{address}");
    let backend = TestBackend::new()
        .otel(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "256"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "256"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
        ])
        .add(catalog())
        .start()
        .await
        .unwrap();
    let told = Told::of(&backend).await;
    let backend = Arc::new(backend);
    let (asked, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let load = [(); 4].map(|()| {
        let (backend, asked, is_over) = (backend.clone(), asked.clone(), is_over.clone());
        spawn("load", async move {
            while !is_over.load(SeqCst) {
                assert_eq!(backend.get("/api/catalog/entities").await.status, 200);
                asked.fetch_add(1, SeqCst);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    });

    const METRIC: &str = "http.server.request.duration";
    until("traces and metrics arrive", || seen.spans() > 300 && seen.count(METRIC) > 0).await;
    // Between two batches: what it has taken it has shown. What it would take down with it is not ours to count.
    until("it has shown what it took", || seen.spans() == told.arrived()).await;
    collector.kill();
    until("the queue is full", || told.provider.counts().dropped > 100).await;
    assert!(
        backend
            .logs()
            .iter()
            .any(|line| line["message"].as_str().unwrap().starts_with("Traces do not arrive"))
    );

    let metrics_before = seen.count(METRIC);
    let _again = Rotel::start(address, &seen);
    let shown = seen.spans();
    until("both arrive again", || seen.spans() > shown + 300 && seen.count(METRIC) > metrics_before).await;
    is_over.store(true, SeqCst);
    for one in load {
        one.await.unwrap();
    }
    let asked = asked.load(SeqCst);
    until("nothing is on its way", || {
        let counts = told.provider.counts();
        counts.waiting == 0
            && counts.taken + counts.dropped == asked
            && told.arrived() + told.dropped() == asked
    })
    .await;
    until("it has shown what it took", || seen.spans() + told.dropped() >= asked).await;
    assert_eq!((seen.spans() + told.dropped(), told.dropped() > 100), (asked, true));
    assert!(seen.count("-> service.name: Str(backstage)") > 0);
    let lines = backend.logs();
    let lines: Vec<_> = lines.iter().filter(|line| line["service"] == "telemetry").collect();
    let signals = |begins: &str| {
        lines.iter().filter(|line| line["message"].as_str().unwrap().starts_with(begins)).count()
    };
    assert_eq!((signals("Traces do not arrive"), signals("Traces arrive again")), (1, 1), "{lines:?}");
    assert!(lines.iter().all(|line| !line.to_string().contains(&address.to_string())), "{lines:?}");
}
