//! A gateway that an operator looks at.

use std::{net::SocketAddr, time::Duration};

use greenroom_plugin_gateway::{Gateway, GatewayOptions, UpstreamFrom, gateway, gateway_services};
use greenroom_plugin_observatory::observatory;
use greenroom_proxy::State;
use greenroom_test::{RunningTestBackend, TestBackend, TestResponse, mock::OPS_TOKEN};
use http::Method;
use serde_json::{Value, json};

pub(crate) const API: &str = "/.greenroom/v1/gateway";
pub(crate) const SWITCH: &str = "/.greenroom/v1/gateway/transparent";

/// In front of somebody else's server.
pub(crate) fn in_front_of(address: SocketAddr) -> TestBackend {
    with(UpstreamFrom::Url(format!("http://{address}")))
}

pub(crate) fn with(upstream: UpstreamFrom) -> TestBackend {
    let features = gateway_services(GatewayOptions { upstream });
    let backend = TestBackend::new().config(at_once()).add(observatory()).add(gateway());
    features.into_iter().fold(backend, |backend, feature| backend.add(feature))
}

/// No stop waits for load balancers, and no request for long.
pub(crate) fn at_once() -> Value {
    json!({
        "backend": { "lifecycle": { "startupRequestPauseTimeout": "20ms" } },
        "greenroom": { "run": { "delay": "0s" } },
    })
}

/// An address at which nobody listens.
pub(crate) async fn nowhere() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// Waits until the Node backend is known to be so, and has been asked for its readiness if it can be.
pub(crate) async fn is(backend: &RunningTestBackend, wanted: fn(&State) -> bool) {
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.proxy().state().wait_for(wanted).await.unwrap();
}

pub(crate) fn up(state: &State) -> bool {
    matches!(state, State::Up { .. })
}

pub(crate) fn down(state: &State) -> bool {
    matches!(state, State::Down { .. })
}

/// Waits until the gateway's JSON is so.
pub(crate) async fn shows(backend: &RunningTestBackend, wanted: impl Fn(&Value) -> bool) -> Value {
    told(backend, API, wanted).await
}

/// Waits until the JSON there is so.
pub(crate) async fn told(backend: &RunningTestBackend, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let all = async {
        loop {
            let told = as_operator(backend, Method::GET, path, None).await.json();
            if wanted(&told) {
                return told;
            }
            tokio::task::yield_now().await;
        }
    };
    // Longer than the time from one run of a check to the next.
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("it tells that in time")
}

/// Waits until Node's readiness has been heard.
pub(crate) async fn heard(backend: &RunningTestBackend, is_ready: bool) -> Value {
    shows(backend, |shown| shown["readiness"]["ready"] == is_ready).await
}

pub(crate) async fn as_operator(
    backend: &RunningTestBackend,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> TestResponse {
    let request = backend.request(method, path).header("authorization", &format!("Bearer {OPS_TOKEN}"));
    match body {
        Some(body) => request.json(&body).await,
        None => request.await,
    }
}

/// The page “Now”.
pub(crate) async fn now(backend: &RunningTestBackend) -> String {
    let answer = as_operator(backend, Method::GET, "/.greenroom/", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

/// What a page says, without its markup: one space for each run of space, and for each tag.
pub(crate) fn text(page: &str) -> String {
    without_tags(page, " ")
}

/// The sentence that a page begins with.
pub(crate) fn sentence(page: &str) -> String {
    let (start, end) = (page.find("<h1").unwrap(), page.find("</h1>").unwrap());
    without_tags(&page[start..end], "")
}

fn without_tags(page: &str, instead: &str) -> String {
    let parts = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    let text = parts.collect::<Vec<_>>().join(instead);
    text.split(char::is_whitespace).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
