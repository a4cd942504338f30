//! The last lines that a child has printed, and those among them that say why it ends.

use std::{collections::VecDeque, fmt, sync::Arc};

use parking_lot::Mutex;

/// How many lines are kept.
const LINES: usize = 40;
/// How much is kept of one.
const LINE_BYTES: usize = 1024;
/// How much is kept of all of them.
const ALL_BYTES: usize = 24 * 1024;

/// The last lines of a child. Whoever reads what it prints pushes each line; clones are the same.
///
/// ```
/// use greenroom_wrap::Tail;
///
/// let tail = Tail::default();
/// for count in 0..100 {
///     tail.push(&format!("line {count}"));
/// }
/// let said = tail.said();
/// assert_eq!((said.lines.len(), said.lines[39].as_str()), (40, "line 99"));
/// ```
///
/// They are kept as they came, and no longer than the next child's first one; who shows them [redacts](Said::redacted) them.
#[derive(Clone, Default)]
pub struct Tail(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    lines: VecDeque<String>,
    bytes: usize,
    marks: Marks,
}

/// Lines that are kept however many follow: the first one of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Marks {
    fatal: Option<String>,
    startup: Option<String>,
    rejection: Option<String>,
}

/// What a child has said, as far as it is kept.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The last lines, the oldest first.
    pub lines: Vec<String>,
    /// V8's own last word: `FATAL ERROR: …`.
    pub fatal: Option<String>,
    /// Which plugin could not be started, or else that the backend could not.
    pub startup: Option<String>,
    /// What nobody in Node has taken care of: Backstage logs it, and goes on. Of a start, nothing comes any more then.
    pub rejection: Option<String>,
}

impl Tail {
    /// Adds what was printed: a line, or several that belong together.
    pub fn push(&self, text: &str) {
        let mut kept = self.0.lock();
        for line in text.lines() {
            kept.push(line);
        }
    }

    /// Forgets all: another child begins.
    pub(crate) fn clear(&self) {
        *self.0.lock() = Kept::default();
    }

    /// What is kept.
    pub fn said(&self) -> Said {
        let kept = self.0.lock();
        let Marks { fatal, startup, rejection } = kept.marks.clone();
        Said { lines: kept.lines.iter().cloned().collect(), fatal, startup, rejection }
    }
}

/// Lines may hold secrets.
impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tail").field("lines", &self.0.lock().lines.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said").field("lines", &self.lines.len()).finish_non_exhaustive()
    }
}

impl Kept {
    fn push(&mut self, line: &str) {
        self.marks.note(line);
        let line = cut(line, LINE_BYTES);
        if line.trim().is_empty() {
            return;
        }
        self.bytes += line.len();
        self.lines.push_back(line.to_owned());
        while self.lines.len() > LINES || self.bytes > ALL_BYTES {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.len());
        }
    }
}

impl Marks {
    fn note(&mut self, line: &str) {
        let place = if line.contains("FATAL ERROR: ") {
            &mut self.fatal
        } else if is_failed_start(line) {
            &mut self.startup
        } else if line.contains("Unhandled rejection") {
            &mut self.rejection
        } else {
            return;
        };
        place.get_or_insert_with(|| cut(&message(line), LINE_BYTES).to_owned());
    }
}

/// Backstage's words for a plugin or a backend that could not be started. A plugin that need not be is none.
fn is_failed_start(line: &str) -> bool {
    line.contains("threw an error during startup") && !line.contains("boot failure is permitted")
        || line.contains("Backend startup failed due to the following errors")
}

/// What a line tells: of a JSON record its message, of text all but its colours.
fn message(line: &str) -> String {
    let record =
        line.starts_with('{').then(|| serde_json::from_str::<serde_json::Value>(line).ok()).flatten();
    let message = record.as_ref().and_then(|record| record.get("message")?.as_str());
    without_colours(message.unwrap_or(line).trim())
}

/// Without what switches a terminal's colours.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        plain.extend(part[end..].chars().skip(1));
    }
    plain
}

/// Its beginning, at most so many bytes.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

impl Said {
    /// The line of an error that tells most of an end: the last one that begins with the name of one.
    pub(super) fn error(&self) -> Option<&str> {
        let is_error = |line: &&String| {
            let name = line.trim_start().split([':', ' ']).next().unwrap_or_default();
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$".contains(&byte));
            is_name && name.ends_with("Error") && line.contains(':')
        };
        self.lines.iter().rev().find(is_error).map(|line| line.trim())
    }

    /// Whether V8 has said that its heap is full.
    pub(super) fn is_heap_full(&self) -> bool {
        let says =
            |text: &String| ["heap out of memory", "heap limit"].iter().any(|word| text.contains(word));
        self.fatal.as_ref().is_some_and(says)
    }

    /// The same without credentials, by what `mask` knows and by their form.
    #[must_use]
    pub fn redacted(&self, mask: impl Fn(&str) -> String) -> Self {
        let clean = |text: &String| greenroom_redact::text(&mask(text)).into_owned();
        Self {
            lines: self.lines.iter().map(clean).collect(),
            fatal: self.fatal.as_ref().map(clean),
            startup: self.startup.as_ref().map(clean),
            rejection: self.rejection.as_ref().map(clean),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(lines: &[&str]) -> Said {
        let tail = Tail::default();
        lines.iter().for_each(|line| tail.push(line));
        tail.said()
    }

    #[test]
    fn what_v8_says_at_its_end_is_kept_however_much_follows() {
        let tail = Tail::default();
        tail.push("<--- Last few GCs --->\n\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory");
        for frame in 0..100 {
            tail.push(&format!("{frame}: 0x931db0  [node]"));
        }
        let said = tail.said();
        assert!(said.is_heap_full() && said.lines.len() == LINES, "{:?}", said.fatal);
        assert!(!super::Said::default().is_heap_full());
    }

    #[test]
    fn the_plugin_that_failed_is_told_from_json_and_from_coloured_text_alike() {
        let wanted = Some("Plugin 'catalog' threw an error during startup. boom".to_owned());
        let json = r#"{"level":"error","message":"Plugin 'catalog' threw an error during startup. boom","service":"backstage"}"#;
        let later = r#"{"level":"error","message":"Unhandled rejection Backend startup failed due to the following errors:\n  Plugin 'catalog' startup failed"}"#;
        assert_eq!(said(&[json, later]).startup, wanted);
        assert_eq!(
            said(&["\u{1b}[31mPlugin 'catalog' threw an error during startup. boom\u{1b}[39m"]).startup,
            wanted
        );
        let permitted = "Plugin 'catalog' threw an error during startup, but boot failure is permitted for this plugin so startup will continue.";
        assert_eq!(said(&[permitted]).startup, None);
    }

    #[test]
    fn the_last_error_of_node_s_dump_tells_most() {
        let lines = [
            "/app/x.js:3",
            "  throw new TypeError('x')",
            "TypeError: it is no function",
            "    at main (/app/x.js:3:9)",
            "Node.js v24.21.0",
        ];
        assert_eq!(said(&lines).error(), Some("TypeError: it is no function"));
        assert_eq!(said(&["Listening on :7007", "no Error here: really"]).error(), None);
    }

    #[test]
    fn what_is_secret_is_shown_to_nobody() {
        let said = said(&["GET https://x.example/?token=abcdef", "the password is hunter2!"]);
        let shown = said.redacted(|text| text.replace("hunter2!", "***"));
        assert_eq!(shown.lines, ["GET https://x.example/?token=***", "the password is ***"]);
        assert!(!format!("{said:?}").contains("hunter2!"));
    }

    proptest! {
        #[test]
        fn whatever_is_printed_no_more_is_kept_than_may_be(
            lines in prop::collection::vec(("(\u{1b}\\[[0-9;]{0,4}.?|.|é){0,12}", 0..200_usize), 0..60),
        ) {
            let tail = Tail::default();
            let lines: Vec<_> = lines.into_iter().map(|(text, times)| text.repeat(times)).collect();
            lines.iter().for_each(|line| tail.push(line));
            let said = tail.said();
            let bytes: usize = said.lines.iter().map(String::len).sum();
            prop_assert!(said.lines.len() <= LINES && bytes <= ALL_BYTES);
            let _ = (said.error(), message(&lines.concat()));
        }
    }
}
