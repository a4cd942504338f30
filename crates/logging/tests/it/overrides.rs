//! Matchers, and the order of rules.

use greenroom_logging::{Field, Fields, Format, Level, Overrides, Record, ToField, debug, fields, info};
use proptest::{collection, option, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::fixture::Fixture;

fn fixture(level: Level, overrides: Value) -> Fixture {
    Fixture::with(Format::Node155Json, |b| b.level(level).overrides(Overrides::parse(&overrides).unwrap()))
}

fn rule(matchers: Value, level: &str) -> Value {
    json!([{ "matchers": matchers, "level": level }])
}

/// Whether a debug line with `field` passes a rule that loosens for this matcher.
fn matches(matcher: Value, field: Value) -> bool {
    let f = fixture(Level::Info, rule(json!({ "f": matcher }), "debug"));
    let by_call = {
        debug!(f.root, f = &field, "x");
        !f.all().is_empty()
    };
    f.root.child(fields! { f: &field }).debug("x");
    assert_eq!(by_call, !f.all().is_empty(), "a field of the child counts as one of the call");
    by_call
}

#[test]
fn every_kind_of_matcher() {
    for (matcher, field, expected) in [
        (json!("a"), json!("a"), true),
        (json!("a"), json!("ab"), false),
        (json!("a"), json!(["a"]), false),
        (json!(["a", ["b", "/^c/"]]), json!("cd"), true),
        (json!([]), json!("a"), false),
        (json!("/b/"), json!("abc"), true),
        (json!("/B/i"), json!("abc"), true),
        (json!("/2/"), json!(2), false),
        (json!("/(?<=a)b/"), json!("ab"), true),
        (json!("/^\\p{L}+$/u"), json!("\u{e9}t\u{e9}"), true),
        (json!("/(/"), json!("/(/"), true),
        (json!("/a/x"), json!("/a/x"), true),
        (json!("/a/ii"), json!("/a/ii"), true),
        (json!("//"), json!("//"), true),
        (json!("/a"), json!("/a"), true),
        (json!("/a/y"), json!("ba"), false),
        (json!("/a/y"), json!("ab"), true),
        (json!(200), json!(200), true),
        (json!(200), json!("200"), false),
        (json!("200"), json!(200), false),
        (json!(1.5), json!(1.5), true),
        (json!(true), json!(true), true),
        (json!(true), json!("true"), false),
        (json!(null), json!(null), true),
        (json!({"a": 1}), json!({"a": 1}), false),
    ] {
        assert_eq!(matches(matcher.clone(), field.clone()), expected, "{matcher} {field}");
    }
}

/// In Node alternate records slip through a pattern with `g`.
#[test]
fn a_pattern_keeps_no_state() {
    let f = fixture(Level::Info, rule(json!({"message": "/ab/g"}), "error"));
    (0..4).for_each(|_| f.root.info("ab"));
    assert!(f.all().is_empty());
}

#[test]
fn every_matcher_of_a_rule_must_hold_and_an_empty_rule_holds() {
    let f = fixture(Level::Info, rule(json!({"plugin": "catalog", "task": "t"}), "debug"));
    let log = f.root.plugin("catalog");
    log.debug("x");
    debug!(log, task = "u", "x");
    assert!(f.all().is_empty());
    debug!(log, task = "t", "x");
    assert_eq!(f.all().len(), 1);

    let f = fixture(Level::Info, rule(json!({}), "error"));
    f.root.warn("x");
    assert!(f.all().is_empty());
}

#[test]
fn the_first_rule_that_holds_is_final() {
    let f = fixture(
        Level::Info,
        json!([
            {"matchers": {"message": "/^keep/"}, "level": "debug"},
            {"matchers": {"plugin": "catalog"}, "level": "error"},
            {"matchers": {"plugin": ["catalog", "auth"]}, "level": "silly"},
        ]),
    );
    let (catalog, auth) = (f.root.plugin("catalog"), f.root.plugin("auth"));
    catalog.debug("keep this");
    catalog.warn("not this");
    auth.debug("but this");
    f.root.debug("nor this");
    f.root.debug("keep that");
    let kept: Vec<String> = f.lines.json().iter().map(|l| l["message"].as_str().unwrap().into()).collect();
    assert_eq!(kept, ["keep this", "but this", "keep that"]);
}

#[test]
fn a_rule_may_look_at_the_level() {
    let f = fixture(Level::Info, rule(json!({"level": "debug", "plugin": "catalog"}), "debug"));
    f.root.plugin("catalog").debug("x");
    f.root.plugin("auth").debug("x");
    assert_eq!(f.all().len(), 1);
}

/// A field of the call stands in for the child's, in matching as in the line.
#[test]
fn a_call_may_turn_a_settled_rule_round() {
    let f = fixture(Level::Info, rule(json!({"plugin": "catalog"}), "debug"));
    let (catalog, auth) = (f.root.plugin("catalog"), f.root.plugin("auth"));
    debug!(auth, plugin = "catalog", "x");
    assert_eq!(f.all().len(), 1);
    debug!(catalog, plugin = "auth", "x");
    assert!(f.all().is_empty());
}

#[test]
fn a_matcher_sees_the_message_with_what_is_appended() {
    let f = fixture(Level::Info, rule(json!({"message": "a b c"}), "error"));
    info!(f.root, message = "c", "a {}", "b");
    assert!(f.all().is_empty());
    let f = fixture(Level::Info, rule(json!({"name": "NotFoundError"}), "error"));
    f.root.warn_with("x", &greenroom_errors::Error::not_found("y"));
    f.root.warn_with("x", &greenroom_errors::Error::conflict("y"));
    assert_eq!(f.all().len(), 1);
}

#[test]
fn a_matcher_sees_text_that_is_yet_to_be_formatted() {
    let f = fixture(Level::Info, rule(json!({"entity": "/^component:/"}), "debug"));
    debug!(f.root, entity = format_args!("component:{}", "a"), "x");
    debug!(f.root, entity = format_args!("api:{}", "a"), "x");
    assert_eq!(f.all().len(), 1);
}

#[test]
fn rules_are_replaced_for_children_made_before() {
    let f = fixture(Level::Info, json!([]));
    let log = f.root.plugin("catalog");
    log.debug("x");
    f.root.set_overrides(Overrides::parse(&rule(json!({"plugin": "catalog"}), "debug")).unwrap());
    assert_eq!(f.root.max_level(), Level::Debug);
    log.debug("y");
    f.root.set_overrides(Overrides::none());
    log.debug("z");
    assert!(f.line().contains("\"y\""));
    assert_eq!(f.root.max_level(), Level::Info);
}

#[test]
fn any_of_the_seven_levels_is_accepted_in_any_case() {
    let list: Vec<Value> =
        Level::ALL.iter().map(|l| json!({"matchers": {}, "level": l.as_str().to_uppercase()})).collect();
    assert!(Overrides::parse(&Value::Array(list)).is_ok());
    assert!(Overrides::parse(&json!({})).is_err());
    assert!(Overrides::parse(&json!([{"matchers": []}])).is_err());
    let text = Overrides::parse(&json!([{"matchers": {}}])).unwrap_err().to_string();
    assert!(text.contains("'undefined' is not a valid logging level"), "{text}");
}

type Pairs = std::collections::BTreeMap<&'static str, &'static str>;

fn pairs() -> impl Strategy<Value = Pairs> {
    collection::btree_map(select(&["a", "b", "c"][..]), select(&["x", "y"][..]), 0..3)
}

fn rules() -> impl Strategy<Value = Vec<(Pairs, Level)>> {
    let matchers =
        (pairs(), option::of(Just("info")), option::of(Just("m"))).prop_map(|(mut all, level, message)| {
            level.and_then(|level| all.insert("level", level));
            message.and_then(|message| all.insert("message", message));
            all
        });
    let level = select(&[Level::Error, Level::Info, Level::Debug][..]);
    collection::vec((matchers, level), 0..6)
}

proptest! {
    /// However rules are found, the first that holds decides.
    #[test]
    fn the_first_rule_that_holds_decides(
        rules in rules(),
        own in pairs(),
        call in pairs(),
        level in select(&[Level::Error, Level::Info, Level::Debug][..]),
    ) {
        let list: Vec<Value> =
            rules.iter().map(|(m, level)| json!({"matchers": m, "level": level.as_str()})).collect();
        let f = fixture(Level::Info, list.into());
        let log = f.root.child(own.iter().map(|(k, v)| (*k, *v)).collect::<Fields>());
        let fields: Vec<Field<'_>> = call.iter().map(|(k, v)| Field::new(k, v.to_field())).collect();
        let keys: Vec<&str> = call.keys().copied().collect();
        if log.enabled(level, &keys) {
            log.log(&Record::new(level, format_args!("m")).with_fields(&fields));
        }

        let mut line = own.clone();
        line.extend(call);
        line.extend([("level", level.as_str()), ("message", "m")]);
        let holds = |(matchers, _): &&(Pairs, Level)| matchers.iter().all(|(k, v)| line.get(k) == Some(v));
        let threshold = rules.iter().find(holds).map_or(Level::Info, |(_, level)| *level);
        prop_assert_eq!(!f.all().is_empty(), level <= threshold);
    }
}
