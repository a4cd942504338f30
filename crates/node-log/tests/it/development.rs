//! The development line, coloured and plain.

use greenroom_logging::Level;
use greenroom_node_log::{Kind, Plugin, Record, Stream};

use crate::support::{only, records};

fn fields(record: &Record<'_>) -> Vec<(String, String)> {
    record.fields().into_iter().map(|field| (field.key.into_owned(), field.json.into_owned())).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(key, json)| ((*key).to_owned(), (*json).to_owned())).collect()
}

#[test]
fn a_coloured_line_has_time_origin_level_message_and_fields() {
    let line = "\x1b[2m2026-11-28T19:38:17.958Z\x1b[22m \x1b[34mtasks\x1b[39m \x1b[33mwarn\x1b[39m it \x1b[36mgoes on \x1b[36ma\x1b[39m={\"b\":\" c\"} \x1b[36mn\x1b[39m=undefined \x1b[36mo\x1b[39m=[field value not castable to string]\n";
    let record = only(Stream::Stdout, line.as_bytes());
    assert_eq!((&record.kind, record.level), (&Kind::Development, Level::Warn));
    assert_eq!(record.time.as_ref().unwrap().timestamp().unwrap().to_string(), "2026-11-28T19:38:17.958Z");
    assert_eq!(record.plugin, Some(Plugin::Named("tasks".into())));
    assert_eq!(&*record.message, "it \x1b[36mgoes on");
    assert_eq!(
        fields(&record),
        pairs(&[("a", "{\"b\":\" c\"}"), ("o", "\"[field value not castable to string]\"")])
    );
}

#[test]
fn a_plain_line_is_read_the_same() {
    let line = "2026-11-28T19:38:17.958Z tasks info Sum is x=y task=7 at=\"noon = 12\"\n";
    let record = only(Stream::Stdout, line.as_bytes());
    assert_eq!((&*record.message, record.level), ("Sum is x=y", Level::Info));
    assert_eq!(fields(&record), pairs(&[("task", "7"), ("at", "\"noon = 12\"")]));
}

#[test]
fn a_space_at_the_end_says_that_there_are_no_fields() {
    let record = only(Stream::Stdout, b"2026-11-28T19:38:17.958Z tasks info port=80 \n");
    assert_eq!((&*record.message, record.fields().len()), ("port=80", 0));
}

#[test]
fn the_frameworks_own_loggers_are_services_and_no_plugins() {
    for origin in ["backstage", "rootHttpRouter"] {
        let record = only(Stream::Stdout, format!("2026-11-28T19:38:17.958Z {origin} info hi \n").as_bytes());
        assert_eq!((record.plugin, record.service.as_deref()), (None, Some(origin)));
    }
    let record = only(Stream::Stdout, b"2026-11-28T19:38:17.958Z undefined info hi \n");
    assert_eq!((record.plugin, record.service), (None, None));
}

#[test]
fn a_message_of_several_lines_is_one_record_with_its_fields() {
    let line = b"2026-11-28T19:38:17.958Z backstage error Failed:\n  Plugin 'a' failed type=\"unhandledRejection\"\n";
    let record = only(Stream::Stdout, line);
    assert_eq!(&*record.message, "Failed:\n  Plugin 'a' failed");
    assert_eq!(record.record_type.as_deref(), Some("unhandledRejection"));
}

#[test]
fn a_coloured_line_that_has_not_ended_goes_on_whatever_its_next_line_begins_with() {
    let head = "\x1b[2m2026-11-28T19:38:17.958Z\x1b[22m \x1b[34mx\x1b[39m \x1b[32minfo\x1b[39m";
    let bytes = format!("{head} line1\nline2\n\tline3 \nother\n{head} next \n");
    let messages: Vec<_> =
        records(Stream::Stdout, bytes.as_bytes()).into_iter().map(|r| r.message.into_owned()).collect();
    assert_eq!(messages, ["line1\nline2\n\tline3", "other", "next"]);
}

#[test]
fn a_stack_in_the_fields_is_the_records_stack() {
    let line = br#"2026-11-28T19:38:17.958Z backstage error Failed stack="Error: x\n    at f (/app/node_modules/@backstage/plugin-search-backend/dist/a.js:1:2)" n=1"#;
    let record = only(Stream::Stdout, line);
    assert_eq!(record.stack.as_deref().and_then(|stack| stack.lines().next()), Some("Error: x"));
    assert_eq!(record.plugin, Some(Plugin::Guess("search".into())));
    assert_eq!(fields(&record), pairs(&[("n", "1")]));
}

#[test]
fn text_that_begins_with_a_time_is_no_line_of_the_logger() {
    for line in [
        "2026-11-28 tasks info hi\n",
        "2026-11-28T19:38:17.958Z tasks loud hi\n",
        "2026-11-28T19:38:17.958Z\n",
        "12\n",
    ] {
        assert_eq!(only(Stream::Stdout, line.as_bytes()).kind, Kind::Console, "{line}");
    }
}
