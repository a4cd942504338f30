//! Lines with what containers' tools write before them.

use greenroom_logs::{Settings, View};
use proptest::prelude::*;

use crate::support::{bytes, messages, raw, shown};

const LINES: [&str; 5] = [
    r#"{"level":"info","message":"one","plugin":"catalog"}"#,
    "Error: no such table",
    "    at run (/app/x.js:1:2)",
    r#"{"level":"warn","message":"two"}"#,
    "bye",
];

/// Writes the line of that number and text.
type Form = fn(usize, &str) -> String;

fn forms() -> [(&'static str, Form); 5] {
    [
        ("timestamps", |nth, line| format!("2026-11-30T10:00:0{nth}.123456789Z {line}\n")),
        ("prefix", |_, line| format!("[pod/backstage-0/app] {line}\n")),
        ("both", |nth, line| format!("[pod/backstage-0/app] 2026-11-30T10:00:0{nth}.123456789Z {line}\n")),
        ("runtime interface", |nth, line| {
            let (begin, end) = line.split_at(line.len() / 2);
            let time = format!("2026-11-30T10:00:0{nth}.123456789Z stdout");
            format!("{time} P {begin}\n{time} F {end}\n")
        }),
        ("docker", |nth, line| {
            let log = serde_json::to_string(&format!("{line}\n")).unwrap();
            format!(
                "{{\"log\":{log},\"stream\":\"stdout\",\"time\":\"2026-11-30T10:00:0{nth}.123456789Z\"}}\n"
            )
        }),
    ]
}

fn log(form: Form) -> String {
    LINES.iter().enumerate().map(|(nth, line)| form(nth, line)).collect()
}

#[test]
fn each_form_is_taken_off_and_a_stack_is_one_record_yet() {
    for (name, form) in forms() {
        let log = log(form);
        assert_eq!(messages("", log.as_bytes()), ["one", "Error: no such table", "two", "bye"], "{name}");
        let json =
            shown(Settings { view: View::Json { fields: None }, ..raw("message:one") }, log.as_bytes());
        assert_eq!(json, format!("{}\n", LINES[0]), "{name}");
    }
}

#[test]
fn the_bytes_as_they_came_have_what_stood_before_the_line() {
    for (name, form) in forms() {
        let log = log(form);
        assert_eq!(shown(raw(""), log.as_bytes()), log, "{name}");
        assert_eq!(
            shown(raw("table"), log.as_bytes()),
            [form(1, LINES[1]), form(2, LINES[2])].concat(),
            "{name}"
        );
    }
}

#[test]
fn the_time_before_a_line_counts_if_the_line_has_none() {
    for (name, form) in forms().into_iter().filter(|(name, _)| *name != "prefix") {
        let since = Some("2026-11-30T10:00:03Z".parse().unwrap());
        let text = shown(Settings { since, view: View::default(), ..raw("") }, log(form).as_bytes());
        assert_eq!(
            text, "--- 2026-11-30 Monday +00:00 ---\n10:00:03.123 warn  - two\n10:00:04.123 info  - bye\n",
            "{name}"
        );
    }
    let own = "2026-11-30T10:00:00.123456789Z {\"level\":\"info\",\"message\":\"m\",\"timestamp\":\"2026-01-01T00:00:00.000Z\"}\n";
    assert!(shown(Settings::default(), own.as_bytes()).contains("2026-01-01"));
}

/// Pieces of a line, and a line of the other stream between them.
#[test]
fn pieces_are_joined_by_their_stream() {
    let time = "2026-11-30T10:00:00.123456789Z";
    let runtime = |stream: &str, mark: &str, text: &str| format!("{time} {stream} {mark} {text}\n");
    let docker = |stream: &str, mark: &str, text: &str| {
        let end = if mark == "F" { "\\n" } else { "" };
        format!("{{\"log\":\"{text}{end}\",\"stream\":\"{stream}\",\"time\":\"{time}\"}}\n")
    };
    type Piece<'f> = &'f dyn Fn(&str, &str, &str) -> String;
    for form in [&runtime as Piece<'_>, &docker] {
        let begin = form("stdout", "P", "hel");
        let between = [form("stderr", "P", "oh "), form("stderr", "F", "no")].concat();
        let end = form("stdout", "F", "lo");
        let log = [&*begin, &between, &end].concat();
        assert_eq!(messages("", log.as_bytes()), ["oh no", "hello"], "{log}");
        // The pieces of a record are shown together.
        assert_eq!(shown(raw("hello"), log.as_bytes()), [&*begin, &end].concat());
        assert_eq!(shown(raw("no"), log.as_bytes()), between);
        // Of two whose ends never come, both are shown.
        let open = [form("stderr", "P", "b"), form("stdout", "P", "a")].concat();
        assert_eq!(messages("", open.as_bytes()), ["a", "b"]);
    }
}

#[test]
fn of_pieces_without_an_end_no_more_is_kept_than_can_be_shown() {
    let piece = format!("2026-11-30T10:00:00.123456789Z stdout P {}\n", "x".repeat(16_000));
    let count = 1000;
    let log = [piece.repeat(count), "2026-11-30T10:00:01.123456789Z stdout F y\n".to_owned()].concat();
    let json = shown(Settings { view: View::Json { fields: None }, ..Settings::default() }, log.as_bytes());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let (message, cut) = (json["message"].as_str().unwrap(), json["truncatedBytes"].as_u64().unwrap());
    assert_eq!(message.len() as u64 + cut, 16_000 * count as u64 + 1);
    let text = shown(raw(""), log.as_bytes());
    assert!(text.len() < 5 << 20 && log.starts_with(text.trim_end()), "{}", text.len());
    let counted = shown(Settings { view: View::Count { json: true }, ..Settings::default() }, log.as_bytes());
    assert!(counted.contains(&format!("\"bytes\":{}", log.len())), "{counted}");
}

proptest! {
    #[test]
    fn all_bytes_are_shown_as_they_came_wherever_they_are_split(
        parts in proptest::collection::vec(
            (0..6_usize, prop_oneof![Just(LINES[0]), Just(LINES[1]), Just(LINES[2]), Just(LINES[4]), Just("")]), 0..10),
        splits in proptest::collection::vec(0..600_usize, 0..4),
    ) {
        let plain: Form = |_, line| format!("{line}\n");
        let log: String = parts.iter().map(|(form, line)| {
            let form = forms().get(*form).map_or(plain, |(_, form)| *form);
            form(0, line)
        }).collect();
        let mut logs = greenroom_logs::Logs::new(raw(""), Vec::new());
        let mut splits: Vec<_> = splits.into_iter().map(|at| at.min(log.len())).chain([0, log.len()]).collect();
        splits.sort_unstable();
        for pair in splits.windows(2) {
            logs.push(&log.as_bytes()[pair[0]..pair[1]]).unwrap();
        }
        logs.finish().unwrap();
        prop_assert_eq!(String::from_utf8(logs.into_inner()).unwrap(), log);
    }

    #[test]
    fn any_bytes_are_borne_and_kept(log in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'{'), Just(b'}'), any::<u8>()], 0..200)) {
        prop_assert_eq!(bytes(raw(""), &log), log.clone());
        bytes(Settings::default(), &log);
        bytes(Settings { view: View::Json { fields: None }, ..raw("") }, &log);
    }
}
