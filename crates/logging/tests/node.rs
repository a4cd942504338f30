//! The JSON encoder beside `JSON.stringify` of a real Node, over generated values.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use greenroom_logging::{CaptureSink, Format, RootLogger, info};
use proptest::{
    collection, option,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

const CASES: usize = 5000;

/// Prints each value of the array that it reads, its keys sorted, as the backend's formatter does.
const SCRIPT: &str = r"
const text = value => Array.isArray(value) ? '[' + value.map(text).join(',') + ']'
  : value && typeof value === 'object'
    ? '{' + Object.keys(value).sort().map(key => JSON.stringify(key) + ':' + text(value[key])).join(',') + '}'
    : JSON.stringify(value);
const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(input.map(text)));
";

/// What JavaScript can hold: doubles, and integers that are exact in them.
fn number() -> impl Strategy<Value = Value> {
    let special = [0.0, -0.0, 1e21, 1e-7, 123456789012345680000.0, 5e-324, f64::MAX, 0.1 + 0.2];
    prop_oneof![
        any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()).prop_map(|n| json!(n)),
        (-(1_i64 << 53)..=(1 << 53)).prop_map(|n| json!(n)),
        any::<i16>().prop_map(|n| json!(f64::from(n) / 8.0)),
        proptest::sample::select(special.to_vec()).prop_map(|n| json!(n)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        ".*".prop_map(Value::from),
        "[\\u{0}-\\u{20}\"\\\\/\u{7f}\u{2028}\u{2029}\u{feff}]*".prop_map(Value::from),
    ];
    let key = prop_oneof!["[a-z]{1,4}", "[0-9]{1,3}", ".{0,3}"];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            collection::btree_map(key.clone(), option::of(inner), 0..5).prop_map(|map| json!(map)),
        ]
    })
}

#[test]
fn values_are_encoded_as_json_stringify_does() {
    let mut runner = TestRunner::new(Config::default());
    let values: Vec<Value> = (0..CASES).map(|_| value().new_tree(&mut runner).unwrap().current()).collect();
    let expected = stringified(&values);
    for (value, expected) in values.iter().zip(expected) {
        let lines = CaptureSink::new();
        let root = RootLogger::builder().format(Format::Node155Json).sink(lines.clone()).build();
        info!(root, a = value, "x");
        let line = &lines.take()[0];
        assert_eq!(
            line,
            &format!(r#"{{"a":{expected},"level":"info","message":"x","service":"backstage"}}"#),
            "{value:?}"
        );
    }
}

fn stringified(values: &[Value]) -> Vec<String> {
    let mut node = Command::new("node")
        .args(["-e", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is on the path");
    let mut stdin = node.stdin.take().unwrap();
    let input = serde_json::to_vec(values).unwrap();
    #[expect(clippy::disallowed_methods, reason = "it is joined below")]
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let printed: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed.len(), values.len());
    printed
}
