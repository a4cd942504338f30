//! What a line belongs to.

use greenroom_context::{Context, Request};
use greenroom_log_store::LineQuery;
use greenroom_logging::{fields, info};
use serde_json::{Value, json};

use crate::kit::{Kit, messages};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SESSION: &str = "b0c9f5b8-6d4f-4b61-9f3a-2d2c5a7e1f00";

/// A request of a browser.
fn request(id: &str) -> Request {
    let (traceparent, baggage) = (format!("00-{TRACE}-00f067aa0ba902b7-01"), format!("session.id={SESSION}"));
    Request::from_headers([
        ("x-request-id", id),
        ("traceparent", traceparent.as_str()),
        ("baggage", baggage.as_str()),
    ])
}

fn within(id: &str, work: impl FnOnce()) {
    Context::current()
        .with_plugin("catalog")
        .with_module("github")
        .with_request(request(id))
        .sync_scope(work);
}

#[test]
fn log_34_a_line_is_found_by_the_request_the_trace_the_session_and_the_plugin_that_it_belongs_to() {
    let kit = Kit::new();
    kit.root.info("before");
    within("checkout-7", || kit.root.info("within"));
    within("checkout-8", || kit.root.plugin("tasks").info("of tasks"));
    kit.root.info("after");
    let found = |query: LineQuery| kit.found(query);
    let all = LineQuery::default;
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(messages(&found(LineQuery { request_id: some("checkout-7"), ..all() })), ["within"]);
    assert_eq!(messages(&found(LineQuery { trace_id: some(TRACE), ..all() })), ["within", "of tasks"]);
    assert_eq!(messages(&found(LineQuery { session_id: some(SESSION), ..all() })), ["within", "of tasks"]);
    assert_eq!(messages(&found(LineQuery { plugin: some("tasks"), ..all() })), ["of tasks"]);
    let both = LineQuery { trace_id: some(TRACE), plugin: some("catalog"), ..all() };
    assert_eq!(messages(&found(both)), ["within"]);
    assert!(found(LineQuery { request_id: some("checkout-9"), ..all() }).is_empty());
}

#[test]
fn a_line_tells_what_it_belongs_to() {
    let kit = Kit::new();
    let request = request("checkout-7");
    let context =
        Context::current().with_plugin("catalog").with_module("github").with_request(request.clone());
    context.sync_scope(|| kit.root.info("x"));
    let line = kit.line();
    assert_eq!(line.plugin.as_deref(), Some("catalog"));
    assert_eq!(line.request_id.as_deref(), Some("checkout-7"));
    assert_eq!(line.trace_id.as_deref(), Some(TRACE));
    assert_eq!(line.span_id.as_deref(), Some(request.trace().span_id().as_str()));
    assert_eq!(line.session_id.as_deref(), Some(SESSION));
    assert_eq!(Value::Object(line.fields), json!({"service": "backstage", "module": "github"}));
}

#[test]
fn the_plugin_is_that_of_the_call_else_of_the_logger_else_of_the_work() {
    let kit = Kit::new();
    let own = kit.root.plugin("own");
    within("a", || {
        kit.root.info("work");
        own.info("own");
        info!(own, plugin = "called", "called");
    });
    own.child(fields! { plugin: "child" }).info("child");
    let all = kit.all();
    let told: Vec<_> = all.iter().map(|line| (&*line.message, line.plugin.as_deref().unwrap())).collect();
    assert_eq!(told, [("work", "catalog"), ("own", "own"), ("called", "called"), ("child", "child")]);
}

#[test]
fn a_line_as_json_has_what_there_is_of_it() {
    let kit = Kit::new();
    within("checkout-7", || info!(kit.root.plugin("tasks"), attempt = 3, "x"));
    kit.root.info("y");
    let told = serde_json::to_value(kit.store.lines(&LineQuery::default())).unwrap();
    let line = &told["lines"][0];
    assert_eq!(
        (&line["level"], &line["message"], &line["plugin"]),
        (&json!("info"), &json!("x"), &json!("tasks"))
    );
    assert_eq!((&line["requestId"], &line["traceId"]), (&json!("checkout-7"), &json!(TRACE)));
    assert_eq!((&line["sessionId"], &line["fields"]["attempt"]), (&json!(SESSION), &json!(3)));
    let time = line["time"].as_str().unwrap();
    assert_eq!((time.len(), &time[10..11], &time[23..]), (24, "T", "Z"));
    assert!(line["sequence"].as_u64().is_some_and(|sequence| sequence < 1 << 53));
    assert_eq!(
        told["lines"][1].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["sequence", "time", "level", "message", "fields"]
    );
    assert_eq!(
        (&told["next"], &told["overwritten"], &told["oldest"]),
        (&json!(null), &json!(0), &line["time"])
    );
}
