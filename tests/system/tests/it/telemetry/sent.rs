//! What a backend tells that sends: of its sending, and the spans of its requests.

use std::{collections::BTreeSet, time::Duration};

use greenroom_core::service;
use greenroom_http::Forwarding;
use greenroom_test::TestBackend;
use greenroom_traces::{Sampler, TracerProvider};
use serde_json::json;

use super::{All, Behind, add, catalog, until};

/// Where no call goes: nobody is asked, and all that is sent is lost at once.
const IN_VAIN: [(&str, &str); 3] = [
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://169.254.0.1:4318"),
    ("OTEL_BSP_SCHEDULE_DELAY", "10"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "10"),
];

/// A backend that sends in vain.
pub(super) async fn in_vain(all: &mut All) {
    let backend = TestBackend::new().otel(&IN_VAIN).start().await.unwrap();
    backend.get("/nobody").await;
    until(&backend, "otel.sdk.exporter.span.exported", "error.type").await;
    until(&backend, "otel.sdk.exporter.metric_data_point.exported", "error.type").await;
    add(all, &backend).await;
}

/// The spans of requests, as the lock has them.
pub(super) async fn spans() -> String {
    let provider = TracerProvider::default();
    let spans = provider.open(Sampler::default(), 64, 64).unwrap();
    let (installed, forwarding) = (provider.clone(), Forwarding::new(Behind));
    let backend = TestBackend::new()
        .add(service(async move || Ok(installed.clone())))
        .add(service(async move || Ok(forwarding.clone())))
        .add(catalog())
        .start()
        .await
        .unwrap();
    backend.post_json("/api/catalog/entities", &json!({"kind": "component"})).await;
    backend.get("/api/catalog/fails").header("user-agent", "tests").await;
    backend.get("/api/elsewhere/events").await;
    let mut recorded = vec![];
    let taken = async {
        while recorded.len() < 3 {
            let taken = spans.next(Duration::from_millis(5)).await;
            recorded.extend(taken.into_iter().filter(|span| format!("{:?}", span.kind) == "Server"));
        }
    };
    tokio::time::timeout(Duration::from_secs(20), taken).await.expect("three requests");
    assert_eq!(recorded[0].name, "POST /api/catalog/entities");
    let keys = recorded.iter().flat_map(|span| &span.attributes).map(|one| one.key.as_str());
    let keys = keys.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ");
    let tracers: BTreeSet<_> = recorded.iter().map(|span| &*span.scope.name).collect();
    assert_eq!(tracers, ["greenroom"].into());
    format!(
        "\nspan {{http.request.method}} {{http.route}}\n  kind: server\n  tracer: greenroom\n  attributes: {keys}\n  \
         description: A request, from its first byte to the last of its answer.\n"
    )
}
