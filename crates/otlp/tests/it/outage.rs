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
    assert_eq!(about("They are sent again for a while"), 1, "{told:#?}");
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
    assert!(told.iter().any(|line| line.contains("They are dropped, and counted")), "{told:#?}");
    assert!(told.iter().all(|line| !line.contains("sent again for a while")), "{told:#?}");
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
async fn traces_12_a_batch_of_which_all_is_rejected_is_none_that_arrives() {
    let (collector, url) = Collector::start().await;
    collector.then([Does::Answers(401), Does::Rejects(2)]);
    let up = Up::start("", &soon(&url)).await;
    up.spans(1);
    until(|| up.metric(&of(EXPORTED, "401")) == 1.0).await;
    up.spans(2);
    until(|| up.metric(&of(EXPORTED, "rejected")) == 2.0).await;
    assert!(up.told().iter().all(|line| !line.contains("arrive again")), "{:#?}", up.told());
    up.spans(1);
    until(|| up.told().iter().any(|line| line.contains("3 spans were dropped meanwhile"))).await;
    up.running.stop().await;
}

#[tokio::test]
async fn traces_12_what_a_collector_says_is_cut_behind_its_secrets() {
    let (collector, url) = Collector::start().await;
    // A cut at 256 bytes goes through the secret.
    collector.then([Does::Says("x".repeat(250) + "hunter2hunter2")]);
    let yaml = "backend: { auth: { keys: [ { secret: hunter2hunter2 } ] } }";
    let up = Up::start(yaml, &soon(&url)).await;
    up.spans(1);
    until(|| up.told().iter().any(|line| line.contains("takes not all"))).await;
    assert!(up.told().iter().all(|line| !line.contains("hunter")), "{:#?}", up.told());
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

#[tokio::test]
async fn a_collector_that_says_no_time_or_one_gone_by_is_not_called_again_at_once() {
    for does in [Does::Later(503, 0), Does::Past(429)] {
        let (collector, url) = Collector::start().await;
        collector.then([does.clone()]);
        let up = Up::start("", &soon(&url)).await;
        up.spans(1);
        collector.until(|collector| !collector.calls().is_empty()).await;
        let began = Instant::now();
        collector.until(|collector| collector.spans().len() == 1).await;
        // Half of a second is the shortest wait.
        assert!(began.elapsed() > Duration::from_millis(400), "{does:?}: {:?}", began.elapsed());
        up.running.stop().await;
    }
}

#[tokio::test]
async fn what_comes_while_a_collector_wants_rest_waits_in_the_queue() {
    let (collector, url) = Collector::start().await;
    collector.then([Does::Later(429, 2)]);
    let mut variables = soon(&url).to_vec();
    variables.push(("OTEL_BSP_EXPORT_TIMEOUT", "1000"));
    let up = Up::start("", &variables).await;
    up.spans(4);
    collector.until(|collector| !collector.calls().is_empty()).await;
    let began = Instant::now();
    // They cannot wait so long, and are counted.
    until(|| up.metric(&of(EXPORTED, "429")) == 4.0).await;
    up.spans(8);
    collector.until(|collector| collector.spans().len() == 8).await;
    assert!(began.elapsed() > Duration::from_millis(1_900), "{:?}", began.elapsed());
    assert_eq!((collector.calls().len(), up.metric(&of(PROCESSED, "queue_full"))), (3, 0.0));
    up.running.stop().await;
}

#[tokio::test]
async fn what_is_left_at_a_stop_is_sent_again_while_there_is_time() {
    let (collector, url) = Collector::start().await;
    collector.then([Does::Answers(503), Does::Answers(503)]);
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_METRICS_EXPORTER", "none")];
    let up = Up::start("", &variables).await;
    up.spans(9);
    let Up { running, lines, .. } = up;
    running.stop().await;
    assert_eq!(collector.spans().len(), 9);
    assert!(lines.lines().iter().all(|line| !line.contains("were not sent before the end")));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_collector_that_wants_more_time_than_there_is() {
    let (collector, url) = Collector::start().await;
    collector.always(Does::Later(503, 60));
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_METRICS_EXPORTER", "none")];
    let Up { running, lines, provider, .. } = Up::start("", &variables).await;
    provider.own().span("work").start().end();
    let began = Instant::now();
    running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let told = lines.lines();
    assert!(told.iter().any(|line| line.contains("1 spans were not sent before the end")), "{told:#?}");
}

#[tokio::test]
async fn a_success_is_one_however_long_its_body_is() {
    let (collector, url) = Collector::start().await;
    let long: &str = Box::leak("x".repeat(200_000).into_boxed_str());
    collector.always(Does::Writes("application/x-protobuf", long));
    let up = Up::start("", &soon(&url)).await;
    up.spans(2);
    until(|| taken(&up) == 2.0).await;
    up.running.stop().await;
    assert_eq!(collector.calls().len(), 1);
}

#[tokio::test]
async fn no_key_that_a_collector_gets_is_told_when_it_tells_it_again() {
    let (collector, url) = Collector::start().await;
    collector.then([Does::Says("no room for of-header-1, of-bearer-2, of-query-3".to_owned())]);
    let endpoint = format!("{url}?key=of-query-3");
    let mut variables = soon(&endpoint).to_vec();
    variables.push(("OTEL_EXPORTER_OTLP_HEADERS", "api-key=of-header-1,authorization=Bearer%20of-bearer-2"));
    let up = Up::start("", &variables).await;
    up.spans(1);
    until(|| up.told().iter().any(|line| line.contains("no room for ***, ***, ***"))).await;
    assert!(up.told().iter().all(|line| !line.contains("of-")), "{:#?}", up.told());
    up.running.stop().await;
}
