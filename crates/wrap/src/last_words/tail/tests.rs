//! What is kept of what a child prints, and what is shown of that.

use std::time::Instant;

use greenroom_node_log::{Reader, Stream};
use proptest::prelude::*;

use super::*;

fn print(tail: &Tail, text: &str) {
    let mut reader = Reader::new(Stream::Stderr);
    reader.push(text.as_bytes(), Instant::now(), &mut |record| tail.push(&record));
    reader.finish(&mut |record| tail.push(&record));
}

/// What was said by who has printed this.
pub(in super::super) fn said(lines: &[&str]) -> Said {
    let tail = Tail::default();
    print(&tail, &lines.join("\n"));
    tail.said(str::to_owned)
}

/// An error's line of Backstage's logger.
pub(in super::super) fn error(message: &str) -> String {
    format!(r#"{{"level":"error","message":"{message}","service":"backstage"}}"#)
}

const HEAP: &str = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory";

#[test]
fn what_v8_says_at_its_end_is_kept_however_much_follows() {
    let frames: String = (0..600).map(|frame| format!("{frame}: 0x931db0  [node]\n")).collect();
    let said = said(&["<--- Last few GCs --->", "", HEAP, "----- Native stack trace -----", &frames]);
    assert!(said.is_heap_full() && said.lines.len() == LINES, "{:?}", said.fatal);
    assert!(!super::Said::default().is_heap_full());
}

#[test]
fn only_v8_itself_says_that_it_breaks_and_its_newest_word_counts() {
    let quoted = error(&format!("a template printed: {HEAP}"));
    let text = format!("a template printed: {HEAP}");
    assert_eq!(said(&[&quoted, &text]).fatal, None);

    let between = error("between");
    let other = "FATAL ERROR: v8::ToLocalChecked Empty MaybeLocal";
    let said = said(&[other, &between, HEAP, &between, "----- Native stack trace -----"]);
    assert_eq!(said.fatal.as_deref(), Some(HEAP));
}

#[test]
fn the_plugin_that_failed_is_told_from_json_and_from_coloured_text_alike() {
    let message = "Plugin 'catalog' threw an error during startup. boom";
    let wanted = Some(message.to_owned());
    let later = error(
        "Unhandled rejection Backend startup failed due to the following errors:\\n  Plugin 'catalog' startup failed",
    );
    assert_eq!(said(&[&error(message), &later]).startup, wanted);
    let coloured = format!(
        "\u{1b}[2m2026-11-28T19:38:17.958Z\u{1b}[22m \u{1b}[34mbackstage\u{1b}[39m \u{1b}[31merror\u{1b}[39m {message} "
    );
    assert_eq!(said(&[&coloured]).startup, wanted);
    let permitted = error(
        "Plugin 'catalog' threw an error during startup, but boot failure is permitted for this plugin so startup will continue.",
    );
    assert_eq!(said(&[&permitted, &format!("  someone quotes: {message}")]).startup, None);
}

#[test]
fn what_fails_after_the_start_is_no_start_that_failed() {
    let rejection = error("Unhandled rejection a request took too long");
    let failed = error("Plugin 'catalog' threw an error during startup. boom");
    let complete = r#"{"level":"info","message":"Plugin initialization complete, newly initialized: 'catalog'","service":"backstage"}"#;
    assert!(said(&[&rejection]).rejection.is_some());
    let said = said(&[&rejection, complete, &failed, &rejection]);
    assert_eq!((said.startup, said.rejection), (None, None));
}

#[test]
fn the_last_error_of_node_s_dump_tells_most() {
    let lines = [
        "/app/x.js:3",
        "  throw new TypeError('x')",
        "  ^",
        "TypeError: it is no function",
        "    at main (/app/x.js:3:9)",
        "Node.js v24.21.0",
    ];
    assert_eq!(said(&lines).error(), Some("TypeError: it is no function"));
    assert_eq!(said(&["Listening on :7007", "no Error here: really"]).error(), None);
}

#[test]
fn what_is_secret_is_shown_to_nobody() {
    let tail = Tail::default();
    print(&tail, "GET https://x.example/?token=abcdef\nthe password is hunter2!");
    let said = tail.said(|text| text.replace("hunter2!", "***"));
    assert_eq!(said.lines, ["GET https://x.example/?token=***", "the password is ***"]);
    assert!(!format!("{said:?}{tail:?}").contains("password"));
}

#[test]
fn no_part_of_a_secret_is_left_where_a_line_is_cut() {
    let secret = "correct horse battery staple!";
    let mask = |text: &str| text.replace(secret, "***");
    for most in [LINE_BYTES, RECORD_BYTES] {
        // Those before the one at the cut are gone, and what follows them comes close.
        for secrets in [1, most / secret.len() - 1] {
            for visible in 1..secret.len() {
                let filler = most - visible - (secrets - 1) * secret.len();
                let line = format!("{}{} and more", "x".repeat(filler), secret.repeat(secrets));
                let tail = Tail::default();
                print(&tail, &line);
                let said = tail.said(mask);
                assert!(said.lines.iter().all(|line| !line.contains('c')), "{most} {secrets} {visible}");
                print(&tail, &error(&format!("Unhandled rejection {line}")));
                let (detail, _) = tail.failed_start(mask).unwrap();
                assert!(!detail.contains("co"), "{most} {secrets} {visible}");
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_printed_no_more_is_kept_than_may_be(
        lines in prop::collection::vec(("(\u{1b}\\[[0-9;]{0,4}.?|.|é){0,12}", 0..200_usize), 0..60),
    ) {
        let tail = Tail::default();
        let lines: Vec<_> = lines.into_iter().map(|(text, times)| text.repeat(times)).collect();
        lines.iter().for_each(|line| print(&tail, line));
        let said = tail.said(str::to_owned);
        let bytes: usize = said.lines.iter().map(String::len).sum();
        prop_assert!(said.lines.len() <= LINES && bytes <= ALL_BYTES);
        prop_assert!(tail.0.kept.lock().bytes <= KEPT_BYTES);
        let _ = said.error();
    }
}
