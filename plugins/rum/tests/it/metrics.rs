//! What metrics tell of browser events.

use greenroom::metrics::MetricsRegistry;
use greenroom_plugin_rum::rum;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::json;

use crate::support::{FakeIntake, Recorded, TOKEN, config, forwarding};

/// The series of a metric that are not at 0, without the plugin's meter.
async fn told(backend: &RunningTestBackend, name: &str) -> Vec<String> {
    let text = backend.service::<MetricsRegistry>().await.unwrap().text();
    let lines =
        text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name) && !line.ends_with(" 0"));
    let scope = r#"otel_scope_name="backstage-plugin-rum""#;
    let plain = lines.map(|line| line[name.len()..].replace(scope, "").replace(",}", "}"));
    plain.collect()
}

#[tokio::test]
async fn what_became_of_requests_and_events_is_told_and_why_some_went_no_further() {
    let (backend, intake) = forwarding(&json!({})).await;
    let good = || Recorded::named("v7-string-proxy-010-rum");
    assert_eq!(good().send(&backend).await.status, 202);
    let other = good().url.replace(TOKEN, "pub1");
    assert_eq!(good().url(other).send(&backend).await.status, 403);
    assert_eq!(intake.seen().len(), 1);
    assert_eq!(told(&backend, "greenroom_rum_requests_total").await, ["{} 2"]);
    assert_eq!(told(&backend, "greenroom_rum_refused_total").await, [r#"{reason="wrongToken"} 1"#]);
    assert_eq!(told(&backend, "greenroom_rum_forwarded_total").await, [r#"{outcome="taken"} 1"#]);
    let events = told(&backend, "greenroom_rum_events_total").await;
    assert!(matches!(&events[..], [one] if one.starts_with(r#"{outcome="accepted"} "#)), "{events:?}");
    for none in ["greenroom_rum_stored_total", "greenroom_rum_dropped_total", "greenroom_rum_waiting"] {
        assert_eq!(told(&backend, none).await, Vec::<String>::new(), "{none}");
    }
}

#[tokio::test]
async fn where_browsers_send_to_nobody_here_there_is_nothing_to_count() {
    let (config, intake) = (config(&json!({"mode": "direct"})), FakeIntake::default());
    let backend = TestBackend::new().config(config).add(rum()).add(intake.client()).start().await.unwrap();
    let text = backend.service::<MetricsRegistry>().await.unwrap().text();
    assert!(!text.contains("greenroom_rum_"), "{text}");
}
