//! What the metrics tell of the Node backend.

use greenroom::{logging::Level, metrics::MetricsRegistry};
use greenroom_plugin_gateway::{Gateway, UpstreamFrom};
use greenroom_wrap::Spent;

use crate::{
    node::Node,
    support::{heard, is, up, with},
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
    let port = node.address.port();
    let connections = told("http_client_open_connections");
    assert_eq!(connections.len(), 2, "{connections:?}");
    let peer = format!(r#"server_address="127.0.0.1",server_port="{port}""#);
    assert!(connections.iter().all(|line| line.contains(&peer)), "{connections:?}");
}
