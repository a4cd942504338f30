//! What the metrics tell of the Node backend.

use std::time::SystemTime;

use greenroom::{logging::Level, metrics::MetricsRegistry};
use greenroom_plugin_gateway::{Gateway, UpstreamFrom};
use greenroom_wrap::{DriftKind, Drifted, Spent};

use crate::{
    node::Node,
    support::{heard, in_front_of, is, up, with},
};

#[tokio::test]
async fn the_metrics_tell_what_is_seen_of_the_node_backend_and_no_name_that_clients_made_up() {
    let node = Node::start().await;
    let backend = with(UpstreamFrom::Child(node.address)).start().await.unwrap();
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.proxy().starts(node.address, None);
    is(&backend, up).await;
    heard(&backend, true).await;
    let spent = |plugin: &str, bytes| Spent {
        plugin: Some(plugin.to_owned()),
        level: Level::Info,
        records: 1,
        bytes,
        recent_records: 1,
        recent_bytes: bytes,
    };
    let changed = |name: &str, kind| Drifted { file: name.into(), kind, since: SystemTime::UNIX_EPOCH };
    gateway.set_drift(move || {
        ["app-config.yaml", "app-config.local.yaml"].map(|name| changed(name, DriftKind::Config)).into()
    });
    gateway.set_log_spend(move || vec![spent("catalog", 70), spent("../etc", 5), spent("a line, really", 6)]);

    let text = backend.service::<MetricsRegistry>().await.unwrap().text();
    let told = |name: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        lines.map(|line| line.replace(r#",otel_scope_name="greenroom""#, "")).collect()
    };
    let scope = r#"{otel_scope_name="greenroom"}"#;
    assert_eq!(told("greenroom_upstream_up"), [format!("greenroom_upstream_up{scope} 1")]);
    assert_eq!(
        told("greenroom_upstream_starts_total"),
        [format!("greenroom_upstream_starts_total{scope} 1")]
    );
    assert_eq!(
        told("greenroom_gateway_retries_total"),
        [format!("greenroom_gateway_retries_total{scope} 0")]
    );
    assert_eq!(
        told("greenroom_upstream_stalls_total"),
        [format!("greenroom_upstream_stalls_total{scope} 0")]
    );
    assert_eq!(
        told("greenroom_log_bytes_total"),
        [
            r#"greenroom_log_bytes_total{backstage_plugin_id="catalog",level="info"} 70"#,
            r#"greenroom_log_bytes_total{level="info"} 11"#,
        ]
    );
    assert_eq!(
        told("greenroom_config_stale"),
        [r#"greenroom_config_stale{kind="config"} 2"#, r#"greenroom_config_stale{kind="lockfile"} 0"#]
    );
    let asked = told("http_client_request_duration_count");
    assert!(
        asked.iter().all(|line| !line.contains("server_port")),
        "a child has another one each time: {asked:?}"
    );
    let port = node.address.port();
    let connections = told("http_client_open_connections");
    assert_eq!(connections.len(), 2, "{connections:?}");
    let peer = format!(r#"server_address="127.0.0.1",server_port="{port}""#);
    assert!(connections.iter().all(|line| line.contains(&peer)), "{connections:?}");
}

#[tokio::test]
async fn a_plugin_behind_has_its_name_in_all_metrics_once_it_has_answered_as_one_by_an_error_too() {
    let node = Node::start().await;
    for (path, status) in [
        ("/api/auth/github/start", 501),
        ("/api/search/query", 401),
        ("/api/made-up/x", 404),
        ("/api/also-made-up/x", 429),
    ] {
        node.answers(path, status, "{}");
    }
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    for path in [
        "/api/made-up/x",
        "/api/also-made-up/x",
        "/api/auth/github/start",
        "/api/search/query",
        "/api/catalog/entities",
    ] {
        backend.get(path).await;
    }
    let registry: MetricsRegistry = backend.service().await.unwrap();
    // By plugin and status.
    let counted = |text: &str, metric: &str| {
        let mut all: Vec<(String, String)> = vec![];
        for line in text.lines().filter(|line| line.split('{').next() == Some(metric)) {
            let label = |name: &str| {
                let value = line.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
                value.unwrap_or_default().to_owned()
            };
            all.push((label("backstage_plugin_id"), label("http_response_status_code")));
        }
        all
    };
    let expected = [("", "404"), ("", "429"), ("auth", "501"), ("catalog", "200"), ("search", "401")];
    let expected = expected.map(|(plugin, status)| (plugin.to_owned(), status.to_owned()));
    let all = async {
        loop {
            let text = registry.text();
            let counted = counted(&text, "http_server_request_duration_count");
            // The last one is counted a moment after its answer.
            if counted.iter().any(|(plugin, _)| plugin == "catalog") {
                return (text, counted);
            }
            tokio::task::yield_now().await;
        }
    };
    let (text, mut requests) = tokio::time::timeout(std::time::Duration::from_secs(10), all).await.unwrap();
    requests.sort();
    assert_eq!(requests, expected);
    assert_eq!(counted(&text, "greenroom_auth_failures_total"), [("search".to_owned(), "401".to_owned())]);
}
