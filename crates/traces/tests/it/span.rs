//! A span from its beginning to its end.

use std::{panic::AssertUnwindSafe, time::Duration};

use greenroom_context::{Context, Request, TraceContext, catch_panic};
use greenroom_errors::{Error, Result};
use greenroom_traces::{
    Array, KeyValue, LONGEST_TEXT, MOST_PARTS, Sampler, SpanKind, Status, StringValue, Tracer,
    TracerProvider, Value,
};

use crate::{open, said};

/// The context of a request that is recorded, or is not.
fn request(is_sampled: bool) -> Context {
    Context::default().with_request(Request::new(None, None).sampled(|_| is_sampled))
}

#[tokio::test]
async fn a_span_is_a_child_of_what_is_at_work_and_the_parent_of_what_is_within_it() {
    let (provider, spans) = open();
    let tracer = provider.own();
    let context = request(true);
    let own = *context.trace().unwrap();
    let work = async {
        let outer = tracer.span("outer").run(async |_| {
            let outer = *Context::current().trace().unwrap();
            let inner = tracer.span("inner").run(async |_| {
                let carried: Vec<_> = Context::current().headers().map(|(name, _)| name).collect();
                assert_eq!(carried, ["x-request-id", "traceparent"]);
                let parent = Context::current().trace_headers().next().unwrap().1;
                assert_eq!(parent, Context::current().trace().unwrap().traceparent());
                Ok(*Context::current().trace().unwrap())
            });
            assert_eq!(inner.await?.parent_span_id(), Some(outer.span_id()));
            Ok(outer)
        });
        outer.await.unwrap()
    };
    let outer = context.scope(work).await;
    assert_eq!((outer.trace_id(), outer.parent_span_id()), (own.trace_id(), Some(own.span_id())));
    let recorded: Vec<_> = spans.take().iter().map(|span| (span.name.clone(), span.trace)).collect();
    assert_eq!((&*recorded[0].0, recorded[0].1.parent_span_id()), ("inner", Some(outer.span_id())));
    assert_eq!((&*recorded[1].0, recorded[1].1), ("outer", outer));
}

#[test]
fn lines_within_a_span_tell_it() {
    let (provider, _spans) = open();
    let context = request(true).with_plugin("catalog");
    let span = context.sync_scope(|| provider.own().span("a")).start();
    let mut told = vec![];
    span.context().each_field(|field| told.push((field.key, field.value.to_owned())));
    let keys: Vec<_> = told.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, ["plugin", "requestId", "trace_id", "span_id", "trace_flags"]);
    assert_eq!(told[3].1, span.trace().unwrap().span_id().as_str());
    assert_eq!(told[4].1, "01");
}

#[test]
fn a_request_that_is_not_recorded_has_no_spans_and_stays_what_calls_carry() {
    let (provider, spans) = open();
    let context = request(false);
    context.sync_scope(|| {
        let span =
            provider.own().span("a").attributes(|| -> Vec<KeyValue> { unreachable!("nobody asks") }).start();
        assert_eq!(span.context().trace(), Context::current().trace());
        assert!(!span.is_recording());
    });
    assert!(spans.take().is_empty());
}

#[test]
fn what_a_sampler_leaves_out_begins_no_trace_further_in() {
    let provider = TracerProvider::default();
    let spans = provider.open("always_off".parse().unwrap(), 8, 8).unwrap();
    let tracer = provider.own();
    let outer = tracer.span("task").start();
    assert_eq!(outer.trace().unwrap().flags(), "00");
    outer.context().sync_scope(|| assert!(!tracer.span("step").is_recording()));
    assert!(spans.take().is_empty());
}

#[tokio::test]
async fn an_error_is_noted_and_goes_on() {
    let (provider, spans) = open();
    let failed: Result =
        provider.own().span("a").run(async |_| Err(Error::not_found("No task '7'").into())).await;
    assert_eq!(failed.unwrap_err().downcast_ref::<Error>().unwrap().status(), 404);
    let [span] = &spans.take()[..] else { panic!("one span") };
    assert_eq!(span.status, Status::Error("No task '7'".to_owned()));
    assert_eq!(said(span, "error.type").as_deref(), Some("NotFoundError"));
    let [event] = &span.events[..] else { panic!("one event") };
    let told: Vec<_> = event.attributes.iter().map(|one| (one.key.as_str(), one.value.to_string())).collect();
    assert_eq!(event.name, "exception");
    assert_eq!(
        told,
        [("exception.type", "NotFoundError".to_owned()), ("exception.message", "No task '7'".to_owned())]
    );
}

#[tokio::test]
async fn success_leaves_the_status_unset_and_the_function_may_say_more() {
    let (provider, spans) = open();
    let tracer = provider.own();
    tracer
        .span("a")
        .attribute("n", 1)
        .run(async |span| {
            span.set_attribute("n", 2);
            span.add_event("half", vec![KeyValue::new("at", 1)]);
            Ok(())
        })
        .await
        .unwrap();
    let kept = tracer.span("b").kind(SpanKind::Producer).start();
    kept.set_status(Status::Ok);
    let handle = (*kept).clone();
    kept.end();
    handle.set_attribute("late", true);
    assert!(!handle.is_recording());
    let [a, b] = &spans.take()[..] else { panic!("two spans") };
    assert_eq!((&a.status, said(a, "n").as_deref(), a.events.len()), (&Status::Unset, Some("2"), 1));
    assert_eq!((&b.status, b.kind, said(b, "late")), (&Status::Ok, SpanKind::Producer, None));
    assert!(a.attributes.len() == 1 && a.began <= a.ended);
}

#[tokio::test]
async fn a_panic_and_a_caller_who_has_left_end_a_span_too() {
    let (provider, spans) = open();
    let panics = provider.own().span("panics").run(async |_| -> Result { panic!("no") });
    assert!(catch_panic(AssertUnwindSafe(panics)).await.is_err());
    let stays = provider.own().span("stays").run(async |_| {
        std::future::pending::<()>().await;
        Ok(())
    });
    assert!(tokio::time::timeout(Duration::from_millis(1), stays).await.is_err());
    let ended = spans.take();
    let told: Vec<_> = ended.iter().map(|span| (&*span.name, said(span, "error.type"))).collect();
    assert_eq!(told, [("panics", Some("panic".to_owned())), ("stays", Some("cancelled".to_owned()))]);
    assert!(ended.iter().all(|span| matches!(span.status, Status::Error(_))));
}

#[test]
fn a_parent_elsewhere_is_one_that_the_sampler_asks() {
    let (provider, spans) = open();
    let parent = |flags| {
        let header = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
        TraceContext::from_traceparent(&header).unwrap()
    };
    provider.own().span_of("taken", parent("01")).kind(SpanKind::Consumer).start().end();
    provider.own().span_of("left", parent("00")).start().end();
    let [span] = &spans.take()[..] else { panic!("one span") };
    assert_eq!(span.trace.parent_span_id().unwrap().as_str(), "00f067aa0ba902b7");
    assert!(span.has_remote_parent);
}

#[test]
fn what_is_said_of_a_span_is_bounded_and_what_is_left_out_is_counted() {
    let (provider, spans) = open();
    let span = provider.own().span("a").start();
    for n in 0..MOST_PARTS + 3 {
        span.set_attribute(format!("key{n}"), "é".repeat(LONGEST_TEXT));
        span.add_event("again", vec![]);
    }
    span.set_status(Status::Error("x".repeat(2 * LONGEST_TEXT)));
    span.end();
    let [span] = &spans.take()[..] else { panic!("one span") };
    assert_eq!((span.attributes.len(), span.dropped_attributes), (MOST_PARTS, 3));
    assert_eq!((span.events.len(), span.dropped_events), (MOST_PARTS, 3));
    // More than is told: who tells it sees what was cut.
    let is_bounded = |text: &str| (LONGEST_TEXT + 1..LONGEST_TEXT + 1024).contains(&text.len());
    assert!(span.attributes.iter().all(|one| is_bounded(&one.value.as_str())));
    assert!(matches!(&span.status, Status::Error(why) if is_bounded(why)));
}

#[test]
fn names_keys_lists_and_events_are_bounded_too() {
    let (provider, spans) = open();
    let long = "é".repeat(8 * LONGEST_TEXT);
    let [first, second] = ["first", "second"].map(|_| provider.own().span(long.clone()).start());
    second.set_name(long.clone());
    let list = vec![StringValue::from(long.clone()); MOST_PARTS + 3];
    first.set_attribute(long.clone(), Value::Array(list.into()));
    first.set_attribute("numbers", Value::Array(vec![7_i64; MOST_PARTS + 3].into()));
    let of_event = (0..MOST_PARTS + 5).map(|n| KeyValue::new(format!("{n}"), long.clone()));
    first.add_event(long.clone(), of_event.collect());
    first.end();
    second.end();
    let [first, second] = &spans.take()[..] else { panic!("two spans") };
    let is_bounded = |text: &str| (LONGEST_TEXT + 1..LONGEST_TEXT + 1024).contains(&text.len());
    assert!(is_bounded(&first.name) && is_bounded(&second.name));
    assert!(is_bounded(first.attributes[0].key.as_str()));
    let Value::Array(Array::String(texts)) = &first.attributes[0].value else { panic!("a list") };
    assert!(texts.len() == MOST_PARTS && texts.iter().all(|text| is_bounded(text.as_str())));
    let Value::Array(Array::I64(numbers)) = &first.attributes[1].value else { panic!("a list") };
    assert_eq!(numbers.len(), MOST_PARTS);
    let event = &first.events[0];
    assert!(is_bounded(&event.name) && event.attributes.iter().all(|one| is_bounded(&one.value.as_str())));
    assert_eq!((event.attributes.len(), event.dropped_attributes), (MOST_PARTS, 5));
}

#[test]
fn a_tracer_that_nobody_reads_does_nothing() {
    let tracer = Tracer::noop();
    assert!(!tracer.is_open() && !tracer.span("a").is_recording());
    assert_eq!(Sampler::NAMES.len(), 6);
}
