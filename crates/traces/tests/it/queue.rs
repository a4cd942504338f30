//! Where spans wait.

use std::time::Duration;

use greenroom_context::spawn;
use greenroom_traces::{Sampler, SpanCounts, TracerProvider};

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn each_span_waits_is_taken_or_is_counted_as_dropped() {
    let provider = TracerProvider::default();
    let spans = provider.open(Sampler::default(), 3, 2).unwrap();
    let tracer = provider.own();
    for name in ["a", "b", "c", "d", "e"] {
        tracer.span(name).start().end();
    }
    assert_eq!(provider.counts(), SpanCounts { waiting: 3, capacity: 3, taken: 0, dropped: 2 });
    let names =
        |taken: Vec<greenroom_traces::SpanData>| taken.into_iter().map(|of| of.name).collect::<Vec<_>>();
    assert_eq!(names(spans.take()), ["a", "b"], "the oldest first");
    assert_eq!(names(spans.take()), ["c"]);
    assert!(spans.take().is_empty());
    assert_eq!(spans.counts(), SpanCounts { waiting: 0, capacity: 3, taken: 3, dropped: 2 });
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_there_at_once_and_a_few_after_the_delay() {
    let provider = TracerProvider::default();
    let spans = provider.open(Sampler::default(), 16, 2).unwrap();
    let tracer = provider.own();
    let began = tokio::time::Instant::now();
    tracer.span("one").start().end();
    assert_eq!(spans.next(Duration::from_secs(5)).await.len(), 1);
    assert_eq!(began.elapsed(), Duration::from_secs(5));

    let filling = tracer.clone();
    let filled = spawn("fill", async move {
        for name in ["a", "b", "c"] {
            filling.span(name).start().end();
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(spans.next(LONG).await.len(), 2);
    filled.await.unwrap();
    assert_eq!(spans.next(Duration::from_secs(1)).await.len(), 1);
    assert!(began.elapsed() < LONG, "nobody waited for what was there");
}

#[test]
fn nothing_is_recorded_as_long_as_nobody_takes_it() {
    let provider = TracerProvider::default();
    let span = provider.own().span("a");
    assert!(!span.is_recording() && !provider.is_open() && provider.sampler().is_none());
    let span = span.start();
    assert!(span.trace().is_none(), "nor does work get a trace by it");
    span.end();
    assert_eq!(provider.counts(), SpanCounts::default());
}
