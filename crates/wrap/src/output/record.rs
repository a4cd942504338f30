//! From what a Node backend has printed to a record of our log.

use std::time::SystemTime;

use greenroom_logging::{Field, FieldValue, Logger, Record};
use greenroom_node_log::{self as node_log, Kind, Plugin, Time};

/// So many fields of a line are told; those of Backstage's logger have some twenty. A child may not choose how long its lines take.
const MOST_FIELDS: usize = 1000;

/// Logs it; what says nothing new only where the log is what Node prints.
pub(super) fn log(printed: &node_log::Record<'_>, says_nothing_new: bool, log: &Logger) {
    let parsed = printed.fields();
    let (told, left_out) = parsed.split_at(parsed.len().min(MOST_FIELDS));
    let mut fields = Vec::with_capacity(told.len() + 8);
    let text = |key: &'static str, text| Field::literal(key, FieldValue::Str(text));
    match &printed.plugin {
        Some(Plugin::Named(id)) => fields.push(text("plugin", id)),
        Some(Plugin::Guess(id)) => fields.push(text("pluginGuess", id).added()),
        None => {}
    }
    fields.extend(printed.service.as_deref().map(|service| text("service", service)));
    fields.extend(told.iter().map(|field| Field::new(&field.key, value(&field.json))));
    if !left_out.is_empty() {
        let count = FieldValue::U64(left_out.len() as u64);
        fields.push(Field::literal("fieldsLeftOut", count).added());
    }
    fields.extend(printed.stack.as_deref().map(|stack| text("stack", stack)));
    let is_of_logger = matches!(printed.kind, Kind::Json | Kind::Development);
    if !is_of_logger {
        fields.extend(printed.record_type.as_deref().map(|of_type| text("type", of_type).added()));
        fields.push(text("stream", printed.stream.as_str()).added());
    }
    if let Kind::ProcessWarning(warning) = &printed.kind {
        fields.extend(warning.code.as_deref().map(|code| text("code", code).added()));
    }
    if printed.truncated_bytes > 0 {
        let bytes = FieldValue::U64(printed.truncated_bytes);
        fields.push(Field::literal("truncatedBytes", bytes).added());
    }
    let time = printed.time.as_ref();
    let is_date =
        |time: &&Time<'_>| parsed.iter().any(|field| field.key == "date" && is_text(&field.json, time));
    let kept = time.filter(|time| !is_as_ours(time.as_str())).filter(|time| !is_date(time));
    fields.extend(kept.map(|time| text("timestamp", time.as_str())));
    let at = printed_at(printed);
    let message = format_args!("{}", printed.message);
    let mut record = Record::new(printed.level, message).with_fields(&fields).with_raw(&printed.raw).at(at);
    if printed.truncated_bytes > 0 {
        record = record.cut();
    }
    log.log(&if says_nothing_new { record.only_raw() } else { record });
}

/// When it was printed: as its line says, else when it came.
pub(crate) fn printed_at(printed: &node_log::Record<'_>) -> SystemTime {
    let arrived = || {
        let now = SystemTime::now();
        now.checked_sub(printed.arrived.elapsed()).unwrap_or(now)
    };
    printed.time.as_ref().and_then(Time::system_time).unwrap_or_else(arrived)
}

/// Whether a time is printed as we would: `2026-11-28T19:38:18.183Z`.
fn is_as_ours(time: &str) -> bool {
    let form = b"0000-00-00T00:00:00.000Z";
    let is_alike = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    time.len() == form.len() && time.bytes().zip(*form).all(is_alike)
}

fn is_text(json: &str, time: &Time<'_>) -> bool {
    json.strip_prefix('"').and_then(|text| text.strip_suffix('"')) == Some(time.as_str())
}

/// A value of which nothing is lost: a scalar where it can be one, for level rules compare those.
fn value(json: &str) -> FieldValue<'_> {
    let whole = || {
        let is_whole = !json.starts_with("-0") && json.len() <= 18;
        is_whole.then(|| json.parse().ok()).flatten().map(FieldValue::I64)
    };
    match json {
        "null" => FieldValue::Null,
        "true" => FieldValue::Bool(true),
        "false" => FieldValue::Bool(false),
        _ => match json.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(text) if !text.contains('\\') => FieldValue::Str(text),
            _ => whole().unwrap_or(FieldValue::JsonText(json)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_printed_as_it_was() {
        use greenroom_logging::{CaptureSink, Format, Level, RootLogger};

        for json in [
            "0",
            "-0",
            "-7",
            "1e21",
            "12345678901234567890.10",
            "\"a\\u0041\"",
            "[1,{\"b\":1.0}]",
            "null",
            "\"\"",
        ] {
            let lines = CaptureSink::in_format(Format::Node155Json);
            let root = RootLogger::builder().sink(lines.clone()).build();
            let fields = [Field::new("k", value(json))];
            root.foreign().log(&Record::new(Level::Info, format_args!("m")).with_fields(&fields));
            assert_eq!(lines.take(), [format!(r#"{{"k":{json},"level":"info","message":"m"}}"#)]);
        }
    }

    #[test]
    fn of_a_line_with_very_many_fields_the_first_are_told_and_node_format_has_all() {
        use std::time::Instant;

        use greenroom_logging::{CaptureSink, Format, RootLogger};
        use greenroom_node_log::{Reader, Stream};

        let members: Vec<_> = (0..60_000).rev().map(|n| format!(r#""k{n:05}":{n}"#)).collect();
        let line = format!(r#"{{"level":"info","message":"m",{}}}"#, members.join(","));
        let printed = |format| {
            let lines = CaptureSink::in_format(format);
            let log = RootLogger::builder().sink(lines.clone()).build().foreign();
            let mut out = |record: node_log::Record<'_>| super::log(&record, false, &log);
            let mut reader = Reader::new(Stream::Stdout);
            reader.push(format!("{line}\n").as_bytes(), Instant::now(), &mut out);
            reader.finish(&mut out);
            lines.take().concat()
        };
        assert!(printed(Format::NodeJson) == line, "the line is whole");
        let told: serde_json::Value = serde_json::from_str(&printed(Format::Backstage)).unwrap();
        let told = told.as_object().unwrap();
        assert_eq!(told["fieldsLeftOut"], 59_000);
        assert_eq!((told["k59999"].as_u64(), told["k59000"].as_u64()), (Some(59_999), Some(59_000)));
        assert_eq!(told.keys().filter(|key| key.starts_with('k')).count(), MOST_FIELDS);
        let for_people = printed(Format::Pretty);
        assert!(for_people.ends_with(" k59000=59000 fieldsLeftOut=59000"), "{:?}", for_people.get(..80));
    }

    #[test]
    fn a_time_of_another_form_is_kept_as_it_is() {
        assert!(is_as_ours("2026-11-28T19:38:18.183Z"));
        for other in ["2026-11-28T19:38:18Z", "2026-11-28 19:38:18.183Z", "2026-11-28T19:38:18.183+", ""] {
            assert!(!is_as_ours(other), "{other}");
        }
    }
}
