//! How records are shown.

use greenroom_logs::{Pretty, Settings, View};
use jiff::tz::{self, TimeZone};

use crate::support::{raw, shown};

macro_rules! recorded {
    ($name:literal) => {
        include_bytes!(concat!("../recorded/", $name))
    };
}

fn pretty(pretty: Pretty) -> Settings {
    Settings { view: View::Pretty(pretty), ..Settings::default() }
}

#[test]
fn what_node_prints_is_shown_to_people() {
    insta::assert_snapshot!("requests", shown(Settings::default(), recorded!("requests-0.19.log")));
    insta::assert_snapshot!("failed_start", shown(Settings::default(), recorded!("failed-start-0.19.log")));
    insta::assert_snapshot!("development", shown(Settings::default(), recorded!("development-0.19.log")));
    insta::assert_snapshot!("cause", shown(Settings::default(), recorded!("cause.stderr")));
}

#[test]
fn what_node_prints_is_shown_as_json_lines() {
    let json = Settings { view: View::Json { fields: None }, ..Settings::default() };
    let text = shown(json, recorded!("development-0.19.log"));
    let objects: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(objects.len() > 5 && objects.iter().all(|object| object["level"].is_string()));
    insta::assert_snapshot!("development_as_json", text);
}

#[test]
fn json_lines_and_bytes_stay_as_they_came() {
    let log = recorded!("formats-production.log");
    assert_eq!(shown(raw(""), log).as_bytes(), log);
    let json = shown(Settings { view: View::Json { fields: None }, ..raw("service:*") }, log);
    let kept: Vec<_> =
        std::str::from_utf8(log).unwrap().lines().filter(|line| line.contains("\"service\"")).collect();
    assert_eq!(json.lines().collect::<Vec<_>>(), kept);
}

#[test]
fn records_and_bytes_are_counted_by_plugin_and_level() {
    let count = |json| Settings { view: View::Count { json }, ..Settings::default() };
    insta::assert_snapshot!("count", shown(count(false), recorded!("failed-start-0.19.log")));
    let rows = shown(count(true), recorded!("failed-start-0.19.log"));
    let rows = rows.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let bytes: u64 = rows.map(|row| row["bytes"].as_u64().unwrap()).sum();
    assert_eq!(bytes, recorded!("failed-start-0.19.log").len() as u64);
}

#[test]
fn the_line_of_a_request_is_short() {
    let line = br#"{"level":"info","message":"\"GET /api/catalog/entities?x=1 HTTP/1.1\" 200 15 \"-\" \"curl\"","service":"rootHttpRouter","type":"incomingRequest","method":"GET","url":"/api/catalog/entities?x=1","status":200,"httpVersion":"1.1","userAgent":"curl","contentLength":15,"durationMs":12.345,"route":"/entities","targetPlugin":"catalog","principalType":"user","aborted":true,"timestamp":"2026-11-28T20:21:34.930Z"}"#;
    assert_eq!(
        shown(Settings::default(), line),
        "--- 2026-11-28 Saturday +00:00 ---\n\
         20:21:34.930 info  rootHttpRouter GET /api/catalog/entities?x=1 200 12.3ms catalog user aborted=true\n"
    );
}

#[test]
fn a_log_line_cannot_drive_the_terminal() {
    let log = "{\"level\":\"info\",\"message\":\"a\\u001b[2Jb\\r\\u009bc\",\"plugin\":\"p\\u0007\",\"k\\u001b\":\"v\\u001b]0;t\\u0007\",\"stack\":\"Error\\n    at \\u001b[31m\"}\n\
        \u{1b}[31mred\u{1b}[0m\u{8} and \u{202e}back\nError: x\u{1b}c\n    at y\u{7} (/z.js:1:2)\n";
    let text = shown(Settings::default(), log.as_bytes());
    assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    assert!(text.contains(r"a\u001b[2Jb"), "{text}");
}

#[test]
fn colours_frame_what_they_colour() {
    let line = b"{\"level\":\"warn\",\"message\":\"m\",\"plugin\":\"p\",\"k\":\"v w\",\"timestamp\":\"2026-11-28T20:21:34.930Z\"}\n";
    let text = shown(pretty(Pretty { colour: true, ..Pretty::default() }), line);
    let second = text.lines().nth(1).unwrap();
    assert_eq!(
        second,
        "\u{1b}[2m20:21:34.930\u{1b}[0m \u{1b}[33mwarn \u{1b}[0m \u{1b}[34mp\u{1b}[0m m \u{1b}[36mk\u{1b}[0m=\"v w\""
    );
}

#[test]
fn the_date_is_told_when_it_changes_by_the_clock_of_the_reader() {
    let line = |time| format!("{{\"level\":\"info\",\"message\":\"m\",\"timestamp\":\"{time}\"}}\n");
    let log = [
        line("2026-11-28T22:00:00Z"),
        line("2026-11-28T23:00:00Z"),
        line("2026-11-28T23:00:01Z"),
        line("then"),
    ]
    .concat();
    let zone = TimeZone::fixed(tz::offset(1));
    assert_eq!(
        shown(pretty(Pretty { zone, ..Pretty::default() }), log.as_bytes()),
        "--- 2026-11-28 Saturday +01:00 ---\n23:00:00.000 info  - m\n\
         --- 2026-11-29 Sunday +01:00 ---\n00:00:00.000 info  - m\n00:00:01.000 info  - m\nthen info  - m\n"
    );
}

#[test]
fn of_a_plugins_name_only_the_beginning_is_counted_by() {
    let line = |end: char| {
        let name = "é".repeat(100_000);
        format!("{{\"level\":\"info\",\"message\":\"m\",\"plugin\":\"{name}{end}\"}}\n")
    };
    let log = [line('a'), line('b')].concat();
    let count = shown(Settings { view: View::Count { json: true }, ..Settings::default() }, log.as_bytes());
    assert!(count.contains(&format!("\"plugin\":\"{}…\"", "é".repeat(50))), "{count}");
    assert!(count.contains("\"records\":2"), "{count}");
}

#[test]
fn fields_are_chosen_by_name() {
    let line = b"{\"level\":\"info\",\"message\":\"m\",\"plugin\":\"p\",\"a\":{\"b\":1},\"c\":2}\n";
    let fields = Some(vec!["a.b".to_owned(), "none".to_owned(), "plugin".to_owned()]);
    let text = shown(pretty(Pretty { fields: fields.clone(), ..Pretty::default() }), line);
    assert_eq!(text.trim_start(), "info  p m a.b=1 plugin=p\n");
    let json = shown(Settings { view: View::Json { fields }, ..Settings::default() }, line);
    assert_eq!(json, "{\"a.b\":1,\"plugin\":\"p\"}\n");
}

#[test]
fn broken_and_endless_lines_are_kept_as_text() {
    let log = b"{\"level\":\"info\",\"message\":\"half\n\xff\xfe\n";
    let text = shown(Settings::default(), log);
    assert!(
        text.contains("{\"level\":\"info\",\"message\":\"half\n") && text.contains("\u{fffd}\u{fffd}"),
        "{text}"
    );

    let long = [&b"a".repeat(3 << 20)[..], b"\nnext\n"].concat();
    let text = shown(Settings::default(), &long);
    assert!(
        // Of a line that is cut, the end is left out in which half a secret may stand.
        text.contains(" … 2105344 bytes more\n") && text.ends_with("next\n"),
        "{}",
        &text[text.len() - 80..]
    );
}
