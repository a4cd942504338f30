//! What libraries log by `tracing`.

use std::sync::{Arc, Mutex};

use greenroom_context::Context;
use greenroom_logging::{
    BridgeOptions, CaptureSink, Carried, Format, Level, Overrides, RootLogger, TracingListener, carrying,
};
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt;

use crate::fixture::Fixture;

fn within(f: &Fixture, options: BridgeOptions, work: impl FnOnce()) {
    let subscriber = tracing_subscriber::registry().with(f.root.tracing_bridge(options));
    tracing::subscriber::with_default(subscriber, work);
}

#[test]
fn an_event_is_a_line_with_typed_fields_and_the_plugin_at_work() {
    let f = Fixture::new(Format::Node155Json);
    within(&f, BridgeOptions::new(), || {
        let work = Context::default().with_plugin("catalog");
        work.sync_scope(|| {
            let error: &(dyn std::error::Error + 'static) = &std::io::Error::other("broken");
            tracing::warn!(a = 1, b = -1, c = 1.5, d = true, e = "s", f = %"t", g = ?Some(1), error, "took {}", 2);
        });
        tracing::info!("outside");
    });
    assert_eq!(
        f.all(),
        [
            r#"{"a":1,"b":-1,"c":1.5,"d":true,"e":"s","error":{"message":"broken","name":"Error","stack":"Error: broken"},"f":"t","g":"Some(1)","level":"warn","message":"took 2","plugin":"catalog","service":"backstage"}"#,
            r#"{"level":"info","message":"outside","service":"backstage"}"#,
        ]
    );
}

#[test]
fn the_target_and_the_module_are_additions() {
    let f = Fixture::new(Format::Backstage);
    within(&f, BridgeOptions::new(), || {
        let work = Context::default().with_plugin("catalog").with_module("github");
        work.sync_scope(|| tracing::info!(target: "octocrab", "x"));
    });
    assert_eq!(
        f.line(),
        r#"{"level":"info","message":"x","module":"github","plugin":"catalog","service":"backstage","target":"octocrab","timestamp":"<ts>"}"#
    );
}

#[test]
fn fields_of_spans_that_are_gone_are_not_taken_for_those_of_others() {
    let f = Fixture::new(Format::Node155Json);
    within(&f, BridgeOptions::new(), || {
        // More than a logger makes before it keeps the order of a call.
        for turn in 0..20 {
            tracing::info_span!("a", user_id = turn).in_scope(|| tracing::info!("x"));
        }
        for turn in 20..40 {
            tracing::info_span!("b", task_no = turn).in_scope(|| tracing::info!("x"));
        }
    });
    let lines: Vec<serde_json::Value> =
        f.all().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 40);
    for (turn, line) in lines.iter().enumerate() {
        let (set, other) = if turn < 20 { ("user_id", "task_no") } else { ("task_no", "user_id") };
        assert_eq!((&line[set], line.get(other)), (&json!(turn), None));
    }
}

#[test]
fn fields_of_spans_are_included_the_innermost_wins() {
    let f = Fixture::new(Format::Node155Json);
    within(&f, BridgeOptions::new(), || {
        let outer = tracing::info_span!("outer", a = 1, b = 1, late = tracing::field::Empty);
        let _outer = outer.enter();
        let _inner = tracing::info_span!("inner", b = 2).entered();
        outer.record("late", "now");
        tracing::info!(c = 3, "x");
    });
    assert_eq!(
        f.line(),
        r#"{"a":1,"b":2,"c":3,"late":"now","level":"info","message":"x","service":"backstage"}"#
    );
}

#[test]
fn libraries_stop_at_info_and_own_crates_follow_the_rules() {
    let f = Fixture::with(Format::Node155Json, |b| b.level(Level::Silly));
    within(&f, BridgeOptions::new().own("my_plugin").exclude("opentelemetry"), || {
        tracing::debug!(target: "hyper::proto", "library debug");
        tracing::info!(target: "hyper::proto", "library info");
        tracing::trace!(target: "my_plugin::queue", "own trace");
        tracing::error!(target: "opentelemetry_sdk", "exporter");
    });
    let lines: Vec<String> = f.all();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("library info"));
    assert!(lines[1].contains(r#""level":"silly","message":"own trace""#));
}

#[test]
fn level_rules_hold_for_events_also_when_they_change() {
    let f = Fixture::new(Format::Node155Json);
    within(&f, BridgeOptions::new().own("my_plugin"), || {
        let log = || {
            let work = Context::default().with_plugin("catalog");
            work.sync_scope(|| tracing::debug!(target: "my_plugin", "x"));
        };
        log();
        assert!(f.all().is_empty());
        let rules = json!([{"matchers": {"plugin": "catalog"}, "level": "debug"}]);
        f.root.set_overrides(Overrides::parse(&rules).unwrap());
        log();
        assert_eq!(f.all().len(), 1);
        let rules = json!([{"matchers": {"target": "my_plugin"}, "level": "error"}]);
        f.root.set_overrides(Overrides::parse(&rules).unwrap());
        tracing::warn!(target: "my_plugin", "x");
        assert!(f.all().is_empty());
    });
}

#[test]
fn secrets_of_libraries_are_masked() {
    let f = Fixture::with(Format::Node155Json, |b| b.secrets(["hunter2hunter2"]));
    within(&f, BridgeOptions::new(), || tracing::info!(url = "postgres://u:hunter2hunter2@db", "connecting"));
    assert!(f.line().contains(r#""url":"postgres://u:***@db""#));
}

/// A `Debug` that logs by `tracing` does not stall or mix lines.
#[test]
fn a_value_may_trace_while_it_is_captured() {
    struct Chatty;
    impl std::fmt::Debug for Chatty {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            greenroom_logging::Logger::noop().info("x");
            f.write_str("chatty")
        }
    }
    let f = Fixture::new(Format::Node155Json);
    within(&f, BridgeOptions::new(), || tracing::info!(a = ?Chatty, "x"));
    assert!(f.line().contains(r#""a":"chatty""#));
}

#[test]
fn installing_twice_redirects() {
    let logger = || {
        let lines = CaptureSink::new();
        (RootLogger::builder().format(Format::Node155Json).sink(lines.clone()).build(), lines)
    };
    let ((first, first_lines), (second, second_lines)) = (logger(), logger());
    assert!(first.install_tracing(BridgeOptions::new()));
    tracing::info!(target: "installing", "to the first");
    assert!(second.install_tracing(BridgeOptions::new()));
    tracing::info!(target: "installing", "to the second");
    let of = |lines: &CaptureSink| {
        let all = lines.json();
        all.iter().filter(|l| l["message"].as_str().unwrap().starts_with("to the")).count()
    };
    assert_eq!((of(&first_lines), of(&second_lines)), (1, 1));
}

/// Notes the texts of events of the target `library::work`, with what their spans carry.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<(u32, String)>>>);

impl TracingListener for Notes {
    fn targets(&self) -> &'static [&'static str] {
        &["library::work"]
    }

    fn hear(&self, event: &tracing::Event<'_>, within: &Carried) {
        let mut text = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            if field.name() == "message" {
                text = format!("{value:?}");
            }
        });
        self.0.lock().unwrap().push((*within.downcast_ref::<u32>().unwrap(), text));
    }
}

#[test]
fn a_listener_hears_events_of_its_targets_at_every_level_and_the_log_gets_what_it_got_before() {
    let (f, notes) = (Fixture::new(Format::Node155Json), Notes::default());
    within(&f, BridgeOptions::new().listener(notes.clone()), || {
        tracing::error!(target: "library::work", "of nobody");
        let span = carrying(Arc::new(7_u32));
        span.in_scope(|| {
            tracing::info_span!("inner", a = 1).in_scope(|| tracing::trace!(target: "library::work", "one"));
            tracing::trace!(target: "library::other", "elsewhere");
        });
        // A library takes its span to a thread of its own.
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    span.in_scope(|| tracing::warn!(target: "library::work", "two"));
                });
            });
        });
    });
    assert_eq!(*notes.0.lock().unwrap(), [(7, "one".to_owned()), (7, "two".to_owned())]);
    let messages: Vec<_> = f.lines.json().into_iter().map(|line| line["message"].clone()).collect();
    assert_eq!(messages, ["of nobody", "two"], "a carrier adds no field, and what is only heard is no line");
}

#[test]
fn without_listeners_nothing_is_carried() {
    let f = Fixture::new(Format::Node155Json);
    within(&f, BridgeOptions::new(), || {
        let value = Arc::new(7_u32);
        assert!(carrying(value.clone()).is_disabled());
        assert_eq!(Arc::strong_count(&value), 1);
    });
}
