//! A call with any message, fields and error, under any secret: one line of JSON, in which the secret does not stand.

#![no_main]

use greenroom_errors::Error;
use greenroom_logging::{CaptureSink, Field, FieldValue, Fields, Format, Level, Record, RootLogger};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// What the encoder itself says of where a line comes from and of an error.
const OWN: [&str; 4] = ["level", "service", "plugin", "timestamp"];
const OF_ERRORS: [&str; 5] = ["message", "stack", "name", "cause", "error"];

/// All texts and keys that a caller gave.
fn texts(value: &Value, is_line: bool, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, false, out)),
        Value::Object(fields) => {
            for (key, value) in fields {
                if is_line && OWN.contains(&key.as_str()) {
                    continue;
                }
                if !OF_ERRORS.contains(&key.as_str()) {
                    out.push(key.clone());
                }
                texts(value, false, out);
            }
        }
        _ => {}
    }
}

fn log(
    format: Format,
    secret: &str,
    message: &str,
    own: &Map<String, Value>,
    call: &Map<String, Value>,
) -> String {
    let lines = CaptureSink::new();
    let builder = RootLogger::builder().format(format).sink(lines.clone()).secrets([secret.to_owned()]);
    let root = builder.build();
    lines.take();
    let logger = root.plugin("p").child(own.clone().into_iter().collect::<Fields>());
    let fields: Vec<Field<'_>> =
        call.iter().map(|(key, value)| Field::new(key, FieldValue::Json(value))).collect();
    let error =
        Error::named(message.to_owned(), message.to_owned()).caused_by(Error::new(message.to_owned()));
    logger.log(&Record::new(Level::Info, format_args!("{message}")).with_fields(&fields).with_error(&error));
    let mut lines = lines.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

fuzz_target!(|text: &str| {
    let mut parts = text.split('\0');
    let (message, secret) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default().trim());
    let object = |text: Option<&str>| serde_json::from_str(text.unwrap_or_default()).unwrap_or_default();
    let (own, call) = (object(parts.next()), object(parts.next()));
    for format in [Format::NodeJson, Format::Backstage, Format::NodeLine] {
        let line = log(format, secret, message, &own, &call);
        if format == Format::NodeLine {
            continue;
        }
        assert!(!line.contains('\n'), "{line:?}");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        let mut all = Vec::new();
        texts(&line, true, &mut all);
        // The mask is made of stars, so that one with stars may come to stand where none was.
        if secret.encode_utf16().count() > 1 && !secret.contains('*') {
            assert!(all.iter().all(|text| !text.contains(secret)), "{secret:?} in {all:?}");
        }
    }
});
