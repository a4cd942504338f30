//! What is kept of a line, and how long.

use std::time::SystemTime;

use greenroom_errors::Error;
use greenroom_log_store::{LineQuery, LogStore};
use greenroom_logging::{
    BridgeOptions, Field, FieldValue, Level, Overrides, Record, RootLogger, debug, error, fields, info,
};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;

use crate::kit::{Kit, SMALL, messages};

#[test]
fn a_line_keeps_its_time_level_plugin_text_and_typed_fields_in_order() {
    let kit = Kit::new();
    let before = SystemTime::now();
    let log = kit.root.plugin("tasks").child(fields! { task: 7, state: "new" });
    let nothing: Option<u8> = None;
    info!(
        log,
        share = 0.5,
        is_last = true,
        state = "old",
        nothing,
        below = &json!({"a": [1, -2]}),
        "Queued {}",
        "it"
    );
    let line = kit.line();
    assert!(line.time >= before && line.time <= SystemTime::now());
    assert_eq!(
        (line.level, line.plugin.as_deref(), &*line.message),
        (Level::Info, Some("tasks"), "Queued it")
    );
    let fields = json!({
        "service": "backstage", "task": 7, "state": "old", "share": 0.5, "is_last": true, "below": {"a": [1, -2]},
    });
    assert_eq!(Value::Object(line.fields.clone()), fields);
    assert_eq!(
        line.fields.keys().collect::<Vec<_>>(),
        ["service", "task", "state", "share", "is_last", "below"]
    );
    assert!(!line.is_cut);
}

#[test]
fn an_error_keeps_its_properties_its_cause_and_its_stack() {
    let kit = Kit::new();
    let failed = Error::new("no such host").caused_by(Error::new("refused"));
    error!(kit.root, ..&failed, "Cannot fetch");
    error!(kit.root, error = &failed, "Cannot fetch");
    let [spread, field] = &kit.all()[..] else { panic!("two lines") };
    assert!(spread.message.starts_with("Cannot fetch no such host"), "{spread:?}");
    assert_eq!(spread.fields["cause"]["message"], "refused");
    assert_eq!(field.message, "Cannot fetch");
    assert_eq!(field.fields["error"]["cause"]["message"], "refused");
    for line in [spread, field] {
        assert!(line.stack().is_some_and(|stack| stack.starts_with("Error: no such host")), "{line:?}");
    }
}

#[test]
fn what_the_level_rules_drop_is_not_kept_and_what_they_let_through_is() {
    let rules = json!([{"matchers": {"plugin": "tasks"}, "level": "debug"}]);
    let kit = Kit::of(SMALL, |builder| builder.overrides(Overrides::parse(&rules).unwrap()));
    debug!(kit.root.plugin("catalog"), "not this");
    debug!(kit.root.plugin("tasks"), "this");
    assert_eq!(messages(&kit.all()), ["this"]);
}

#[test]
fn log_37_libraries_are_kept_down_to_info_exporters_and_binds_not_at_all() {
    let kit = Kit::of(SMALL, |builder| builder.level(Level::Silly));
    let bridge = kit.root.tracing_bridge(BridgeOptions::new());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(bridge), || {
        tracing::info!(target: "hyper", "a library");
        tracing::debug!(target: "hyper", "its inner life");
        tracing::error!(target: "opentelemetry_sdk", "cannot export");
    });
    let statement = fields! { "db.query.text": "select ?", "db.query.parameter.id": "tim" };
    kit.root.child(statement).warn("slow");
    let all = kit.all();
    assert_eq!(messages(&all), ["a library", "slow"]);
    assert_eq!(all[0].fields["target"], "hyper");
    assert_eq!(all[1].fields["db.query.text"], "select ?");
    assert!(!all[1].fields.contains_key("db.query.parameter.id"), "{:?}", all[1].fields);
}

#[test]
fn log_32_the_oldest_lines_are_overwritten_and_counted() {
    let kit = Kit::new();
    let text = "x".repeat(1_000);
    for number in 0..3_000 {
        info!(kit.root, number, "{text}");
    }
    let found = kit.store.lines(&LineQuery::default());
    assert_eq!(found.lines.last().unwrap().fields["number"], 2_999);
    assert!((1_000..3_000).contains(&found.overwritten), "{}", found.overwritten);
    let first = kit.store.lines(&LineQuery { after: Some(0), limit: 1, ..LineQuery::default() });
    assert_eq!(first.lines[0].fields["number"], found.overwritten);
    assert_eq!(found.oldest, Some(first.lines[0].time));
}

#[test]
fn log_35_errors_are_there_when_the_ring_has_long_overwritten_them() {
    let kit = Kit::new();
    error!(kit.root, number = 1, "the first");
    error!(kit.root, number = 2, "the second");
    let text = "x".repeat(1_000);
    (0..3_000).for_each(|_| kit.root.info(&text));
    assert!(kit.found(LineQuery { min_level: Some(Level::Error), ..LineQuery::default() }).is_empty());
    assert_eq!(messages(&kit.store.last_errors(10)), ["the second", "the first"]);
    assert_eq!(messages(&kit.store.last_errors(1)), ["the second"]);
}

#[test]
fn more_kinds_of_calls_than_are_known_by_their_keys_are_kept_all_the_same() {
    // As many keys as there could be in source code.
    let kit = Kit::new();
    let keys: Vec<&'static str> = (0..600).map(|number| &*format!("key{number}").leak()).collect();
    for _ in 0..2 {
        for (number, key) in keys.iter().enumerate() {
            let call = [Field::literal(key, FieldValue::U64(number as u64))];
            kit.root.log(&Record::new(Level::Info, format_args!("call")).with_fields(&call));
        }
    }
    let all = kit.found(LineQuery { after: Some(0), limit: 600, ..LineQuery::default() });
    for (number, line) in all.iter().enumerate() {
        assert_eq!(line.fields[keys[number]], number, "{line:?}");
    }
    assert_eq!(all.len(), 600);
}

#[test]
fn keys_that_are_kept_once_leave_room_for_more_lines() {
    let kept = |key: fn(&'static str, FieldValue<'static>) -> Field<'static>| {
        let kit = Kit::new();
        let call = ["attempt", "entities", "duration", "provider"].map(|text| key(text, FieldValue::U64(1)));
        for _ in 0..20_000 {
            kit.root.log(&Record::new(Level::Info, format_args!("Refreshed")).with_fields(&call));
        }
        20_000 - kit.store.lines(&LineQuery::default()).overwritten
    };
    let (once, each) = (kept(Field::literal), kept(Field::new));
    assert!(once * 10 > each * 13, "{once} lines, {each} with their keys");
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let kit = Kit::new();
    let long = "é".repeat(1 << 20);
    info!(kit.root, a = 1, long = &long, json = &json!([long]), "{long}");
    info!(kit.root, "short");
    let all = kit.all();
    let [line, short] = &all[..] else { panic!("{}", all.len()) };
    assert!(line.is_cut && line.message.ends_with("é…") && line.message.len() < 20 << 10);
    assert_eq!(line.fields["a"], 1);
    assert!(line.fields["long"].as_str().unwrap().ends_with("é…"));
    assert!(line.fields["json"].as_str().unwrap().ends_with("é…"));
    assert_eq!((&*short.message, short.is_cut), ("short", false));
}

#[test]
fn no_line_is_too_large_however_many_fields_it_has() {
    let kit = Kit::new();
    let many: greenroom_logging::Fields =
        (0..1_000).map(|number| (format!("field{number}"), "x".repeat(100))).collect();
    kit.root.child(many).info("many");
    let line = kit.line();
    assert!(line.is_cut && line.fields.len() > 100 && line.fields.len() < 1_000, "{}", line.fields.len());
}

#[test]
fn no_line_is_too_large_whatever_the_fields_of_its_call_are() {
    let kit = Kit::new();
    let keys: Vec<&'static str> = (0..31).map(|number| &*format!("key{number}").leak()).collect();
    let (long, short) = ("x".repeat(20_000), "y".repeat(256));
    for longest in 0..4 {
        let text = |number| FieldValue::Str(if number < longest { &long } else { &short });
        let call: Vec<_> = keys.iter().enumerate().map(|(n, key)| Field::literal(key, text(n))).collect();
        kit.root.log(&Record::new(Level::Info, format_args!("{long}")).with_fields(&call));
    }
    let all = kit.all();
    assert_eq!(all.len(), 4);
    for line in all {
        assert!(line.is_cut && line.fields.len() == 32, "{line:?}");
        assert_eq!(line.fields[keys[30]], short);
    }
}

#[test]
fn a_store_that_is_off_keeps_nothing_and_lines_are_written_all_the_same() {
    let kit = Kit::of(0, |builder| builder);
    error!(kit.root, "written");
    assert!(!kit.store.is_on() && kit.all().is_empty() && kit.store.last_errors(1).is_empty());
    assert_eq!(kit.written.lines().len(), 1);
}

#[test]
fn with_another_logger_a_store_begins_anew() {
    let (store, query) = (LogStore::new(SMALL), LineQuery::default());
    let first = RootLogger::builder().tap(store.sink()).build();
    first.info("of the first");
    let second = RootLogger::builder().tap(store.sink()).build();
    second.info("of the second");
    assert_eq!(messages(&store.lines(&query).lines), ["of the second"]);
}
