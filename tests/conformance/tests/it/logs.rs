//! Logs are equal but for times, places and what a format adds.

use greenroom_conformance::log::{Format, Line, Log, compare};
use greenroom_conformance::version::{Kind, Version};

fn recordings() -> Vec<(String, String)> {
    let logs: Vec<_> = Version::held()
        .into_iter()
        .flat_map(|version| version.recordings(Kind::Log).into_values())
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("a log")))
        .collect();
    assert!(logs.len() > 20, "only {} logs found", logs.len());
    logs
}

fn differences(recorded: &str, received: &str, format: Format) -> Vec<String> {
    let found = compare(&Log::parse(recorded), &Log::parse(received), format);
    found.into_iter().map(|difference| difference.what).collect()
}

const LINE: &str = r#"{"level":"info","message":"Fetching results","plugin":"tasks","service":"backstage"}"#;

#[test]
fn every_recorded_log_is_read_and_equals_itself() {
    for (name, text) in recordings() {
        let log = Log::parse(&text);
        assert!(log.exit.is_some() && !log.lines.is_empty(), "{name}: {log:?}");
        for format in [Format::Node, Format::Backstage] {
            assert!(compare(&log, &log, format).is_empty(), "{name}");
        }
    }
}

#[test]
fn a_line_that_is_left_out_is_missing_and_one_too_many_is_unexpected() {
    for (name, text) in recordings() {
        let log = Log::parse(&text);
        for at in 0..log.lines.len() {
            let mut shorter = log.clone();
            shorter.lines.remove(at);
            let missing = compare(&log, &shorter, Format::Node);
            assert_eq!(
                missing.iter().map(|d| d.what.as_str()).collect::<Vec<_>>(),
                ["missing line"],
                "{name}"
            );
            let unexpected = compare(&shorter, &log, Format::Node);
            assert_eq!(
                unexpected.iter().map(|d| d.what.as_str()).collect::<Vec<_>>(),
                ["unexpected line"],
                "{name}"
            );
        }
    }
}

#[test]
fn a_changed_field_is_found_and_named() {
    let changed = LINE.replace(r#""backstage""#, r#""other""#);
    assert_eq!(differences(LINE, &changed, Format::Backstage), [r#"field service of "Fetching results""#]);
    let louder = LINE.replace("info", "warn");
    assert_eq!(differences(LINE, &louder, Format::Node), ["missing line", "unexpected line"]);
}

#[test]
fn added_fields_are_allowed_in_our_format_only() {
    let more = LINE.replace(r#""service""#, r#""requestId":"1","service""#);
    assert!(differences(LINE, &more, Format::Backstage).is_empty());
    assert_eq!(differences(LINE, &more, Format::Node), [r#"field requestId of "Fetching results""#]);
    assert_eq!(differences(&more, LINE, Format::Backstage), [r#"field requestId of "Fetching results""#]);
}

#[test]
fn the_order_of_fields_counts_in_nodes_format() {
    let (one, other) = (r#"{"level":"info","message":"m"}"#, r#"{"message":"m","level":"info"}"#);
    assert_eq!(differences(one, other, Format::Node), [r#"order of fields of "m""#]);
    assert!(differences(one, other, Format::Backstage).is_empty());
}

#[test]
fn times_stacks_files_ports_and_the_order_of_finishing_are_not_compared() {
    for (one, other) in [
        (r#"{"message":"[2026-11-22T07:55:58.500Z] x"}"#, r#"{"message":"[2024-01-01T00:00:00.000Z] x"}"#),
        (r#"{"message":"m","stack":"Error: a\n    at b"}"#, r#"{"message":"m","stack":"Error: a"}"#),
        (
            r#"{"message":"Config file \"/app/conf/a.yaml\""}"#,
            r#"{"message":"Config file \"/tmp/b/c.yaml\""}"#,
        ),
        (r#"{"message":"Listening on :17041"}"#, r#"{"message":"Listening on :4000"}"#),
        (r#"{"userAgent":"jose/v5.10.0"}"#, r#"{"userAgent":"jose/v6.2.18"}"#),
        (r#"{"message":"newly initialized: 'b', 'a'"}"#, r#"{"message":"newly initialized: 'a', 'b'"}"#),
        ("Loading config from X{}\nHOOK a", "HOOK a\n"),
    ] {
        assert!(differences(one, other, Format::Node).is_empty(), "{one} {other}");
    }
    let (listening, elsewhere) = (r#"{"message":"Listening on :1"}"#, r#"{"message":"Listening on host:1"}"#);
    assert_eq!(differences(listening, elsewhere, Format::Node).len(), 2);
}

#[test]
fn a_crash_of_node_is_a_line_that_tells_its_error() {
    let (_, text) =
        recordings().into_iter().find(|(name, _)| name.contains("config-missing-file")).expect("it");
    let log = Log::parse(&text);
    assert_eq!(log.lines, [Line::Crash("NotFoundError: Config file \"<file>\" does not exist".to_owned())]);
    assert_eq!(log.exit, Some(1));
    let ours = r#"{"level":"error","message":"Cannot start: Config file \"/a/b.yaml\" does not exist"}"#;
    assert!(compare(&log, &Log::parse(ours), Format::Node).is_empty());
    assert_eq!(compare(&log, &Log::parse(LINE), Format::Node).len(), 2);
}
