//! Whatever is logged comes out as it went in.

use greenroom_logging::{Field, FieldValue, Fields, Level, Record};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value};

use crate::kit::Kit;

/// Text in which nothing looks like a URL or a secret.
fn text() -> impl Strategy<Value = String> {
    "[ -.0-9A-Z_a-z\n\u{e9}\u{1F600}\u{202e}\u{0}]{0,40}"
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(greenroom_js::number::to_json),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let members = vec(("x[a-f]{1,3}", inner.clone()), 0..4);
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn fields() -> impl Strategy<Value = Vec<(String, Value)>> {
    vec(("x[a-f]{1,2}", value()), 0..8)
}

/// Keys as they stand in source code; the last two are no fields of a line.
const KEYS: [&str; 6] = ["xa", "xb", "xc", "service", "plugin", "db.query.parameter.a"];

fn literals() -> impl Strategy<Value = Vec<(usize, Value)>> {
    vec((0..KEYS.len(), value()), 0..8)
}

/// A value as a caller gives it: a scalar as the scalar that it is.
fn given(value: &Value) -> FieldValue<'_> {
    match value {
        Value::Null => FieldValue::Null,
        Value::Bool(is) => FieldValue::Bool(*is),
        Value::String(text) => FieldValue::Str(text),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => FieldValue::U64(number),
            (_, Some(number)) => FieldValue::I64(number),
            _ => FieldValue::F64(number.as_f64().unwrap()),
        },
        _ => FieldValue::Json(value),
    }
}

proptest! {
    #[test]
    fn a_line_comes_out_as_it_went_in(
        message in text(),
        level in 0..3_usize,
        own in fields(),
        called in fields(),
    ) {
        let kit = Kit::new();
        let log = kit.root.plugin("tasks").child(own.iter().cloned().collect::<Fields>());
        let call: Vec<_> = called.iter().map(|(key, value)| Field::new(key, given(value))).collect();
        log.log(&Record::new(Level::ALL[level], format_args!("{message}")).with_fields(&call));
        let line = kit.line();
        prop_assert_eq!(&line.message, &message);
        prop_assert_eq!(line.level, Level::ALL[level]);
        prop_assert_eq!(line.plugin.as_deref(), Some("tasks"));
        prop_assert!(!line.is_cut);
        let mut expected = Map::from_iter([("service".to_owned(), Value::from("backstage"))]);
        expected.extend(own.into_iter().chain(called));
        prop_assert_eq!(line.fields, expected);
    }

    #[test]
    fn keys_that_are_kept_once_are_told_by_every_line(
        calls in vec((literals(), 1..3_usize), 1..12),
        own in fields(),
        has_own in any::<bool>(),
    ) {
        let kit = Kit::new();
        let own = if has_own { own } else { Vec::new() };
        let log = kit.root.child(own.iter().cloned().collect::<Fields>());
        let mut expected = Vec::new();
        for (called, times) in &calls {
            let call: Vec<_> =
                called.iter().map(|(key, value)| Field::literal(KEYS[*key], given(value))).collect();
            for _ in 0..*times {
                log.log(&Record::new(Level::Info, format_args!("same")).with_fields(&call));
                let mut fields = Map::from_iter([("service".to_owned(), Value::from("backstage"))]);
                fields.extend(own.iter().cloned());
                let told = called.iter().filter(|(key, _)| *key < 4);
                fields.extend(told.map(|(key, value)| (KEYS[*key].to_owned(), value.clone())));
                expected.push(fields);
            }
        }
        let all: Vec<_> = kit.all().into_iter().map(|line| line.fields).collect();
        prop_assert_eq!(all, expected);
    }

    #[test]
    fn lines_of_any_length_are_read_back_one_by_one(lengths in vec(0..40_000_usize, 1..60)) {
        let kit = Kit::new();
        for length in &lengths {
            kit.root.info("x".repeat(*length));
        }
        let all = kit.all();
        let newest = &lengths[lengths.len() - all.len()..];
        for (line, length) in all.iter().zip(newest) {
            if line.is_cut {
                prop_assert!(*length > 16 << 10);
            } else {
                prop_assert_eq!(line.message.len(), *length);
            }
        }
        prop_assert!(all.windows(2).all(|pair| pair[0].sequence + 1 == pair[1].sequence));
    }
}
