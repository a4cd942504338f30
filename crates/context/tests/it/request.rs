//! What names a request, and who may choose it.

use greenroom_context::{Context, Request, TraceContext, spawn};
use proptest::prelude::*;

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const SESSION: &str = "0f9a1b2c-3d4e-4f56-8a7b-9c0d1e2f3a4b";

/// The request that has these headers.
fn request(headers: &[(&str, &str)]) -> Request {
    Request::from_headers(headers.iter().copied())
}

fn keys(context: &Context) -> Vec<&'static str> {
    let mut keys = Vec::new();
    context.each_field(|field| keys.push(field.key));
    keys
}

#[test]
fn an_id_of_the_client_is_kept_if_it_is_short_and_plain() {
    for kept in ["7", "req-7.a_B", &"x".repeat(64)] {
        assert_eq!(Request::new(Some(kept), None).id(), kept);
    }
    assert_eq!(request(&[("x-request-id", "first"), ("x-request-id", "second")]).id(), "first");
    for refused in ["", " 7", "a b", "a\n", "ä", "a/b", &"x".repeat(65)] {
        let made = Request::new(Some(refused), None);
        assert_ne!(made.id(), refused);
        assert!(made.id().len() == 32 && made.id().bytes().all(|b| b.is_ascii_hexdigit()), "{}", made.id());
    }
    assert_ne!(Request::new(None, None).id(), Request::new(None, None).id());
}

#[test]
fn a_callers_trace_goes_on_in_a_span_of_our_own() {
    let request = Request::new(None, TraceContext::from_traceparent(CALLER));
    let trace = request.trace();
    assert_eq!(trace.trace_id().as_str(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(trace.parent_span_id().unwrap().as_str(), "00f067aa0ba902b7");
    assert_ne!(trace.span_id().as_str(), "00f067aa0ba902b7");
    assert_eq!(trace.flags(), "01");
    let next = TraceContext::from_traceparent(&trace.traceparent()).unwrap();
    assert_eq!((next.trace_id(), next.span_id()), (trace.trace_id(), trace.span_id()));
}

#[test]
fn without_a_caller_the_trace_is_ours_and_not_recorded() {
    let request = Request::new(None, None);
    assert_eq!((request.trace().flags(), request.trace().parent_span_id()), ("00", None));
}

#[test]
fn traceparent_is_read_as_w3c_says() {
    for wrong in [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-+1",
    ] {
        assert_eq!(TraceContext::from_traceparent(wrong), None, "{wrong}");
    }
    let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes";
    assert!(TraceContext::from_traceparent(later).is_some());
}

#[test]
fn datadogs_headers_are_read_too() {
    let trace =
        |tags| TraceContext::from_datadog("9532127138774266268", "67667974448284343", Some("1"), tags);
    let short = trace(None).unwrap();
    assert_eq!(short.trace_id().as_str(), "00000000000000008448eb211c80319c");
    assert_eq!((short.span_id().as_str(), short.flags()), ("00f067aa0ba902b7", "01"));
    let long = trace(Some("_dd.p.dm=-1,_dd.p.tid=4bf92f3577b34da6")).unwrap();
    assert_eq!(long.trace_id().as_str(), "4bf92f3577b34da68448eb211c80319c");
    for (id, parent) in [("0", "1"), ("1", "0"), ("-1", "1"), ("x", "1"), ("99999999999999999999", "1")] {
        assert_eq!(TraceContext::from_datadog(id, parent, None, None), None);
    }
    assert_eq!(TraceContext::from_datadog("1", "1", Some("0"), None).unwrap().flags(), "00");
}

#[test]
fn a_trace_of_w3c_goes_before_one_of_datadogs() {
    let datadog = [("x-datadog-trace-id", "1"), ("x-datadog-parent-id", "2")];
    let parent =
        |headers: &[_]| request(headers).trace().parent_span_id().map(|span| span.as_str().to_owned());
    assert_eq!(parent(&datadog).as_deref(), Some("0000000000000002"));
    assert_eq!(
        parent(&[datadog[0], datadog[1], ("traceparent", CALLER)]).as_deref(),
        Some("00f067aa0ba902b7")
    );
    assert_eq!(
        parent(&[datadog[0], datadog[1], ("traceparent", "00-x")]).as_deref(),
        Some("0000000000000002")
    );
    assert_eq!(parent(&datadog[..1]), None);
}

#[test]
fn tracestate_goes_on_as_it_came_with_the_trace_that_it_belongs_to() {
    let state = |headers: &[(&str, &str)]| {
        let request = request(headers);
        let state = request.trace_headers().find(|(name, _)| *name == "tracestate");
        state.map(|(_, value)| value)
    };
    let parent = ("traceparent", CALLER);
    for kept in ["dd=s:1;t.dm:-0", "a=1,b@c=2, d=3", "a=1,,b=2", "k= v", &format!("k={}", "x".repeat(510))] {
        assert_eq!(state(&[parent, ("tracestate", kept)]).as_deref(), Some(kept));
    }
    let (first, second) = (("tracestate", "a=1"), ("tracestate", "b=2"));
    assert_eq!(state(&[first, parent, second]).as_deref(), Some("a=1,b=2"));
    let many = vec!["k=v"; 33].join(",");
    for lost in
        ["", ",", "a", "A=1", "=1", "a=b=c", "a=\u{7f}", "a=ä", &format!("k={}", "x".repeat(511)), &many]
    {
        assert_eq!(state(&[parent, ("tracestate", lost)]), None, "{lost:?}");
    }
    assert_eq!(state(&[first]), None);
    assert_eq!(
        state(&[first, ("traceparent", "00-x"), ("x-datadog-trace-id", "1"), ("x-datadog-parent-id", "2")]),
        None
    );
}

#[test]
fn a_browser_that_is_measured_says_so_by_either_kind_of_headers() {
    let parent = ("traceparent", CALLER);
    for headers in [
        vec![("x-datadog-origin", "rum")],
        vec![parent, ("tracestate", "dd=s:1;o:rum")],
        vec![parent, ("tracestate", "a=1, dd=o:rum;s:1")],
    ] {
        assert!(request(&headers).is_of_rum(), "{headers:?}");
    }
    for headers in [
        vec![],
        vec![("x-datadog-origin", "synthetics")],
        vec![parent, ("tracestate", "dd=s:1;o:lambda")],
        vec![parent, ("tracestate", "a=o:rum")],
        // It belongs to no trace.
        vec![("tracestate", "dd=s:1;o:rum")],
    ] {
        assert!(!request(&headers).is_of_rum(), "{headers:?}");
    }
}

#[test]
fn only_a_uuid_is_a_session() {
    let session = |baggage: &str| request(&[("baggage", baggage)]).session().map(str::to_owned);
    assert_eq!(session(&format!("user.id=7, session.id={SESSION};x=y")).as_deref(), Some(SESSION));
    assert_eq!(session(&format!("session.id={}", SESSION.to_uppercase())).as_deref(), Some(SESSION));
    for none in
        ["", "session.id", "session.id=jane@example.com", "session.id=0f9a1b2c3d4e4f568a7b9c0d1e2f3a4b"]
    {
        assert_eq!(session(none), None, "{none}");
    }
}

#[test]
fn a_call_to_another_plugin_is_part_of_the_request() {
    let baggage = format!("session.id={SESSION}");
    let calling =
        [("x-request-id", "r-1"), ("traceparent", CALLER), ("tracestate", "a=1"), ("baggage", &*baggage)];
    let calling = request(&calling);
    let headers: Vec<_> = Context::default().with_request(calling.clone()).headers().collect();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(
        headers.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["x-request-id", "traceparent", "tracestate", "baggage"]
    );
    let called = request(&headers);
    assert_eq!((called.id(), called.session()), ("r-1", Some(SESSION)));
    assert_eq!(called.trace().trace_id(), calling.trace().trace_id());
    assert_eq!(called.trace().parent_span_id(), Some(calling.trace().span_id()));
}

#[tokio::test]
async fn a_spawned_task_belongs_to_the_request() {
    let context = Context::current().with_plugin("a").with_request(Request::new(Some("r-1"), None));
    let seen = context.scope(async { spawn("job", async { Context::current() }).await }).await;
    let seen = seen.unwrap().unwrap();
    assert_eq!(seen.request().unwrap().id(), "r-1");
    assert_eq!(keys(&seen), ["plugin", "requestId", "trace_id", "span_id", "trace_flags"]);
    assert!(keys(&Context::current()).is_empty());
}

#[test]
fn what_is_decided_of_a_trace_holds_though_somebody_has_the_request_already() {
    let held = request(&[("traceparent", CALLER)]);
    held.set_principal_type("user");
    let decided = held.clone().sampled(|trace| !trace.is_sampled());
    assert_eq!((decided.trace().flags(), held.trace().flags()), ("00", "01"));
    assert_eq!(decided.trace().span_id(), held.trace().span_id());
    assert_eq!((decided.id(), decided.principal_type()), (held.id(), Some("user")));
}

#[test]
fn what_is_learned_first_stays() {
    let request = Request::new(None, None);
    assert_eq!((request.principal_type(), request.route(), request.target_plugin()), (None, None, None));
    for kind in ["user", "none"] {
        request.set_principal_type(kind);
    }
    assert_eq!(request.principal_type(), Some("user"));
}

proptest! {
    #[test]
    fn no_header_panics(text in "\\PC{0,80}", other in "\\PC{0,40}") {
        let state = [("traceparent", CALLER), ("tracestate", &text), ("tracestate", &other)];
        for headers in [&[("x-request-id", &*text), ("traceparent", &text), ("baggage", &other)], &state] {
            let request = request(headers);
            prop_assert!(!request.id().is_empty());
            for (_, value) in Context::default().with_request(request).headers() {
                prop_assert!(value.len() <= 512 && value.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')), "{value:?}");
            }
        }
        let _ = TraceContext::from_datadog(&text, &other, Some(&text), Some(&other));
    }

    #[test]
    fn whatever_comes_the_fields_are_plain(id in "\\PC{0,80}", baggage in "(session.id=)?\\PC{0,50}") {
        let context = Context::default().with_request(request(&[("x-request-id", &id), ("baggage", &baggage)]));
        let mut all = Vec::new();
        context.each_field(|field| all.push(field));
        for field in all {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
            prop_assert!(field.value.bytes().all(plain), "{field:?}");
        }
    }
}
