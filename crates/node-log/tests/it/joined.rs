//! Which lines are one record, and when it is handed out.

use greenroom_logging::Level;
use greenroom_node_log::{Kind, Limits, ProcessWarning, Reader, Stream};

use crate::support::{after, records, start};

const TWO: &[u8] = b"Error: why\n    at run (/app/x.js:1:2)\n";

#[test]
fn an_error_waits_for_more_of_its_stack_until_it_is_quiet() {
    let mut reader = Reader::new(Stream::Stderr);
    let mut seen = Vec::new();
    reader.push(TWO, start(), &mut |record| seen.push(record.into_owned()));
    assert_eq!(reader.deadline(), Some(after(50)));
    reader.push(b"    at next (/app/x.js:3:4)\n", after(30), &mut |record| seen.push(record.into_owned()));
    reader.tick(after(79), &mut |record| seen.push(record.into_owned()));
    assert!(seen.is_empty());
    reader.tick(after(80), &mut |record| seen.push(record.into_owned()));
    assert_eq!(seen.len(), 1);
    assert_eq!((&seen[0].kind, seen[0].level, &*seen[0].message), (&Kind::Error, Level::Error, "Error: why"));
    assert_eq!(seen[0].stack.as_deref().map(|stack| stack.lines().count()), Some(3));
    assert_eq!((seen[0].arrived, reader.deadline()), (start(), None));
}

#[test]
fn what_was_read_late_goes_on_with_the_record_and_what_comes_after_a_tick_does_not() {
    let mut reader = Reader::new(Stream::Stderr);
    let mut seen = Vec::new();
    reader.push(TWO, start(), &mut |record| seen.push(record.into_owned()));
    // Nobody had a turn for a while.
    reader.push(b"    at next (/app/x.js:3:4)\n", after(500), &mut |record| seen.push(record.into_owned()));
    assert!(seen.is_empty());
    reader.tick(after(560), &mut |record| seen.push(record.into_owned()));
    reader.push(b"  b\n", after(570), &mut |record| seen.push(record.into_owned()));
    reader.finish(&mut |record| seen.push(record.into_owned()));
    let lines: Vec<_> =
        seen.iter().map(|record| record.raw.split_inclusive(|byte| *byte == b'\n').count()).collect();
    assert_eq!(lines, [3, 1]);
}

#[test]
fn a_line_without_its_end_waits_for_it() {
    let mut reader = Reader::new(Stream::Stdout);
    let mut seen = Vec::new();
    let (a, b) = (br#"{"level":"info","mess"#, b"age\":\"hi\"}\n");
    reader.push(a, start(), &mut |record| seen.push(record.into_owned()));
    reader.tick(after(10_000), &mut |record| seen.push(record.into_owned()));
    assert_eq!(reader.held_bytes(), a.len());
    reader.push(b, after(10_000), &mut |record| seen.push(record.into_owned()));
    assert_eq!((&*seen[0].message, seen[0].arrived), ("hi", start()));
}

#[test]
fn a_line_of_json_does_not_wait_and_ends_what_waits() {
    let mut reader = Reader::new(Stream::Stdout);
    let mut seen = Vec::new();
    let line = b"text\n{\"level\":\"warn\",\"message\":\"hi\"}\n";
    reader.push(line, start(), &mut |record| seen.push(record.into_owned()));
    let shown: Vec<_> = seen.iter().map(|record| (&*record.message, record.level)).collect();
    assert_eq!(shown, [("text", Level::Info), ("hi", Level::Warn)]);
}

#[test]
fn text_on_standard_error_is_a_warning_and_an_error_an_error() {
    for (bytes, level) in [
        ("Something odd\n", Level::Warn),
        ("[TypeError: why]\n", Level::Error),
        ("TypeError [ERR_X]: why\n", Level::Error),
        ("No such Error: handled\n", Level::Warn),
        ("Trace: here\n    at run (/app/x.js:1:2)\n", Level::Warn),
        ("It failed Error: why\n    at run (/app/x.js:1:2)\n", Level::Error),
    ] {
        assert_eq!(records(Stream::Stderr, bytes.as_bytes())[0].level, level, "{bytes}");
        assert_eq!(records(Stream::Stdout, bytes.as_bytes())[0].level, Level::Info, "{bytes}");
    }
}

#[test]
fn a_record_ends_at_its_most_lines_and_bytes() {
    let lines = |count: usize, line: &str| format!("a\n{}", line.repeat(count)).into_bytes();
    let lengths = |bytes: &[u8]| -> Vec<usize> {
        records(Stream::Stderr, bytes)
            .iter()
            .map(|record| record.raw.iter().filter(|b| **b == b'\n').count())
            .collect()
    };
    assert_eq!(lengths(&lines(300, " b\n")), [256, 45]);
    let long = format!(" {}\n", "b".repeat(40 << 10));
    assert_eq!(lengths(&lines(3, &long)), [3, 1]);
}

#[test]
fn a_list_is_of_an_error_only_behind_the_line_that_begins_it() {
    let count = |stream, text: &str| records(stream, text.as_bytes()).len();
    assert_eq!(count(Stream::Stderr, "Plugins:\n- a\n- b\n"), 3);
    assert_eq!(count(Stream::Stderr, "Error: why\nRequire stack:\n- /app/a.js\nafter\n- b\n"), 3);
    assert_eq!(count(Stream::Stderr, "Error: why\nRequire stack: none\n"), 2);
    let logged = "2026-11-28T19:38:17.958Z catalog error Cannot find module 'x'\nRequire stack:\n- /app/a.js\n- /app/b.js\n";
    assert_eq!(count(Stream::Stdout, logged), 1);
}

#[test]
fn a_place_without_a_caret_is_text() {
    for bytes in [
        "/app/x.js:1\nnothing\nelse\n",
        "/app/x.js:1\n",
        "/app/x.js:1\nnode:fs:2\ncode\n",
        "/app/x.js:1\n  more\n\n",
    ] {
        let records = records(Stream::Stderr, bytes.as_bytes());
        assert!(records.iter().all(|record| record.kind == Kind::Console), "{records:#?}");
        assert_eq!(records[0].message.lines().next(), Some("/app/x.js:1"));
    }
    let mixed =
        records(Stream::Stderr, b"/app/x.js:1\n/app/x.js:2\ncode\n  ^\n\nError: why\n\nNode.js v24.21.0\n");
    assert_eq!(mixed.len(), 2);
    assert!(matches!(&mixed[1].kind, Kind::Uncaught(uncaught) if uncaught.place == "/app/x.js:2"));
}

#[test]
fn the_long_line_of_a_bundle_does_not_cost_an_uncaught_error_its_stack() {
    let line = "x".repeat(200 << 10);
    let bytes = format!(
        "/app/bundle.js:1\n{line}\n   ^\n\nError: why\n    at /app/bundle.js:1:99\n\nNode.js v24.21.0\n"
    );
    let record = crate::support::only(Stream::Stderr, bytes.as_bytes());
    assert_eq!(record.stack.as_deref(), Some("Error: why\n    at /app/bundle.js:1:99"));
}

#[test]
fn what_a_dying_process_prints_is_waited_for_longer() {
    let mut reader = Reader::new(Stream::Stderr);
    let mut seen = Vec::new();
    reader.push(b"FATAL ERROR: no memory\n", start(), &mut |record| seen.push(record.into_owned()));
    reader.push(b" 1: 0x931db0 [node]\n", after(1900), &mut |record| seen.push(record.into_owned()));
    assert!(seen.is_empty());
    assert_eq!(reader.deadline(), Some(after(1900) + Limits::default().dying_quiet));
    reader.finish(&mut |record| seen.push(record.into_owned()));
    assert_eq!((seen.len(), &seen[0].kind), (1, &Kind::V8Fatal));
}

#[test]
fn a_warning_has_its_code_and_name() {
    let record = crate::support::only(Stream::Stderr, b"(node:42) [DEP0005] DeprecationWarning: Buffer() is old\n(Use `node --trace-deprecation ...` to show where the warning was created)\n");
    let warning = ProcessWarning { pid: 42, code: Some("DEP0005".into()), name: "DeprecationWarning".into() };
    assert_eq!(record.kind, Kind::ProcessWarning(warning));
    assert_eq!((record.level, &*record.message), (Level::Warn, "DeprecationWarning: Buffer() is old"));
}
