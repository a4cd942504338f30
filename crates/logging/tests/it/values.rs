//! Every line is valid JSON and reads back as what was logged.

use greenroom_logging::{Field, FieldValue, Fields, Format, Level, Record};
use proptest::{collection, prelude::*};
use serde_json::{Map, Value};

use crate::fixture::Fixture;

pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Whether all keys stand in UTF-16 order.
fn is_sorted(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_sorted),
        Value::Object(map) => {
            let keys: Vec<Vec<u16>> = map.keys().map(|key| key.encode_utf16().collect()).collect();
            keys.is_sorted() && map.values().all(is_sorted)
        }
        _ => true,
    }
}

/// JSON has one kind of number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

proptest! {
    #[test]
    fn a_line_reads_back_as_what_was_logged(
        message in any::<String>(),
        own in collection::vec((any::<String>(), json()), 0..6),
        call in collection::vec((any::<String>(), json()), 0..30),
        format in prop_oneof![Just(Format::Node155Json), Just(Format::Backstage)],
    ) {
        let f = Fixture::new(format);
        let reserved = |(key, _): &(String, Value)| ["level", "message", "timestamp"].contains(&key.as_str());
        let (own, call) = (
            own.into_iter().filter(|e| !reserved(e)).collect::<Vec<_>>(),
            call.into_iter().filter(|e| !reserved(e)).collect::<Vec<_>>(),
        );
        let log = f.root.child(own.clone().into_iter().collect::<Fields>());
        let fields: Vec<Field<'_>> = call.iter().map(|(k, v)| Field::new(k, FieldValue::Json(v))).collect();
        log.log(&Record::new(Level::Info, format_args!("{message}")).with_fields(&fields));

        let mut expected = Map::new();
        expected.insert("service".into(), "backstage".into());
        expected.extend(own);
        expected.extend(call);
        expected.insert("level".into(), "info".into());
        expected.insert("message".into(), message.into());
        let line: Value = serde_json::from_str(&f.lines.lines()[0]).unwrap();
        prop_assert!(is_sorted(&line), "{}", line);
        if let (Format::Backstage, Some(time)) = (format, line.get("timestamp")) {
            expected.insert("timestamp".into(), time.clone());
        }
        prop_assert!(same(&line, &Value::Object(expected.clone())), "{} {}", line, Value::Object(expected));
    }
}

/// Keys that sort among those that each line has.
const KEYS: [&str; 7] = ["task", "b", "level", "message", "service", "timestamp", "zone"];

/// A call's fields: keys that may come twice, values that may be undefined, fields that may be Greenroom's own.
fn call() -> impl Strategy<Value = Vec<(usize, Option<u64>, bool)>> {
    collection::vec((0..KEYS.len(), any::<Option<u64>>(), any::<bool>()), 0..5)
}

proptest! {
    #[test]
    fn a_call_that_comes_again_has_the_line_that_it_had(
        calls in collection::vec(call(), 1..7),
        turns in collection::vec(any::<proptest::sample::Index>(), 1..60),
        format in prop_oneof![Just(Format::Node155Json), Just(Format::Backstage)],
    ) {
        let f = Fixture::new(format);
        let child = || f.root.child(greenroom_logging::fields! { task: "own", area: 7 });
        let long_lived = child();
        for turn in turns {
            let call = turn.get(&calls);
            let field = |&(key, value, added): &(usize, Option<u64>, bool)| {
                let field = Field::literal(KEYS[key], value.map_or(FieldValue::Undefined, FieldValue::U64));
                if added { field.added() } else { field }
            };
            let fields: Vec<_> = call.iter().map(field).collect();
            let record = |log: &greenroom_logging::Logger| {
                log.log(&Record::new(Level::Info, format_args!("x")).at(std::time::UNIX_EPOCH).with_fields(&fields));
            };
            record(&long_lived);
            record(&child());
            let lines = f.lines.take();
            prop_assert_eq!(&lines[0], &lines[1]);
        }
    }
}

#[test]
fn keys_made_at_run_time_are_not_taken_for_each_other() {
    let f = Fixture::new(Format::Node155Json);
    let log = f.root.plugin("p");
    for i in 0..100 {
        let key = format!("key{i:02}");
        log.log(
            &Record::new(Level::Info, format_args!("x")).with_fields(&[Field::new(&key, FieldValue::U64(i))]),
        );
        assert_eq!(
            f.lines.take(),
            [format!(
                r#"{{"key{i:02}":{i},"level":"info","message":"x","plugin":"p","service":"backstage"}}"#
            )]
        );
    }
}

#[test]
fn the_fields_of_a_line_for_people_stand_in_the_order_of_an_object() {
    let f = Fixture::new(Format::Pretty);
    let log = f.root.child(greenroom_logging::fields! { b: 1, "10": 2, a: 3 });
    greenroom_logging::info!(log, "9" = 4, c = 5, b = 6, "01" = 7, "x");
    assert_eq!(f.line(), "<ts> backstage info x 9=4 10=2 b=6 a=3 c=5 01=7");
}

#[test]
fn people_are_shown_what_is_undefined_but_no_addition_without_a_value() {
    let f = Fixture::new(Format::Pretty);
    greenroom_logging::info!(f.root, a = None::<u8>, +b = None::<u8>, +c = 1, "x");
    assert_eq!(f.line(), "<ts> backstage info x a=undefined c=1");
}

#[test]
fn a_falsy_plugin_gives_way_to_the_service() {
    let f = Fixture::new(Format::Pretty);
    greenroom_logging::info!(f.root.plugin("p"), plugin = "", "x");
    assert_eq!(f.line(), "<ts> backstage info x ");
    greenroom_logging::info!(f.root.plugin("p"), plugin = None::<u8>, service = None::<u8>, "x");
    assert_eq!(f.line(), "<ts> undefined info x ");
}
