//! What arrives at a collector.

use greenroom_context::{Context, Request};
use greenroom_traces::{
    KeyValue as Attribute, LONGEST_TEXT, MOST_PARTS, SpanKind, Status, StringValue, Value as Said,
};
use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{AggregationTemporality, Metric, metric::Data, number_data_point},
    trace::v1::{span, status::StatusCode},
};

use crate::{Up, collector::Collector};

/// The attributes that are texts.
fn texts(attributes: &[KeyValue]) -> Vec<(&str, &str)> {
    let text = |one: &'_ KeyValue| match one.value.as_ref()?.value.as_ref()? {
        Value::StringValue(_) => Some(()),
        _ => None,
    };
    let of = attributes.iter().filter(|one| text(one).is_some());
    of.map(|one| match &one.value.as_ref().unwrap().value {
        Some(Value::StringValue(text)) => (&*one.key, &**text),
        _ => unreachable!("filtered"),
    })
    .collect()
}

#[tokio::test]
async fn traces_7_spans_arrive_with_all_that_is_known_of_them_and_without_the_secrets_of_the_config() {
    let (collector, url) = Collector::start().await;
    let yaml = "backend: { auth: { keys: [ { secret: hunter2hunter2 } ] } }";
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_SERVICE_NAME", "portal"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test%20bed,service.name=other"),
    ];
    let up = Up::start(yaml, &variables).await;
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = Request::from_headers([("traceparent", traceparent), ("tracestate", "a=b")]);
    let request = request.sampled(|_| true);
    let own = request.trace().span_id().as_str().to_owned();
    let outer = Context::default().with_request(request).with_plugin("catalog").sync_scope(|| {
        let outer = up.provider.own().span("read").kind(SpanKind::Client).attribute("page", 7).start();
        outer.set_attribute("asked", "?token=hunter2hunter2");
        outer.add_event("half", vec![]);
        outer.set_status(Status::Error("hunter2hunter2 is wrong".to_owned()));
        outer
    });
    outer.end();
    up.running.stop().await;

    let [(resource, scope)] = &collector.scopes()[..] else { panic!("one scope") };
    let said = texts(&resource.attributes);
    assert!(said.contains(&("service.name", "portal")), "{said:?}");
    assert!(said.contains(&("deployment.environment.name", "test bed")), "{said:?}");
    assert!(said.contains(&("telemetry.sdk.language", "rust")), "{said:?}");
    // Replicas are told apart.
    assert!(said.iter().any(|(key, value)| *key == "service.instance.id" && !value.is_empty()), "{said:?}");
    assert_eq!(scope.scope.as_ref().unwrap().name, "greenroom");
    let [span] = &scope.spans[..] else { panic!("one span") };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(&span.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!((hex(&span.parent_span_id), span.span_id.len()), (own, 8));
    assert_eq!((&*span.name, span.kind(), &*span.trace_state), ("read", span::SpanKind::Client, "a=b"));
    // It is recorded, and its parent is known to be here.
    assert_eq!(span.flags, 0x101);
    assert_eq!(texts(&span.attributes), [("backstage.plugin.id", "catalog"), ("asked", "?token=***")]);
    let status = span.status.as_ref().unwrap();
    assert_eq!((status.code(), &*status.message), (StatusCode::Error, "*** is wrong"));
    assert_eq!(span.events[0].name, "half");
    assert!(span.start_time_unix_nano <= span.events[0].time_unix_nano);
    assert!(span.events[0].time_unix_nano <= span.end_time_unix_nano);
}

#[tokio::test]
async fn traces_7_whatever_is_said_of_a_span_goes_out_without_secrets_and_without_half_of_one() {
    let (collector, url) = Collector::start().await;
    let yaml = "backend: { auth: { keys: [ { secret: hunter2hunter2 } ] } }";
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_METRICS_EXPORTER", "none")];
    let up = Up::start(yaml, &variables).await;
    let secret = "hunter2hunter2";
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = Request::from_headers([("traceparent", traceparent), ("tracestate", "a=hunter2hunter2")]);
    let within = Context::default().with_request(request.sampled(|_| true));
    within.sync_scope(|| up.provider.own().span("of a client").start()).end();
    let span = up.provider.own().span(format!("read {secret}")).start();
    // Wherever a text is cut on its way, a cut goes through the secret.
    let about = |length: usize| length - 18..length + 2;
    for length in [LONGEST_TEXT, LONGEST_TEXT + 256].into_iter().flat_map(about) {
        let text = "x".repeat(length) + secret + "y";
        span.add_event(text.clone(), vec![Attribute::new(format!("key {text}"), text)]);
        span.set_attribute(format!("{length}"), "x".repeat(length) + secret);
    }
    let list = Said::Array(vec![StringValue::from(secret), "open".into()].into());
    // What is cut where it was said, and is short once its secrets are hidden.
    span.set_attribute("again", secret.repeat(200));
    span.set_attribute("list", list);
    span.set_status(Status::Error("x".repeat(LONGEST_TEXT - 3) + secret));
    span.end();
    let many = up.provider.own().span("many").start();
    many.add_event("half", (0..MOST_PARTS + 2).map(|n| Attribute::new(format!("{n}"), 1)).collect());
    many.end();
    up.running.stop().await;
    let [of_client, span, many] = &collector.spans()[..] else { panic!("three spans") };
    assert_eq!(of_client.trace_state, "a=***");
    let told = format!("{span:?}");
    assert!(!told.contains("hun") && told.contains("read ***"), "{told}");
    assert!(told.contains(r#"ArrayValue { values: [AnyValue { value: Some(StringValue("***"))"#), "{told}");
    let lengths = texts(&span.attributes).into_iter().map(|(_, text)| text.len());
    assert_eq!(lengths.max(), Some(LONGEST_TEXT));
    assert!(span.events.iter().all(|event| event.name.len() <= LONGEST_TEXT));
    assert_eq!((span.events.len(), many.events[0].dropped_attributes_count), (40, 2));
}

#[tokio::test]
async fn traces_8_a_signal_goes_where_its_variables_say_with_their_headers_and_packed() {
    let (collector, url) = Collector::start().await;
    let traces = format!("{url}/tenant/x?v=1");
    let base = format!("{url}/otlp/");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*base),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*traces),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=for%20all"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=for%20traces"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json"),
    ];
    let up = Up::start("", &variables).await;
    up.spans(3);
    up.running.stop().await;
    let mut calls = collector.calls();
    calls.sort_by(|a, b| a.path.cmp(&b.path));
    let told: Vec<_> = calls
        .iter()
        .map(|call| {
            let header =
                |name| call.headers.get(name).map(|value: &axum::http::HeaderValue| value.to_str().unwrap());
            (
                &*call.path,
                header("api-key").unwrap(),
                header("content-type").unwrap(),
                header("content-encoding").unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("/otlp/v1/metrics", "for all", "application/json", "gzip"),
            ("/tenant/x?v=1", "for traces", "application/x-protobuf", "gzip"),
        ]
    );
    assert_eq!(collector.spans().len(), 3);
    assert!(!collector.metrics("otel.sdk.processor.span.processed").is_empty());
    assert!(calls.iter().all(|call| !call.headers.contains_key("traceparent")), "what sends is in no trace");
}

#[tokio::test]
async fn json_is_as_the_protocol_has_it() {
    let (collector, url) = Collector::start().await;
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
    let up = Up::start("", &variables).await;
    up.spans(1);
    up.running.stop().await;
    let [span] = &collector.spans()[..] else { panic!("one span") };
    assert_eq!((span.trace_id.len(), span.span_id.len(), &*span.name), (16, 8, "work"));
}

fn sums(metrics: Vec<Metric>) -> Vec<(f64, AggregationTemporality)> {
    let of = |metric: Metric| match metric.data {
        Some(Data::Sum(sum)) => match sum.data_points[0].value {
            Some(number_data_point::Value::AsDouble(value)) => (value, sum.aggregation_temporality()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    metrics.into_iter().map(of).collect()
}

/// What a counter says that grows by 2, and then by 3.
async fn counted(preference: &str) -> Vec<(f64, AggregationTemporality)> {
    let (collector, url) = Collector::start().await;
    let variables = [
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &*url),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", preference),
        ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
    ];
    let metrics_at = format!("{url}/v1/metrics");
    let variables = variables.map(|(name, value)| (name, if value == url { &*metrics_at } else { value }));
    let up = Up::start("", &variables).await;
    let counter = up.registry.own().counter("runs").build().bind(&[]);
    counter.add(2);
    collector.until(|collector| !collector.metrics("runs").is_empty()).await;
    counter.add(3);
    // Prometheus reads at the same time, and takes nothing away.
    assert_eq!(up.metric("runs_total{"), 5.0);
    let told = |collector: &Collector| {
        let mut all = sums(collector.metrics("runs"));
        all.dedup();
        all.retain(|(value, _)| *value > 0.0);
        all
    };
    collector.until(|collector| told(collector).len() == 2).await;
    up.running.stop().await;
    assert!(!up.provider.is_open(), "no endpoint is said for traces");
    told(&collector)
}

#[tokio::test]
async fn traces_9_metrics_are_sums_since_the_start_or_since_the_last_time() {
    assert_eq!(
        counted("cumulative").await,
        [(2.0, AggregationTemporality::Cumulative), (5.0, AggregationTemporality::Cumulative)]
    );
    for preference in ["delta", "LowMemory"] {
        assert_eq!(
            counted(preference).await,
            [(2.0, AggregationTemporality::Delta), (3.0, AggregationTemporality::Delta)],
            "{preference}"
        );
    }
}

#[tokio::test]
async fn the_start_tells_what_is_sent_and_not_where_to() {
    let (_collector, url) = Collector::start().await;
    let up =
        Up::start(&format!("greenroom: {{ telemetry: {{ otlp: {{ endpoint: '{url}' }} }} }}"), &[]).await;
    let told = up.told();
    assert!(
        told.iter().any(|line| line.contains("Traces and metrics every 60 s go out by OTLP")),
        "{told:?}"
    );
    assert!(told.iter().all(|line| !line.contains("127.0.0.1")), "{told:?}");
    up.running.stop().await;

    let up = Up::start("", &[]).await;
    assert!(!up.provider.is_open());
    assert!(up.told().iter().all(|line| !line.contains("OTLP")));
    up.running.stop().await;
}
