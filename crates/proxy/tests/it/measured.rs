//! What metrics tell of the server behind.

use std::time::Duration;

use greenroom_logging::Logger;
use greenroom_metrics::MetricsRegistry;

use crate::kit::{Gateway, Kit, Upstream, until};

/// A gateway whose requests are measured.
async fn measured() -> (Gateway, Upstream, MetricsRegistry) {
    let registry = MetricsRegistry::new(&Logger::noop());
    let (upstream, told) = (Upstream::listen().await, registry.clone());
    let gateway = Kit::to(upstream.address).with(|proxy| proxy.metrics(told)).start().await.up().await;
    (gateway, upstream, registry)
}

/// The labels of all series of a histogram, and how often each was recorded.
fn series(registry: &MetricsRegistry, name: &str, upstream: &Upstream) -> Vec<String> {
    let text = registry.text();
    let counts = text.lines().filter_map(|line| line.strip_prefix(&*format!("{name}_count")));
    let port = format!("server_port=\"{}\"", upstream.address.port());
    let mut all: Vec<_> = counts
        .map(|line| line.replace(&port, "server_port=\"PORT\"").replace(",otel_scope_name=\"greenroom\"", ""))
        .collect();
    all.sort();
    all
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[tokio::test]
async fn an_answer_of_the_server_behind_is_told_by_plugin_and_status_once_it_is_known_to_be_one() {
    let (gateway, mut upstream, registry) = measured().await;
    for (path, status) in [
        ("/api/made-up/x", "404 Not Found"),
        ("/api/catalog/x", "200 OK"),
        ("/api/catalog/y", "401 Unauthorized"),
    ] {
        let mut client = gateway.client.send(&get(path)).await;
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        upstream.request().await.0.send(&answer).await;
        client.answer("GET").await;
    }
    let of = |labels: &str| format!("{{{labels},server_address=\"127.0.0.1\",server_port=\"PORT\"}} 1");
    assert_eq!(
        series(&registry, "http_client_request_duration", &upstream),
        [
            of(
                r#"backstage_plugin_id="catalog",error_type="401",http_request_method="GET",http_response_status_code="401""#
            ),
            of(r#"backstage_plugin_id="catalog",http_request_method="GET",http_response_status_code="200""#),
            of(r#"error_type="404",http_request_method="GET",http_response_status_code="404""#),
        ]
    );
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_told_by_its_code() {
    let (gateway, mut upstream, registry) = measured().await;
    let mut client = gateway.client.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
    drop(upstream.request().await);
    client.answer("POST").await;
    assert_eq!(
        series(&registry, "http_client_request_duration", &upstream),
        [
            r#"{error_type="upstream_broke",http_request_method="POST",server_address="127.0.0.1",server_port="PORT"} 1"#
        ]
    );
}

#[tokio::test]
async fn a_stall_is_told_with_its_length_once_it_is_over() {
    let (gateway, upstream, registry) = measured().await;
    upstream.hangs(true);
    until(async || !gateway.proxy.status().stalls.is_empty()).await;
    let name = "greenroom_upstream_stall_duration";
    assert_eq!(series(&registry, name, &upstream), Vec::<String>::new());
    upstream.hangs(false);
    until(async || !gateway.proxy.status().stalls[0].goes_on).await;
    assert_eq!(series(&registry, name, &upstream), [r#"{kind="unknown"} 1"#]);
    let lasted = gateway.proxy.status().stalls[0].lasted;
    let text = registry.text();
    let sum = text.lines().find(|line| line.starts_with(&format!("{name}_sum"))).unwrap();
    let sum = Duration::from_secs_f64(sum.rsplit_once(' ').unwrap().1.parse().unwrap());
    assert!(lasted.abs_diff(sum) < Duration::from_millis(1), "{lasted:?}, {sum:?}");
}
