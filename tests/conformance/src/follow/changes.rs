//! Differences by their kind: one change of Node's shows in many recordings, and is told once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;

use super::rules;
use crate::compare::Difference;
use crate::mask;

/// What has changed, and where it shows.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Recordings by kind of change.
    kinds: BTreeMap<String, BTreeSet<String>>,
    /// The tests that repeat a recording which has changed, by kind of change.
    tests: BTreeMap<String, BTreeSet<String>>,
}

impl Changes {
    /// Adds the differences of a recording, which a test repeats.
    pub(super) fn note(&mut self, test: &str, recording: &str, differences: &[Difference]) {
        for kind in differences.iter().map(kind) {
            self.kinds.entry(kind.clone()).or_default().insert(recording.to_owned());
            self.tests.entry(kind).or_default().insert(test.to_owned());
        }
    }

    /// How many recordings have changed.
    pub(super) fn recordings(&self) -> usize {
        self.kinds.values().flatten().collect::<BTreeSet<_>>().len()
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by_key(|(_, recordings)| std::cmp::Reverse(recordings.len()));
        for (kind, recordings) in kinds {
            let names = recordings.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            writeln!(f, "\n{kind}\n  in {}: {names}", recordings.len())?;
            let rules = rules::of(self.tests.get(kind).into_iter().flatten());
            if !rules.is_empty() {
                writeln!(f, "  rules that these hold: {}", rules.join(", "))?;
            }
        }
        Ok(())
    }
}

/// A difference without what is particular to one recording.
fn kind(difference: &Difference) -> String {
    let Difference { what, recorded, received } = difference;
    let side = |value: &Option<String>| value.as_deref().map_or_else(|| "(absent)".to_owned(), general);
    match what.split_once(" of \"") {
        _ if what == "missing line" => format!("no longer said: {}", line(recorded.as_deref())),
        _ if what == "unexpected line" => format!("newly said: {}", line(received.as_deref())),
        Some((field, _)) => format!("{field} of a line: {} -> {}", side(recorded), side(received)),
        None if what.ends_with("status") => {
            let status = |value: &Option<String>| value.clone().unwrap_or_default();
            format!("{what}: {} -> {}", status(recorded), status(received))
        }
        None => format!("{what}: {} -> {}", side(recorded), side(received)),
    }
}

/// A line by what all of its kind have: level, service and message.
fn line(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return general(text) };
    let field = |name: &str| fields.get(name).and_then(Value::as_str).map(general);
    let parts = ["level", "service", "who", "message"].into_iter().filter_map(field);
    parts.collect::<Vec<_>>().join(" ")
}

/// A text without colours, quoted parts and numbers.
fn general(text: &str) -> String {
    const LONGEST: usize = 160;
    static RULES: LazyLock<Vec<mask::Rule>> = LazyLock::new(|| {
        mask::rules(&[
            ("\u{1b}", r"\x1b\[\d+m", ""),
            ("\"", r#"\\?"(\\.|[^"\\])*""#, "\"…\""),
            ("'", r"'[^'\n]*'(, '[^'\n]*')*", "'…'"),
            ("", r"\b\d+(\.\d+)?\b", "#"),
        ])
    });
    // A value that is one text is more than its quotes.
    let whole = serde_json::from_str::<String>(text);
    let text = whole.as_deref().unwrap_or(text);
    let line = text.lines().next().unwrap_or_default();
    mask::apply(&RULES, line).text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(what: &str, recorded: Option<&str>, received: Option<&str>) -> Difference {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Difference { what: what.to_owned(), recorded: owned(recorded), received: owned(received) }
    }

    #[test]
    fn one_change_in_many_recordings_is_told_once_with_all_of_them() {
        let mut changes = Changes::default();
        let field = |of: &str| difference(&format!("field timestamp of \"{of}\""), None, Some("\"<time>\""));
        let line = |path: &str| {
            let message =
                format!(r#"{{"level":"info","message":"[<time>] \"GET {path} HTTP/1.1\" 200 15"}}"#);
            difference("missing line", Some(&message), None)
        };
        changes.note("one", "first", &[field("a"), field("b"), line("/x")]);
        changes.note(
            "two",
            "second",
            &[field("c"), line("/y"), difference("status", Some("200"), Some("404"))],
        );
        assert_eq!(changes.recordings(), 2);
        let told = changes.to_string();
        assert!(
            told.contains("\nfield timestamp of a line: (absent) -> <time>\n  in 2: first, second\n"),
            "{told}"
        );
        assert!(
            told.contains("\nno longer said: info [<time>] \"…\" # #\n  in 2: first, second\n"),
            "{told}"
        );
        assert!(told.contains("\nstatus: 200 -> 404\n  in 1: second\n"), "{told}");
    }
}
