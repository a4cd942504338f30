//! What a child prints, and what becomes of it.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex},
};

use greenroom_log_store::{LineQuery, LogStore};
use greenroom_logging::{
    BufferedSink, CaptureSink, Emitted, Format, Level, Overrides, RootLogger, RootLoggerBuilder, Sink, fields,
};
use greenroom_wrap::{Child, ChildCommand, Output, OutputOptions, Tail, Target};
use serde_json::{Value, json};

use crate::kit::{command, lives};

fn output(root: &RootLogger) -> (Output, Tail) {
    let tail = Tail::default();
    let output = Output::new(OutputOptions {
        foreign: root.foreign(),
        own: root.child(fields! {}),
        tail: tail.clone(),
        is_left_out: Box::new(|_| false),
    });
    (output, tail)
}

fn shell(script: &str) -> ChildCommand {
    command(&["sh", "-c", script])
}

/// Runs it to its end, and all that it prints into this log.
async fn run(script: &str, root: &RootLogger) -> (Output, Tail) {
    let (output, tail) = output(root);
    let mut child = Child::start_into(&shell(script), &Target::default(), None, Some(&output)).unwrap();
    child.wait().await;
    child.read_out().await;
    (output, tail)
}

/// The lines that come of it.
async fn lines(
    format: Format,
    script: &str,
    with: impl FnOnce(RootLoggerBuilder) -> RootLoggerBuilder,
) -> Vec<String> {
    let lines = CaptureSink::in_format(format);
    let root = with(RootLogger::builder().field("region", "eu-1").sink(lines.clone())).build();
    run(script, &root).await;
    lines.take()
}

async fn records(script: &str) -> Vec<Value> {
    let lines = lines(Format::Backstage, script, |it| it).await;
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// These members of each.
fn only(records: &[Value], keys: &[&str]) -> Vec<Value> {
    records.iter().map(|record| keys.iter().map(|key| record[key].clone()).collect()).collect()
}

#[tokio::test]
async fn a_line_of_the_logger_is_the_record_that_it_is_and_nothing_of_ours_is_added() {
    let line = r#"{"level":"warn","message":"m","n":12345678901234567890.10,"plugin":"catalog","service":"portal","z":{"b":1,"a":"x"}}"#;
    let records = lines(Format::Backstage, &format!("printf '%s\\n' '{line}'"), |it| it).await;
    let (told, time) = records[0].split_once(r#""timestamp":""#).unwrap();
    assert_eq!(
        told,
        r#"{"level":"warn","message":"m","n":12345678901234567890.10,"plugin":"catalog","service":"portal","#
    );
    assert!(time.ends_with(r#"Z","z":{"b":1,"a":"x"}}"#), "{time}");
    let timed = line.replace(r#""z":"#, r#""timestamp":"2026-11-28T19:38:18.183Z","z":"#);
    assert_eq!(lines(Format::Backstage, &format!("printf '%s\\n' '{timed}'"), |it| it).await, [timed]);
    let pretty = lines(Format::Pretty, &format!("printf '%s\\nx\\n' '{line}'"), |it| it).await;
    assert!(
        pretty[0].ends_with(r#" catalog warn m n=12345678901234567890.10 z={"b":1,"a":"x"}"#),
        "{pretty:?}"
    );
    assert!(pretty[1].ends_with(r#" node info x stream="stdout""#), "{pretty:?}");
}

#[tokio::test]
async fn pieces_of_a_line_are_one_and_a_last_line_needs_no_end() {
    let script = "printf 'ab'; sleep 0.1; printf 'c\\n\\377x\\n'; printf 'last'";
    let expected = [
        json!(["info", "abc", "stdout"]),
        json!(["info", "\u{fffd}x", "stdout"]),
        json!(["info", "last", "stdout"]),
    ];
    assert_eq!(only(&records(script).await, &["level", "message", "stream"]), expected);
    let raw = CaptureSink::in_format(Format::NodeJson);
    run("printf 'a\\n\\nb'", &RootLogger::builder().sink(raw.clone()).build()).await;
    assert_eq!(raw.take().join("\n"), "a\n\nb");
}

#[tokio::test]
async fn a_stack_on_standard_error_is_one_record_with_the_plugin_that_may_be_meant() {
    let script = "printf 'TypeError: why\\n    at run (/app/node_modules/@backstage/plugin-catalog-backend/dist/x.js:1:2)\\n    at next (node:x:1)\\n' >&2";
    let [error] = &records(script).await[..] else { panic!("one record") };
    assert_eq!(
        only(std::slice::from_ref(error), &["level", "message", "stream", "pluginGuess", "plugin"]),
        [json!(["error", "TypeError: why", "stderr", "catalog", null])]
    );
    assert!(error["stack"].as_str().unwrap().lines().count() == 3, "{error}");
}

#[tokio::test]
async fn a_line_that_is_too_long_is_cut_and_tells_by_how_much() {
    let records = records("head -c 3145728 /dev/zero | tr '\\0' x; echo; echo after").await;
    // It is one word, of which the last 8 KiB before the cut may be the beginning of a secret.
    assert_eq!(records[0]["truncatedBytes"], (2 << 20) + (8 << 10));
    assert_eq!(records[0]["message"].as_str().unwrap().len(), (1 << 20) - (8 << 10));
    let told = "The Node process has printed a line that is too long: its last 2105344 bytes are left out";
    assert_eq!(only(&records[1..], &["level", "message"]), [json!(["warn", told]), json!(["info", "after"])]);
    // The bytes that are printed alone do not tell it.
    let script = "head -c 3145728 /dev/zero | tr '\\0' x; echo";
    assert!(lines(Format::NodeJson, script, |it| it).await[1].contains(told));
}

#[tokio::test]
async fn what_a_cut_leaves_of_a_secret_of_several_words_is_in_no_format() {
    // Two of its words stand before the cut.
    let script = "head -c 1048550 /dev/zero | tr '\\0' x; printf ' correct horse battery staple, and more than there is room for\\n'";
    for format in [Format::NodeJson, Format::Backstage, Format::Pretty] {
        let lines = lines(format, script, |it| it.secrets(["correct horse battery staple"])).await;
        assert!(
            lines[0].contains("xxxx") && !lines.concat().contains("correct"),
            "{format:?}: {}",
            lines[0].len()
        );
    }
}

#[tokio::test]
async fn a_secret_is_masked_in_every_format_wherever_reads_cut_it() {
    let script = "head -c 65530 /dev/zero | tr '\\0' x; printf ' hunter2hunter2 y\\n'; printf '{\"level\":\"info\",\"message\":\"m\",\"k\":\"a\\\\u0068unter2hunter2b\"}\\n'";
    for format in [Format::NodeJson, Format::Backstage, Format::Pretty] {
        let lines = lines(format, script, |it| it.secrets(["hunter2hunter2"])).await;
        assert!(lines[0].contains("xxx *** y") && lines[1].contains("\"a***b\""), "{format:?}");
    }
    let lines = CaptureSink::in_format(Format::NodeJson);
    let (_, tail) = run("echo 'a line'", &RootLogger::builder().sink(lines).build()).await;
    assert_eq!(tail.said(str::to_owned).lines, ["a line"]);
}

#[tokio::test]
async fn our_level_rules_hold_for_its_records() {
    let script = r#"for plugin in catalog auth; do printf '{"level":"info","message":"m","plugin":"%s"}\n' $plugin; done; echo text"#;
    let rules = json!([{"matchers": {"plugin": "catalog"}, "level": "error"}, {"matchers": {"stream": "stdout"}, "level": "warn"}]);
    let kept = lines(Format::Node155Json, script, |it| it.overrides(Overrides::parse(&rules).unwrap())).await;
    assert_eq!(kept, [r#"{"level":"info","message":"m","plugin":"auth"}"#]);
    assert!(lines(Format::NodeJson, script, |it| it.level(Level::Error)).await.is_empty());
}

#[tokio::test]
async fn a_warning_of_the_process_is_told_once_and_how_often_it_came() {
    let script =
        "for n in 1 2 3; do echo '(node:7) [DEP0005] DeprecationWarning: Buffer() is deprecated' >&2; done";
    assert_eq!(
        only(&records(script).await, &["level", "code", "message"]),
        [
            json!(["warn", "DEP0005", "DeprecationWarning: Buffer() is deprecated"]),
            json!(["info", null, "Warnings of the Node process that were told once came 2 more times"]),
        ]
    );
    let twice = records(&script.replace("1 2 3", "1 2")).await;
    let once = "Warnings of the Node process that were told once came once more";
    assert_eq!(twice.last().unwrap()["message"], once);
    let raw = lines(Format::NodeJson, script, |it| it).await;
    assert_eq!(raw.iter().filter(|line| line.starts_with("(node:7) ")).count(), 3, "{raw:?}");
}

#[tokio::test]
async fn lines_are_kept_for_pages_by_their_plugin_and_counted_by_plugin_and_level() {
    let store = LogStore::new(1 << 20);
    let root = RootLogger::builder().sink(CaptureSink::new()).tap(store.sink()).build();
    let script = r#"for plugin in catalog auth catalog; do printf '{"level":"warn","message":"m","plugin":"%s"}\n' $plugin; done; echo text"#;
    let (output, _) = run(script, &root).await;
    let of = |plugin: &str| LineQuery { plugin: Some(plugin.to_owned()), ..LineQuery::default() };
    assert_eq!((store.lines(&of("catalog")).lines.len(), store.lines(&of("auth")).lines.len()), (2, 1));
    let spent: Vec<_> =
        output.spend().into_iter().map(|it| (it.plugin, it.level, it.records, it.bytes)).collect();
    assert_eq!(
        spent,
        [
            (Some("catalog".to_owned()), Level::Warn, 2, 100),
            (Some("auth".to_owned()), Level::Warn, 1, 47),
            (None, Level::Info, 1, 5)
        ]
    );
}

#[tokio::test]
async fn whom_a_child_leaves_behind_with_its_streams_is_not_waited_for() {
    let lines = CaptureSink::in_format(Format::NodeJson);
    let (output, tail) = output(&RootLogger::builder().sink(lines.clone()).build());
    let script = "sleep 60 & echo $!; echo last; exit 3";
    let mut child = Child::start_into(&shell(script), &Target::default(), None, Some(&output)).unwrap();
    assert_eq!(child.wait().await.exit_code(), 3);
    child.read_out().await;
    let said = lines.take();
    assert_eq!((said[1].as_str(), tail.said(str::to_owned).lines.len()), ("last", 2));
    assert!(lives(said[0].parse().unwrap()), "it still has the streams");
}

#[tokio::test]
async fn whoever_ends_a_while_after_the_child_in_a_stop_is_read_to_its_end() {
    let lines = CaptureSink::in_format(Format::NodeJson);
    let (output, _) = output(&RootLogger::builder().sink(lines.clone()).build());
    // As a backend below npm, which dies at once; nothing is printed for longer than others would be waited for.
    let script = "(trap 'sleep 1.3; echo bye; exit' TERM; echo ready; while :; do sleep 0.02; done) & wait";
    let mut child = Child::start_into(&shell(script), &Target::default(), None, Some(&output)).unwrap();
    while !lines.lines().iter().any(|line| line == "ready") {
        tokio::task::yield_now().await;
    }
    child.stop(std::time::Duration::from_secs(20)).await;
    child.read_out().await;
    assert_eq!(lines.take().last().map(String::as_str), Some("bye"));
}

/// A consumer that takes nothing until it is let.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<Taken>, Condvar)>);

#[derive(Default)]
struct Taken {
    is_open: bool,
    bytes: Vec<u8>,
}

impl Gate {
    fn open(&self) {
        self.0.0.lock().unwrap().is_open = true;
        self.0.1.notify_all();
    }
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.0.lock().unwrap();
        while !state.is_open {
            state = self.0.1.wait(state).unwrap();
        }
        state.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sink that is looked at from outside.
struct Shared(Arc<BufferedSink>);

impl Sink for Shared {
    fn emit(&self, emitted: &Emitted<'_>) {
        self.0.emit(emitted);
    }
}

#[tokio::test]
async fn a_child_never_waits_for_a_sink_that_is_stuck_and_its_last_lines_are_known() {
    const LINES: u64 = 100_000;
    let gate = Gate::default();
    let sink = Arc::new(BufferedSink::new(gate.clone(), 64 << 10).each_line());
    let (output, tail) =
        output(&RootLogger::builder().format(Format::NodeJson).sink(Shared(sink.clone())).build());
    // It ends, though what it prints is much more than the pipe and the buffer hold.
    let script = format!("seq -f 'line %.0f of a flood' 1 {LINES}; exit 7");
    let mut child = Child::start_into(&shell(&script), &Target::default(), None, Some(&output)).unwrap();
    assert_eq!(child.wait().await.exit_code(), 7);
    child.read_out().await;
    assert_eq!(output.spend()[0].records, LINES);
    let last: Vec<_> = (LINES - 9..=LINES).map(|n| format!("line {n} of a flood")).collect();
    assert!(tail.said(str::to_owned).lines.ends_with(&last));
    gate.open();
    assert!(sink.flush(std::time::Duration::from_secs(20)));
    let written = gate
        .0
        .0
        .lock()
        .unwrap()
        .bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"line "))
        .count();
    assert_eq!(written as u64 + sink.lost(), LINES);
    assert!(written < 10_000, "the buffer is bounded");
}
