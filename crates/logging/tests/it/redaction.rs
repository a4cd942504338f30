//! Secrets never leave.

use greenroom_errors::Error;
use greenroom_logging::{
    CaptureSink, Emitted, Field, FieldValue, Fields, Format, Level, Record, RootLogger, Sink, Wants, error,
    fields, info,
};
use proptest::{collection, prelude::*};
use serde_json::{Value, json};

use crate::fixture::Fixture;

/// Secrets with everything that escaping or framing could trip over; no asterisk, which is the mask's.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c\"\\\\\n\u{e9}\u{1F600}{}:,1-3]{2,6}",
        "[0-9]{2,4}",
        Just("-----BEGIN KEY-----\nabc\n-----END KEY-----".to_owned()),
    ]
}

/// Text that holds some of the secrets.
fn text(secrets: Vec<String>) -> impl Strategy<Value = String> {
    let piece = prop_oneof![proptest::sample::select(secrets), "[a-c1-3\"\\\\ ]{0,4}".prop_map(String::from)];
    collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn value(secrets: Vec<String>) -> impl Strategy<Value = Value> {
    let numbers: Vec<i64> = secrets.iter().filter_map(|s| s.parse().ok()).chain([7]).collect();
    let leaf = prop_oneof![
        text(secrets.clone()).prop_map(Value::from),
        proptest::sample::select(numbers).prop_map(Value::from),
        Just(Value::Bool(true)),
    ];
    leaf.prop_recursive(2, 12, 4, move |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            collection::vec((text(secrets.clone()), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

prop_compose! {
    fn case()(secrets in collection::vec(secret(), 1..6))(
        message in text(secrets.clone()),
        appended in text(secrets.clone()),
        own in collection::vec((text(secrets.clone()), value(secrets.clone())), 0..4),
        call in collection::vec((text(secrets.clone()), value(secrets.clone())), 0..4),
        secrets in Just(secrets),
    ) -> (Vec<String>, String, String, Vec<(String, Value)>, Vec<(String, Value)>) {
        (secrets, message, appended, own, call)
    }
}

/// Every string, dynamic key and number of a line.
fn texts(value: &Value, top: bool, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, false, out)),
        Value::Object(map) => {
            for (key, item) in map {
                match key.as_str() {
                    "level" | "service" | "plugin" | "timestamp" if top => continue,
                    "message" | "stack" | "error" | "shown" if top => {}
                    "message" | "stack" | "name" => {}
                    _ => out.push(key.clone()),
                }
                texts(item, false, out);
            }
        }
        _ => {}
    }
}

fn numbers(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Number(n) => out.push(n.to_string()),
        Value::Array(items) => items.iter().for_each(|item| numbers(item, out)),
        Value::Object(map) => map.values().for_each(|item| numbers(item, out)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_secret_survives_and_lines_stay_json((secrets, message, appended, own, call) in case()) {
        for format in [Format::Node155Json, Format::Backstage] {
            let f = Fixture::with(format, |b| b.secrets(secrets.clone()));
            f.lines.take();
            let log = f.root.plugin("p").child(own.clone().into_iter().collect::<Fields>());
            let mut fields: Vec<Field<'_>> =
                call.iter().map(|(k, v)| Field::new(k, FieldValue::Json(v))).collect();
            let failed = Error::named(appended.clone(), appended.clone());
            fields.push(Field::new("error", FieldValue::Error(&failed)));
            fields.push(Field::new("shown", FieldValue::Display(&appended)));
            log.log(&Record::new(Level::Info, format_args!("{message}")).with_fields(&fields).with_error(&failed));

            let line: Value = serde_json::from_str(&f.lines.take()[0]).unwrap();
            let (mut all, mut digits) = (Vec::new(), Vec::new());
            texts(&line, true, &mut all);
            numbers(&line, &mut digits);
            for secret in secrets.iter().map(|s| s.trim()).filter(|s| s.encode_utf16().count() > 1) {
                for text in &all {
                    prop_assert!(!text.contains(secret), "{:?} in {:?}", secret, text);
                }
                prop_assert!(!digits.iter().any(|n| n == secret), "{:?} in {:?}", secret, digits);
            }
        }
    }

    #[test]
    fn no_secret_survives_in_a_message_for_people((secrets, message, ..) in case()) {
        let f = Fixture::with(Format::NodeLine, |b| b.secrets(secrets.clone()));
        f.root.info(&message);
        let line = f.lines.take().remove(0);
        let text = line.split_once("info\x1b[39m ").unwrap().1;
        for secret in secrets.iter().map(|s| s.trim()).filter(|s| s.encode_utf16().count() > 1) {
            prop_assert!(!text.contains(secret), "{:?} in {:?}", secret, text);
        }
    }
}

fn masked(secrets: &[&str], log: impl Fn(&RootLogger)) -> String {
    let f = Fixture::with(Format::Node155Json, |b| b.secrets(secrets.to_vec()));
    log(&f.root);
    f.line()
}

#[test]
fn a_number_that_is_a_secret_becomes_the_mask_and_others_stay() {
    let line = masked(&["5432", "1.5"], |log| {
        info!(log, port = 5432, near = 54321, ratio = 1.5, list = json!([5432, {"p": 5432}]), "x");
    });
    assert_eq!(
        line,
        r#"{"level":"info","list":["***",{"p":"***"}],"message":"x","near":54321,"port":"***","ratio":"***","service":"backstage"}"#
    );
}

/// Node would print `"level":"***"` and `"service":"***"`.
#[test]
fn structure_is_never_masked() {
    let line = masked(&["info", "backstage", "catalog", "message", "entity"], |log| {
        info!(log.plugin("catalog"), entity = "entity", "info");
    });
    assert_eq!(
        line,
        r#"{"entity":"***","level":"info","message":"***","plugin":"catalog","service":"backstage"}"#
    );
}

#[test]
fn a_call_cannot_pass_text_as_its_origin() {
    let line = masked(&["hunter2hunter2"], |log| info!(log, plugin = "hunter2hunter2", "x"));
    assert_eq!(line, r#"{"level":"info","message":"x","plugin":"***","service":"backstage"}"#);
}

#[test]
fn text_that_is_split_over_message_and_error_is_masked_as_a_whole() {
    let line = masked(&["one two"], |log| error!(log, ..&Error::new("two"), "one"));
    assert!(line.contains(r#""message":"***""#), "{line}");
}

#[test]
fn doubtful_secrets_are_told_by_key_and_place() {
    let yaml = "
backend:
  logger: {meta: {service: my-service}, redactAllowlist: ['5432']}
  auth:
    keys:
      - secret: inf
      - secret: service
      - secret: a-long-secret
      - secret: '5432'
";
    let config = greenroom_config::RootConfig::from_yaml(yaml).unwrap();
    let key = |n: usize| format!("the secret 'backend.auth.keys[{n}].secret'");
    let short = "is shorter than 8 characters: ordinary text that holds it is masked too";
    let part = |of: &str| format!("is part of '{of}', where it is not masked");
    assert_eq!(
        greenroom_logging::doubtful_secrets(&config).unwrap(),
        [
            format!("{} {short} (mock-config:6:17)", key(0)),
            format!("{} {} (mock-config:6:17)", key(0), part("info")),
            format!("{} {short} (mock-config:7:17)", key(1)),
            format!("{} {} (mock-config:7:17)", key(1), part("my-service")),
        ]
    );
}

/// A sink of typed records masks text by itself.
#[test]
fn a_typed_sink_gets_the_record_and_the_means_to_mask() {
    #[derive(Clone)]
    struct Typed(std::sync::Arc<std::sync::Mutex<Vec<String>>>);
    impl Sink for Typed {
        fn wants(&self) -> Wants {
            Wants::Record
        }
        fn emit(&self, emitted: &Emitted<'_>) {
            let record = emitted.record();
            assert!(emitted.line().is_empty());
            let attempt = record.field("attempt").unwrap();
            assert!(matches!(attempt, FieldValue::I64(3)));
            let own: Vec<&str> = emitted.fields().keys().collect();
            let text = record.message().to_string();
            let plugin = emitted.context().plugin().unwrap_or_default().to_owned();
            self.0.lock().unwrap().push(format!("{plugin} {own:?} {}", emitted.redact(&text)));
        }
    }
    let (typed, lines) = (Typed(Default::default()), CaptureSink::in_format(Format::Pretty));
    let root =
        RootLogger::builder().secrets(["hunter2hunter2"]).sink(typed.clone()).sink(lines.clone()).build();
    let log = root.child(fields! { task: 1 });
    lines.take();
    greenroom_context::Context::default()
        .with_plugin("catalog")
        .sync_scope(|| info!(log, attempt = 3, "it is {}", "hunter2hunter2"));
    assert_eq!(*typed.0.lock().unwrap(), [r#"catalog ["service", "task"] it is ***"#]);
    assert!(lines.take()[0].ends_with("backstage info it is *** task=1 attempt=3 plugin=\"catalog\""));
}

#[test]
fn a_sentence_that_is_known_to_hold_no_secret_is_told_as_it_is_unless_something_is_appended() {
    for format in [Format::Backstage, Format::Pretty] {
        let lines = CaptureSink::in_format(format);
        let root = RootLogger::builder().sink(lines.clone()).build();
        root.add_redactions(["start"]);
        let error = std::io::Error::other("no start");
        let record = || Record::new(Level::Warn, format_args!("start is short")).unmasked();
        root.log(&record());
        root.log(&record().with_error(&error));
        root.warn("start");
        let lines = lines.take();
        assert!(lines[0].contains("start is short"), "{lines:?}");
        assert!(!lines[1..].concat().contains("start"), "{lines:?}");
    }
}
