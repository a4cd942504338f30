//! A backend in front of a Node backend, whose part another backend of ours plays.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{
    Router,
    response::sse::{Event, Sse},
    routing::get,
};
use futures_util::{StreamExt, stream};
use greenroom_context::spawn;
use greenroom_core::{Plugin, plugin};
use greenroom_http::{AuthPolicy, HttpRouter};
use greenroom_logging::Level;
use greenroom_metrics::MetricsRegistry;
use greenroom_plugin_gateway::{Gateway, GatewayOptions, UpstreamFrom, gateway, gateway_services};
use greenroom_test::TestBackend;
use greenroom_wrap::{
    ChildCommand, Environment, LastWords, LastWordsOptions, Launch, Spent, Supervisor, SupervisorOptions,
};
use serde_json::json;

use super::{All, add, until};

/// The plugin behind: what answers, what refuses, and events without an end.
fn catalog() -> Plugin {
    plugin("catalog", |env| {
        env.register_init(async |http: HttpRouter| {
            let one = stream::iter([Ok::<_, Infallible>(Event::default().data("1"))]);
            http.mount(
                Router::new()
                    .route("/entities", get(async || "[]"))
                    .route("/private", get(async || "private"))
                    .route("/events", get(async || Sse::new(one.chain(stream::pending())))),
            );
            http.add_auth_policy("/entities", AuthPolicy::Unauthenticated)?;
            http.add_auth_policy("/events", AuthPolicy::Unauthenticated)
        });
    })
}

/// Has a child start and end.
async fn child(registry: &MetricsRegistry) {
    let words = LastWords::start(LastWordsOptions::default());
    words.told_by(registry);
    let noted = words.clone();
    let on_state = Some(Box::new(move |state: &greenroom_wrap::State| drop(noted.note(state))) as _);
    let options = SupervisorOptions { on_state, ..SupervisorOptions::default() };
    let supervisor = Supervisor::start(options, || {
        let words = ["sh", "-c", "exit 3"].map(Into::into);
        let environment = std::env::vars_os().collect::<Environment>();
        Ok(Launch::from(ChildCommand::new(words, "/", environment)?))
    });
    supervisor.end().await;
}

/// What such a backend tells.
pub(super) async fn in_front(all: &mut All) {
    let node = TestBackend::new().add(catalog()).start().await.unwrap();
    let address: SocketAddr = node.url().trim_start_matches("http://").parse().unwrap();
    let config = json!({"greenroom": {"run": {"delay": "0s"}}});
    let services = gateway_services(GatewayOptions { upstream: UpstreamFrom::Child(address) });
    let backend = TestBackend::new().config(config).add(gateway());
    let backend = services.into_iter().fold(backend, |backend, feature| backend.add(feature));
    let backend = backend.start().await.unwrap();
    let gateway: Gateway = backend.service().await.unwrap();
    let registry: MetricsRegistry = backend.service().await.unwrap();
    let printed = Spent {
        plugin: Some("catalog".to_owned()),
        level: Level::Info,
        records: 1,
        bytes: 70,
        recent_records: 1,
        recent_bytes: 70,
    };
    gateway.set_log_spend(move || vec![printed.clone()]);
    gateway.set_drift(Vec::new);
    child(&registry).await;

    gateway.proxy().starts(address, None);
    assert_eq!(backend.get("/api/catalog/entities").await.status, 200);
    assert_eq!(backend.get("/api/catalog/private").without_credentials().await.status, 401);
    let client = backend.client();
    drop(spawn("events", async move { client.get("/api/catalog/events").await }));
    until(&backend, "greenroom.gateway.streams", "backstage.plugin.id").await;
    until(&backend, "greenroom.auth.failures", "backstage.plugin.id").await;
    until(&backend, "http.client.request.duration", "error.type").await;
    add(all, &backend).await;

    // It takes connections, and answers nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    gateway.proxy().starts(silent.local_addr().unwrap(), None);
    while gateway.proxy().status().stalls.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gateway.proxy().gone("it has ended".into());
    until(&backend, "greenroom.upstream.stall.duration", "kind").await;
    add(all, &backend).await;
}
