//! What happens when nobody takes what is sent.

use std::time::{Duration, Instant};

use crate::{
    Up,
    collector::{Collector, Does, until},
};

/// Only traces, a few at a time, soon.
fn soon(url: &str) -> [(&str, &str); 5] {
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "8"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4"),
    ]
}

const EXPORTED: &str = "otel_sdk_exporter_span_exported_total";
const PROCESSED: &str = "otel_sdk_processor_span_processed_total";

fn of(name: &str, error: &str) -> String {
    format!(r#"{name}{{error_type="{error}""#)
}

fn taken(up: &Up) -> f64 {
    up.metric(&format!("{EXPORTED}{{otel_component"))
}

#[tokio::test]
async fn traces_10_what_may_be_taken_later_is_sent_again_when_the_collector_says() {
    let (collector, url) = Collector::start().await;
    collector.then([Does::Later(503, 0), Does::Later(429, 0), Does::Answers(502)]);
    let up = Up::start("", &soon(&url)).await;
    up.spans(2);
    collector.until(|collector| collector.spans().len() == 2).await;
    assert_eq!(collector.calls().len(), 4);
    until(|| taken(&up) == 2.0).await;
    let told = up.told();
    let about = |what: &str| told.iter().filter(|line| line.contains(what)).count();
    assert_eq!((about("Traces do not arrive"), about("Traces arrive again")), (1, 1), "{told:#?}");
    assert!(told.iter().any(|line| line.contains("0 spans were dropped meanwhile")), "{told:#?}");
    up.running.stop().await;
}

#[tokio::test]
async fn traces_11_what_nobody_will_take_is_counted_and_not_sent_again() {
    let (collector, url) = Collector::start().await;
    collector.then([Does::Answers(401), Does::Answers(400)]);
    let up = Up::start("", &soon(&url)).await;
    up.spans(2);
    until(|| up.metric(&of(EXPORTED, "401")) == 2.0).await;
    up.spans(1);
    until(|| up.metric(&of(EXPORTED, "400")) == 1.0).await;
    up.spans(3);
    until(|| taken(&up) == 3.0).await;
    assert_eq!(collector.calls().len(), 3);
    let told = up.told();
    assert!(told.iter().any(|line| line.contains("it wants a key, or another one")), "{told:#?}");
    assert!(told.iter().any(|line| line.contains("3 spans were dropped meanwhile")), "{told:#?}");
    up.running.stop().await;
}

#[tokio::test]
async fn traces_12_what_is_rejected_of_a_batch_is_counted_and_told_once_without_credentials() {
    let (collector, url) = Collector::start().await;
    collector.then([Does::Rejects(1), Does::Rejects(2)]);
    let up = Up::start("", &soon(&url)).await;
    up.spans(2);
    until(|| up.metric(&of(EXPORTED, "rejected")) == 1.0).await;
    up.spans(2);
    until(|| up.metric(&of(EXPORTED, "rejected")) == 3.0).await;
    assert_eq!(taken(&up), 1.0);
    let told: Vec<_> = up.told().into_iter().filter(|line| line.contains("takes not all")).collect();
    assert!(told.len() == 1 && told[0].contains("https://***@limits.example"), "{told:#?}");
    up.running.stop().await;
}

#[tokio::test]
async fn traces_13_a_black_hole_holds_nobody_up_and_its_name_is_in_no_line() {
    let (collector, url) = Collector::start().await;
    collector.always(Does::Hangs);
    let up = Up::start("", &soon(&url)).await;
    up.spans(4);
    collector.until(|collector| !collector.calls().is_empty()).await;
    let began = Instant::now();
    up.spans(1_000);
    assert!(began.elapsed() < Duration::from_secs(1), "nobody waits");
    assert_eq!(up.metric(&of(PROCESSED, "queue_full")), 992.0);
    let began = Instant::now();
    let Up { running, lines, .. } = up;
    running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(8), "nor does a stop for long");
    let told = lines.lines();
    assert!(told.iter().any(|line| line.contains("12 spans were not sent before the end")), "{told:#?}");
    assert!(told.iter().all(|line| !line.contains("127.0.0.1")), "{told:#?}");
}

#[tokio::test]
async fn traces_14_each_span_arrives_or_is_counted_when_the_collector_goes_away_and_comes_again() {
    // Its place is taken by nobody meanwhile, most likely: nothing here asks the system for a port.
    let place = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = place.local_addr().unwrap();
    drop(place);
    let url = format!("http://{address}");
    let up = Up::start("", &soon(&url)).await;
    up.spans(20);
    until(|| up.told().iter().any(|line| line.contains("nothing accepts connections"))).await;
    let (collector, _) = Collector::at(address).await;
    until(|| up.told().iter().any(|line| line.contains("Traces arrive again"))).await;
    up.spans(4);
    until(|| {
        let counts = up.provider.counts();
        counts.waiting == 0 && taken(&up) == counts.taken as f64
    })
    .await;
    let dropped = up.metric(&of(PROCESSED, "queue_full"));
    let mut ids: Vec<_> = collector.spans().into_iter().map(|span| span.span_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len() as f64 + dropped, 24.0);
    assert!(dropped > 0.0);
    up.running.stop().await;
}

#[tokio::test]
async fn what_is_left_at_a_stop_is_sent() {
    let (collector, url) = Collector::start().await;
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100")];
    let up = Up::start("", &variables).await;
    up.spans(99);
    up.running.stop().await;
    assert_eq!(collector.spans().len(), 99);
    assert!(!collector.metrics("otel.sdk.processor.span.queue.capacity").is_empty());
}
