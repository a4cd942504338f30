//! The page “Now” of a gateway: the Node backend is busy, not there yet, and bypassed.

use std::{convert::Infallible, net::SocketAddr};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use greenroom::prelude::*;
use greenroom_plugin_gateway::{Gateway, GatewayOptions, UpstreamFrom, gateway, gateway_services};
use greenroom_plugin_observatory::observatory;
use greenroom_proxy::State;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::json;
use tokio::net::TcpListener;

use crate::looks::{assert_is_clean, look, operator};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_backend_that_is_busy() {
    let backend = in_front_of(node().await, false).await;
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.proxy().state().wait_for(|state| matches!(state, State::Up { .. })).await.unwrap();
    for plugin in ["catalog", "catalog", "search", "techdocs", "scaffolder"] {
        for _ in 0..20 {
            backend.get(&format!("/api/{plugin}/entities")).await;
        }
        backend.get(&format!("/api/{plugin}/fail")).await;
    }
    let client = backend.client();
    // It is open for as long as anybody looks.
    drop(spawn("an event stream", async move { client.get("/api/scaffolder/events").await }));
    looked_at(&backend, "now-gateway-busy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_backend_that_is_not_there_yet() {
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    looked_at(&in_front_of(nowhere, false).await, "now-gateway-away").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_pass_as_they_come() {
    looked_at(&in_front_of(node().await, true).await, "now-gateway-transparent").await;
}

pub(crate) async fn looked_at(backend: &RunningTestBackend, name: &str) {
    let mut browser = operator(backend).await;
    look(&mut browser, name, &format!("{}/.greenroom/", backend.url())).await;
    assert_is_clean(&browser, backend);
    browser.end().await;
}

async fn in_front_of(address: SocketAddr, is_transparent: bool) -> RunningTestBackend {
    with(UpstreamFrom::Url(format!("http://{address}")), is_transparent).await
}

pub(crate) async fn with(upstream: UpstreamFrom, is_transparent: bool) -> RunningTestBackend {
    let config =
        json!({ "greenroom": { "gateway": { "transparent": is_transparent }, "run": { "delay": "0s" } } });
    let backend = TestBackend::new().config(config).add(observatory()).add(gateway());
    let features = gateway_services(GatewayOptions { upstream });
    features.into_iter().fold(backend, |backend, feature| backend.add(feature)).start().await.unwrap()
}

/// A server that answers as a Node backend would.
async fn node() -> SocketAddr {
    async fn events() -> Response {
        let body = axum::body::Body::from_stream(stream::pending::<Result<String, Infallible>>());
        ([("content-type", "text/event-stream")], body).into_response()
    }
    let router = Router::new()
        .route("/.backstage/health/v1/readiness", get(async || r#"{"status":"ok"}"#))
        .route("/api/{plugin}/entities", get(async || "[]"))
        .route("/api/{plugin}/fail", get(async || StatusCode::BAD_GATEWAY))
        .route("/api/{plugin}/events", get(events));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(spawn("node", async move { axum::serve(listener, router).await }));
    address
}
