//! `telemetry.lock`: what backends tell as metrics and spans, so that a change of a name, a unit or an attribute shows in review.

mod behind;
mod sent;

use std::{collections::BTreeMap, fmt::Write as _, path::Path, time::Duration};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{FutureExt, future::BoxFuture};
use greenroom_context::spawn;
use greenroom_core::{Plugin, plugin, service};
use greenroom_database::{Database, StatementListener};
use greenroom_database_sqlite::{SqlitePool, sqlx};
use greenroom_http::{AuthPolicy, Forward, Forwarded, Forwarding, HttpRouter, Passage, Reach};
use greenroom_http_client::{Call, HttpClient};
use greenroom_logging::{BridgeOptions, RootLogger};
use greenroom_metrics::{Described, MetricsRegistry};
use greenroom_plugin_healthcheck::healthcheck;
use greenroom_plugin_rum::rum;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::json;

const HEAD: &str = "\
# What Greenroom tells as metrics and spans: dashboards depend on it. A test compares it with what backends tell, one by itself and one in front
# of a Node backend; `UPDATE_DOCS=1 cargo nextest run -p greenroom-system telemetry` writes it anew.
";

/// What has answers of all kinds, and asks others.
fn catalog() -> Plugin {
    plugin("catalog", |env| {
        env.register_init(
            async |http: HttpRouter,
                   health: greenroom_health::HealthChecks,
                   logger: greenroom_logging::Logger,
                   root: RootLogger,
                   database: Database,
                   calls: HttpClient| {
                logger.info("A line of its own");
                health.check("queue", async || greenroom_health::Check::pass());
                root.install_tracing(BridgeOptions::new().listener(StatementListener));
                let client = database.client().await?;
                let pool: SqlitePool = client.pool()?;
                let _ = client.run(sqlx::query("select no_such_column").execute(&pool)).await;
                let _ = calls.send(Call::get("http://127.0.0.1:1/")?).await;
                http.mount(
                    Router::new()
                        .route("/entities", post(async |_: String| "added"))
                        .route("/fails", get(async || axum::http::StatusCode::SERVICE_UNAVAILABLE))
                        .route("/waits", get(std::future::pending::<()>)),
                );
                http.add_auth_policy("/", AuthPolicy::Unauthenticated)
            },
        );
    })
}

/// What answers in place of another server: one stream of events that ends.
struct Behind;

impl Forward for Behind {
    fn reach(&self) -> Reach {
        Reach::default()
    }

    fn forward(&self, _: axum::extract::Request, _: Passage) -> BoxFuture<'static, Forwarded> {
        let events: Response =
            ([("content-type", "text/event-stream")], Body::from("data: 1\n\n")).into_response();
        async { Forwarded::Answer(events) }.boxed()
    }
}

/// Metrics by their names and whose they are.
type All = BTreeMap<(String, String), Described>;

/// Adds those of a backend to others.
async fn add(all: &mut All, of: &RunningTestBackend) {
    for metric in of.service::<MetricsRegistry>().await.unwrap().described() {
        let key = (metric.name.clone(), metric.meter.clone());
        match all.get_mut(&key) {
            Some(known) => {
                known.attributes.extend(metric.attributes.clone());
                assert_eq!(*known, Described { attributes: known.attributes.clone(), ..metric });
            }
            None => drop(all.insert(key, metric)),
        }
    }
}

/// Waits until a metric of a backend has that attribute: some are told a moment after what they tell of.
async fn until(backend: &RunningTestBackend, metric: &str, attribute: &str) {
    let registry = backend.service::<MetricsRegistry>().await.unwrap();
    let is_told = || {
        let mut all = registry.described().into_iter();
        all.any(|one| one.name == metric && (attribute.is_empty() || one.attributes.contains(attribute)))
    };
    let told = async {
        while !is_told() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), told).await.is_ok(), "{metric} with {attribute}");
}

/// A backend by itself.
async fn by_itself(all: &mut All) {
    let forwarding = Forwarding::new(Behind);
    let config = json!({
        "app": {
            "baseUrl": "http://127.0.0.1:17200",
            "datadogRum": {
                "clientToken": "pub0123456789abcdef0123456789abcdef",
                "applicationId": "11111111-2222-4333-8444-555555555555",
                "site": "datadoghq.eu",
            },
        },
        "greenroom": {
            "rum": {"mode": "forward"},
            // One at a time.
            "limits": {"plugins": {"catalog": {"inFlight": 1}}},
        },
    });
    let backend = TestBackend::new()
        .config(config)
        .add(service(async move || Ok(forwarding.clone())))
        .add(healthcheck())
        .add(rum())
        .add(catalog())
        .start()
        .await
        .unwrap();
    backend.post_json("/api/catalog/entities", &json!({"kind": "component"})).await;
    backend.get("/api/catalog/fails").await;
    backend.get("/api/elsewhere/events").await;
    backend.await_log(|line| line["url"] == "/api/elsewhere/events").await;
    let client = backend.client();
    drop(spawn("waits", async move { client.get("/api/catalog/waits").await }));
    while backend.get("/api/catalog/fails").await.header("retry-after").is_none() {
        tokio::task::yield_now().await;
    }
    until(&backend, "db.client.operation.duration", "error.type").await;
    add(all, &backend).await;
}

fn written(all: &All) -> String {
    let mut text = HEAD.to_owned();
    for metric in all.values() {
        let attributes = metric.attributes.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let unit = if metric.unit.is_empty() { "none" } else { &metric.unit };
        write!(
            text,
            "\nmetric {}\n  prometheus: {}\n  kind: {}\n  unit: {unit}\n  meter: {}\n  attributes: {}\n  description: {}\n",
            metric.name,
            metric.prometheus,
            metric.kind,
            metric.meter,
            if attributes.is_empty() { "none" } else { &attributes },
            metric.description,
        )
        .unwrap();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn telemetry_is_what_the_lock_says() {
    let mut all = All::new();
    by_itself(&mut all).await;
    behind::in_front(&mut all).await;
    sent::in_vain(&mut all).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../telemetry.lock");
    let written = written(&all) + &sent::spans().await;
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    assert_eq!(written, std::fs::read_to_string(&path).unwrap_or_default(), "UPDATE_DOCS=1 writes it");
}

#[test]
fn every_metric_of_the_lock_is_on_the_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let (lock, page) = (read("telemetry.lock"), read("docs/metrics.md") + &read("docs/traces.md"));
    let names = lock.lines().filter_map(|line| line.strip_prefix("metric "));
    let missing: Vec<_> = names.filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert_eq!(missing, Vec::<&str>::new(), "docs/metrics.md or docs/traces.md says what each tells");
}
