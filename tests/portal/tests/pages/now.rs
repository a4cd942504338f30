//! The page “Now”: just started, busy, broken.

use axum::{Router, routing::get};
use greenroom::{config::RootConfig, prelude::*};
use greenroom_plugin_observatory::observatory;
use greenroom_test::{RunningTestBackend, TestBackend};

use crate::looks::{assert_is_clean, look, operator};

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_has_just_started() {
    let backend = TestBackend::new().add(observatory()).start().await.unwrap();
    looked_at(&backend, "now-empty").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_backend() {
    let backend = TestBackend::new().add(observatory());
    let backend =
        backend.add(works("catalog")).add(works("search")).add(works("techdocs")).start().await.unwrap();
    ask(&backend).await;
    looked_at(&backend, "now-busy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_backend() {
    let config = "{ backend: { startup: { plugins: { scaffolder: { onPluginBootFailure: continue } } } } }";
    let broken = plugin("scaffolder", |env| {
        env.register_init(async || Err::<(), _>(Error::new("the schema is newer than this version").into()));
    });
    let away = plugin("auth", |env| {
        env.register_init(async |health: HealthChecks, logger: Logger| {
            let why = "PostgreSQL refuses connections on postgres.example.internal:5432";
            health.declare("database").readiness().run(async move || Check::fail(why));
            error!(logger, "connection refused on postgres.example.internal:5432");
            Ok(())
        });
    });
    let backend = TestBackend::new().config(RootConfig::from_yaml(config).unwrap()).add(observatory());
    let backend = backend.add(works("catalog")).add(broken).add(away).start().await.unwrap();
    ask(&backend).await;
    looked_at(&backend, "now-broken").await;
}

async fn looked_at(backend: &RunningTestBackend, name: &str) {
    let mut browser = operator(backend).await;
    look(&mut browser, name, &format!("{}/.greenroom/", backend.url())).await;
    assert_is_clean(&browser, backend);
    browser.end().await;
}

/// A plugin with a check, and routes of which one fails.
fn works(id: &'static str) -> Plugin {
    plugin(id, |env| {
        env.register_init(async |http: HttpRouter, health: HealthChecks, logger: Logger| {
            let fail = get(async move || {
                error!(logger, "upstream answered 502 after 3,004 ms");
                HandlerResult::<&str>::Err(Error::service_unavailable("The upstream does not answer").into())
            });
            http.mount(Router::new().route("/entities", get(async || "[]")).route("/fail", fail));
            health.check("queue", async || Check::pass());
            health.check("upstream", async || Check::warn("1 of 40 calls failed"));
            Ok(())
        });
    })
}

async fn ask(backend: &RunningTestBackend) {
    for round in 0..40 {
        backend.get("/api/catalog/entities").await;
        backend.get("/api/search/entities").await;
        if round % 20 == 0 {
            backend.get("/api/catalog/fail").await;
        }
    }
}
