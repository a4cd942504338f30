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
