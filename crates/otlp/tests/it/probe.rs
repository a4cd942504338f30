//! One of each, sent to see whether it arrives.

use greenroom_config::RootConfig;
use greenroom_http_client::ClientEnvironment;
use greenroom_otlp::{Signal, probe};

use crate::{
    collector::{Collector, Does},
    settings,
};

#[tokio::test]
async fn traces_15_what_is_sent_is_told_by_what_it_is_found_by() {
    let (collector, url) = Collector::start().await;
    let settings = settings("", &[("OTEL_EXPORTER_OTLP_ENDPOINT", &*url)]);
    let config = RootConfig::from_yaml("").unwrap();
    let probed = probe::send_one(&config, &settings, ClientEnvironment::default()).await.unwrap();
    let [traces, metrics] = &probed[..] else { panic!("both") };
    assert_eq!((traces.signal, metrics.signal), (Signal::Traces, Signal::Metrics));
    assert_eq!((&traces.failed, &metrics.failed), (&None, &None));
    let host = url.strip_prefix("http://").unwrap();
    assert_eq!(traces.target, format!("{host}/v1/traces"));
    let [span] = &collector.spans()[..] else { panic!("one span") };
    let id: String = span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((traces.found_by.clone(), &*span.name), (id, probe::SPAN));
    assert_eq!(collector.metrics(&metrics.found_by).len(), 1);
}

#[tokio::test]
async fn traces_16_what_does_not_arrive_says_why() {
    let (collector, url) = Collector::start().await;
    collector.then([Does::Answers(404), Does::Answers(503)]);
    let settings = settings("", &[("OTEL_EXPORTER_OTLP_ENDPOINT", &*url)]);
    let config = RootConfig::from_yaml("").unwrap();
    let probed = probe::send_one(&config, &settings, ClientEnvironment::default()).await.unwrap();
    let why: Vec<_> = probed.iter().map(|of| of.failed.as_deref().unwrap()).collect();
    assert_eq!(
        why,
        [
            "the collector answers 404 (nothing takes OTLP there: see the path of the endpoint)",
            "the collector answers 503 (it is not well)",
        ]
    );
}

#[tokio::test]
async fn traces_16_what_a_collector_says_is_bounded_and_harms_no_terminal() {
    let (collector, url) = Collector::start().await;
    collector
        .then([Does::Says("\u{1b}[2Jhunter2hunter2 is over its limit\n".to_owned() + &"x".repeat(60_000))]);
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_METRICS_EXPORTER", "none")];
    let config =
        RootConfig::from_yaml("backend: { auth: { keys: [ { secret: hunter2hunter2 } ] } }").unwrap();
    let settings = settings("", &variables);
    let probed = probe::send_one(&config, &settings, ClientEnvironment::default()).await.unwrap();
    let why = probed[0].failed.as_deref().unwrap();
    assert!(why.contains(r"\u001b[2J*** is over its limit\nxxx") && why.len() < 400, "{why}");
}

#[tokio::test]
async fn traces_16_what_json_says_was_rejected_is_a_number_or_a_text() {
    for (spans, points) in [
        (r#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no room"}}"#, "{}"),
        (r#"{"partialSuccess":{"rejectedSpans":1,"errorMessage":"no room"}}"#, r#"{"partialSuccess":{}}"#),
    ] {
        let (collector, url) = Collector::start().await;
        collector.then([spans, points].map(|body| Does::Writes("application/json", body)));
        let variables =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
        let [traces, metrics] = failed(&variables).await;
        assert!(traces.is_some_and(|why| why.ends_with("rejected what was in it: no room")), "{spans}");
        assert_eq!(metrics, None, "{points}");
    }
}

#[tokio::test]
async fn traces_16_a_page_that_answers_whatever_is_asked_is_no_collector() {
    let (collector, url) = Collector::start().await;
    collector.always(Does::Writes("Text/HTML; charset=utf-8", "<!doctype html>"));
    for why in failed(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &*url)]).await {
        let expected =
            "what answers there is no collector: it answers with a page (see the endpoint, and its port)";
        assert_eq!(why.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn traces_16_a_path_that_was_meant_for_one_signal_or_for_all_is_told() {
    let (collector, url) = Collector::start().await;
    collector.always(Does::Answers(404));
    let of_all = format!("{url}/v1/traces");
    let variables =
        [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*url), ("OTEL_EXPORTER_OTLP_ENDPOINT", &*of_all)];
    let [traces, metrics] = failed(&variables).await.map(Option::unwrap);
    assert!(
        traces.contains("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is taken as it is: write /v1/traces at its end"),
        "{traces}"
    );
    assert!(
        metrics.contains(
            "/v1/metrics is added to the endpoint of all signals, which ends in /v1/traces already"
        ),
        "{metrics}"
    );
}

/// Why each of the two was not taken.
async fn failed(variables: &[(&str, &str)]) -> [Option<String>; 2] {
    let config = RootConfig::from_yaml("").unwrap();
    let probed = probe::send_one(&config, &settings("", variables), ClientEnvironment::default()).await;
    probed.unwrap().into_iter().map(|of| of.failed).collect::<Vec<_>>().try_into().unwrap()
}

#[tokio::test]
async fn no_key_that_a_collector_gets_is_told_to_a_terminal() {
    let (collector, url) = Collector::start().await;
    collector.then([Does::Says("the key of-header-1 has no room".to_owned())]);
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=of-header-1"),
    ];
    let config = RootConfig::from_yaml("").unwrap();
    let settings = settings("", &variables);
    let probed = probe::send_one(&config, &settings, ClientEnvironment::default()).await.unwrap();
    let why = probed[0].failed.as_deref().unwrap();
    assert!(why.ends_with("the key *** has no room"), "{why}");
}
