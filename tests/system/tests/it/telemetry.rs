//! `telemetry.lock`: what a backend tells as metrics, so that a change of a name, a unit or an attribute shows in review.

use std::{fmt::Write as _, path::Path};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{FutureExt, future::BoxFuture};
use greenroom_core::{Plugin, plugin, service};
use greenroom_http::{AuthPolicy, Forward, Forwarded, Forwarding, HttpRouter, Passage, Reach};
use greenroom_metrics::{Described, MetricsRegistry};
use greenroom_plugin_healthcheck::healthcheck;
use greenroom_test::TestBackend;

const HEAD: &str = "\
# What Greenroom tells as metrics: dashboards depend on it. A test compares it with what a backend tells;
# `UPDATE_DOCS=1 cargo nextest run -p greenroom-system telemetry` writes it anew.
";

/// What has answers of all kinds.
fn catalog() -> Plugin {
    plugin("catalog", |env| {
        env.register_init(
            async |http: HttpRouter,
                   health: greenroom_health::HealthChecks,
                   logger: greenroom_logging::Logger| {
                logger.info("A line of its own");
                health.check("queue", async || greenroom_health::Check::pass());
                http.mount(
                    Router::new()
                        .route("/entities", post(async |_: String| "added"))
                        .route("/fails", get(async || axum::http::StatusCode::SERVICE_UNAVAILABLE)),
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

fn written(all: &[Described]) -> String {
    let mut text = HEAD.to_owned();
    for metric in all {
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
    let forwarding = Forwarding::new(Behind);
    let backend = TestBackend::new()
        .add(service(async move || Ok(forwarding.clone())))
        .add(healthcheck())
        .add(catalog())
        .start()
        .await
        .unwrap();
    backend.post_json("/api/catalog/entities", &serde_json::json!({"kind": "component"})).await;
    backend.get("/api/catalog/fails").await;
    backend.get("/api/elsewhere/events").await;
    backend.await_log(|line| line["url"] == "/api/elsewhere/events").await;
    let described = backend.service::<MetricsRegistry>().await.unwrap().described();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../telemetry.lock");
    let written = written(&described);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    assert_eq!(written, std::fs::read_to_string(&path).unwrap_or_default(), "UPDATE_DOCS=1 writes it");
}
