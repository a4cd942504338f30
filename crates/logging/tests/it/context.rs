//! What the context adds to a line.

use greenroom_context::{Context, Request};
use greenroom_logging::{CaptureSink, Format, RootLogger, fields};

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const BAGGAGE: &str = "session.id=0f9a1b2c-3d4e-4f56-8a7b-9c0d1e2f3a4b";

fn at_work() -> Context {
    let request =
        Request::from_headers([("x-request-id", "r-1"), ("traceparent", CALLER), ("baggage", BAGGAGE)]);
    Context::default().with_plugin("catalog").with_module("github").with_request(request)
}

#[test]
fn a_line_of_a_request_names_it_its_trace_and_its_session() {
    let lines = CaptureSink::in_format(Format::Backstage);
    let log = RootLogger::builder().sink(lines.clone()).build().plugin("catalog");
    at_work().sync_scope(|| log.info("Refreshed"));
    let line = lines.json().remove(0);
    assert_eq!(line["requestId"], "r-1");
    assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(line["span_id"].as_str().map(str::len), Some(16));
    assert_ne!(line["span_id"], "00f067aa0ba902b7", "the span is ours, not the caller's");
    assert_eq!(line["trace_flags"], "01");
    assert_eq!(line["sessionId"], "0f9a1b2c-3d4e-4f56-8a7b-9c0d1e2f3a4b");
    assert_eq!((&line["plugin"], &line["module"]), (&"catalog".into(), &"github".into()));
}

#[test]
fn what_a_logger_or_a_call_sets_wins_over_the_context() {
    let lines = CaptureSink::in_format(Format::Backstage);
    let log = RootLogger::builder().sink(lines.clone()).build().plugin("other");
    at_work().sync_scope(|| log.child(fields! { requestId: "mine" }).info("Refreshed"));
    let line = lines.json().remove(0);
    assert_eq!((&line["plugin"], &line["requestId"]), (&"other".into(), &"mine".into()));
}

#[test]
fn nodes_formats_have_nothing_of_the_context() {
    let plain = |context: Context| {
        let lines = CaptureSink::in_format(Format::NodeJson);
        let log = RootLogger::builder().sink(lines.clone()).build();
        context.sync_scope(|| log.info("Refreshed"));
        lines.json().remove(0).as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(plain(at_work()), plain(Context::default()));
}

#[test]
fn a_line_for_people_has_the_id_and_no_trace() {
    let lines = CaptureSink::in_format(Format::Pretty);
    let log = RootLogger::builder().sink(lines.clone()).build().plugin("catalog");
    at_work().sync_scope(|| log.info("Refreshed"));
    let line = lines.take().remove(0);
    assert!(line.contains("requestId=\"r-1\"") && line.contains("sessionId=\"0f9a1b2c"), "{line}");
    assert!(!line.contains("trace"), "{line}");
}
