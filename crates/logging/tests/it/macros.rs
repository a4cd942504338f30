//! What a field may be, and how it is written.

use std::{borrow::Cow, cell::Cell, fmt, sync::Arc};

use greenroom_errors::{BoxError, Error};
use greenroom_logging::{Format, debug, error, fields, info, warn};

use crate::fixture::Fixture;

#[derive(Debug, Clone, Copy)]
struct Ref(u8);

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "component:{}", self.0)
    }
}

#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

fn line(log: impl Fn(&greenroom_logging::Logger)) -> String {
    let f = Fixture::new(Format::Node155Json);
    log(&f.root);
    let line = f.line();
    let end = line.strip_prefix('{').unwrap().strip_suffix(r#","service":"backstage"}"#);
    end.unwrap_or(&line).to_owned()
}

#[test]
fn values_keep_their_types() {
    let (string, shared, cow) = (String::from("s"), Arc::<str>::from("a"), Cow::Borrowed("c"));
    let line = line(|log| {
        info!(log, a = 1u8, b = -1i64, c = 1.5f32, d = &string, e = string.clone(), f = shared, "x");
        let _ = &cow;
    });
    assert_eq!(line, r#""a":1,"b":-1,"c":1.5,"d":"s","e":"s","f":"a","level":"info","message":"x""#);
    let line = self::line(|log| info!(log, a = cow, b = Some("o"), c = 'c', d = u64::MAX, "x"));
    assert_eq!(line, r#""a":"c","b":"o","c":"c","d":18446744073709551615,"level":"info","message":"x""#);
}

#[test]
fn anything_with_display_or_debug_is_text() {
    let r = Ref(7);
    let line = line(|log| info!(log, a = r, b = &r, c = ?r, +d = ?Some(1), "x"));
    assert_eq!(line, r#""a":"component:7","b":"component:7","c":"Ref(7)","level":"info","message":"x""#);
}

#[test]
fn an_error_as_a_field_keeps_name_message_and_stack() {
    let expected = r#""error":{"message":"broken","name":"Error","stack":"Error: broken"},"level":"error","message":"x""#;
    assert_eq!(line(|log| error!(log, error = Broken, "x")), expected);
    assert_eq!(line(|log| error!(log, error = &Broken, "x")), expected);
    let boxed: BoxError = Box::new(Broken);
    assert_eq!(line(|log| error!(log, error = boxed, "x")), expected);
    assert_eq!(line(|log| error!(log, error = &boxed, "x")), expected);
    assert_eq!(line(|log| error!(log, error = &*boxed, "x")), expected);
    let own = Error::not_found("gone").with("task", 7).caused_by(Broken);
    assert_eq!(
        line(|log| error!(log, error = &own, "x")),
        r#""error":{"cause":{"message":"broken","name":"Error"},"message":"gone; caused by Error: broken","name":"NotFoundError","stack":"NotFoundError: gone; caused by Error: broken","task":7},"level":"error","message":"x""#
    );
}

#[test]
fn an_error_is_spread_from_any_kind_of_reference() {
    let expected = r#""level":"error","message":"x broken","service":"backstage","stack":"Error: broken""#;
    let line = |log: &dyn Fn(&greenroom_logging::Logger)| {
        let line = line(log);
        line.trim_matches(['{', '}']).to_owned()
    };
    let boxed: BoxError = Box::new(Broken);
    let by_ref = &Broken;
    assert_eq!(line(&|log| error!(log, ..&Broken, "x")), expected);
    assert_eq!(line(&|log| error!(log, ..by_ref, "x")), expected);
    assert_eq!(line(&|log| error!(log, ..&boxed, "x")), expected);
    assert_eq!(line(&|log| error!(log, ..&*boxed, "x")), expected);
    assert_eq!(line(&|log| log.error_with("x", &*boxed)), expected);
    assert_eq!(
        line(&|log| error!(log, attempt = 3, ..&Broken, after = 1, "x")),
        format!(r#""after":1,"attempt":3,{expected}"#)
    );
}

#[test]
fn keys_are_written_in_four_ways() {
    let attempt = 3;
    let line = line(|log| info!(log, attempt, "http.status" = 200, type = "t", "{attempt} of {}", 5,));
    assert_eq!(
        line,
        r#"{"attempt":3,"http.status":200,"level":"info","message":"3 of 5","service":"backstage","type":"t"}"#
    );
}

#[test]
fn a_key_given_twice_takes_the_last_value() {
    assert_eq!(
        line(|log| info!(log, a = 1, b = 0, a = 2, "x")),
        r#""a":2,"b":0,"level":"info","message":"x""#
    );
}

#[test]
fn undefined_of_a_call_hides_a_field_of_the_child() {
    let f = Fixture::new(Format::Node155Json);
    let child = f.root.child(fields! { task: 1, other: 2 });
    info!(child, task = None::<u8>, "x");
    assert_eq!(f.line(), r#"{"level":"info","message":"x","other":2,"service":"backstage"}"#);
}

#[test]
fn what_is_dropped_is_neither_computed_nor_formatted() {
    let f = Fixture::new(Format::Node155Json);
    let computed = Cell::new(0);
    let value = || {
        computed.set(computed.get() + 1);
        1
    };
    debug!(f.root, a = value(), "{}", value());
    assert_eq!(computed.get(), 0);
    warn!(f.root, a = value(), "{}", value());
    assert_eq!(computed.get(), 2);
}

/// A rule that looks at a field of the call decides before the message is made, secrets or not.
#[test]
fn what_a_rule_drops_is_not_formatted() {
    struct Never;
    impl fmt::Display for Never {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("formatted")
        }
    }
    let rules = serde_json::json!([{"matchers": {"task": "quiet"}, "level": "error"}]);
    let rules = greenroom_logging::Overrides::parse(&rules).unwrap();
    let f = Fixture::with(Format::Node155Json, |b| b.overrides(rules).secrets(["hunter2hunter2"]));
    info!(f.root, task = "quiet", other = Never, "{}", Never);
    assert!(f.all().is_empty());
}

/// A `Display` that logs while it is being logged: its line comes first, and both are whole.
#[test]
fn a_value_may_log_while_it_is_logged() {
    struct Chatty<'a>(&'a Fixture);
    impl fmt::Display for Chatty<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!(self.0.root, inner = true, "inner {}", 1);
            f.write_str("chatty")
        }
    }
    for secrets in [vec![], vec!["hunter2hunter2"]] {
        let f = Fixture::with(Format::Node155Json, |b| b.secrets(secrets));
        info!(f.root, a = Chatty(&f), "outer {}", "text");
        assert_eq!(
            f.all(),
            [
                r#"{"inner":true,"level":"info","message":"inner 1","service":"backstage"}"#,
                r#"{"a":"chatty","level":"info","message":"outer text","service":"backstage"}"#
            ]
        );
    }
}

#[test]
fn many_fields_are_as_good_as_few() {
    let f = Fixture::new(Format::Node155Json);
    let keys: Vec<String> = (0..100).map(|i| format!("k{i:03}")).collect();
    let fields: Vec<_> = keys
        .iter()
        .rev()
        .map(|key| greenroom_logging::Field::new(key, greenroom_logging::FieldValue::Bool(true)))
        .collect();
    f.root.log(
        &greenroom_logging::Record::new(greenroom_logging::Level::Info, format_args!("x"))
            .with_fields(&fields),
    );
    let value: serde_json::Value = serde_json::from_str(&f.line()).unwrap();
    let found: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
    assert_eq!(found.len(), 103);
    assert!(found.is_sorted());
}

#[test]
fn the_logger_is_computed_once_and_may_be_any_handle() {
    let f = Fixture::new(Format::Node155Json);
    let made = Cell::new(0);
    let log = || {
        made.set(made.get() + 1);
        f.root.plugin("p")
    };
    info!(log(), a = 1, "x");
    assert_eq!(made.get(), 1);
    info!(&f.root, "x");
    info!(&&f.root.plugin("p"), "x");
    info!(Arc::new(f.root.clone()), "x");
    assert_eq!(f.all().len(), 4);
}

#[derive(serde::Serialize)]
struct Progress {
    done: u8,
    names: Vec<&'static str>,
}

#[test]
fn anything_that_can_be_serialized_is_json() {
    let progress = Progress { done: 1, names: vec!["a"] };
    let map = std::collections::BTreeMap::from([("k", 1.0)]);
    let line = line(|log| {
        info!(
            log,
            a = vec![1, 2],
            b = progress,
            c = &progress,
            d = Some([true]),
            e = (1, "t"),
            f = map,
            g = &[1][..],
            "x"
        );
    });
    let json = r#"{"done":1,"names":["a"]}"#;
    assert_eq!(
        line,
        format!(
            r#""a":[1,2],"b":{json},"c":{json},"d":[true],"e":[1,"t"],"f":{{"k":1}},"g":[1],"level":"info","message":"x""#
        )
    );
    let f = Fixture::new(Format::Node155Json);
    f.root.child(fields! { v: vec![1, 2], p: progress, shown: ?Some(1) }).info("x");
    assert_eq!(
        f.line(),
        format!(
            r#"{{"level":"info","message":"x","p":{json},"service":"backstage","shown":"Some(1)","v":[1,2]}}"#
        )
    );
}

#[test]
fn what_json_cannot_hold_is_told_in_its_place() {
    let map = std::collections::BTreeMap::from([((1, 2), 3)]);
    let line = line(|log| info!(log, map, "x"));
    assert_eq!(line, r#""level":"info","map":"[not JSON: key must be a string]","message":"x""#);
}

#[test]
fn a_duration_is_in_milliseconds() {
    let took = std::time::Duration::from_micros(1500);
    assert_eq!(line(|log| info!(log, a = took, "x")), r#""a":1.5,"level":"info","message":"x""#);
    assert_eq!(line(|log| info!(log, a = Some(took * 2), "x")), r#""a":3,"level":"info","message":"x""#);
}

#[test]
fn secrets_and_rules_see_what_is_serialized() {
    let f = Fixture::with(Format::Node155Json, |b| b.secrets(["hunter2hunter2"]));
    info!(f.root, v = vec!["hunter2hunter2"], "x");
    assert_eq!(f.line(), r#"{"level":"info","message":"x","service":"backstage","v":["***"]}"#);
}
