//! The last lines that a child has printed, and those among them that say why it ends.

use std::{collections::VecDeque, fmt, sync::Arc};

use greenroom_node_log::{Kind, Record, facts::Boot};
use parking_lot::Mutex;

/// How many lines are shown.
const LINES: usize = 40;
/// How much is shown of one.
const LINE_BYTES: usize = 1024;
/// How much is shown of all of them.
const ALL_BYTES: usize = 24 * 1024;

/// How much is kept of one record, until it is masked.
const RECORD_BYTES: usize = 64 * 1024;
/// How much is kept of all of them.
const KEPT_BYTES: usize = 256 * 1024;
/// The longest secret of which the beginning may be left where a record was cut.
const SECRET_BYTES: usize = 8 * 1024;

/// The last lines of a child. Whoever reads what it prints pushes each record; clones are the same.
///
/// ```
/// use std::time::Instant;
/// use greenroom_node_log::{Reader, Stream};
/// use greenroom_wrap::Tail;
///
/// let tail = Tail::default();
/// let mut reader = Reader::new(Stream::Stdout);
/// for count in 0..100 {
///     reader.push(format!("line {count}\n").as_bytes(), Instant::now(), &mut |record| tail.push(&record));
/// }
/// reader.finish(&mut |record| tail.push(&record));
/// let said = tail.said(|text| text.replace("99", "***"));
/// assert_eq!((said.lines.len(), said.lines[39].as_str()), (40, "line ***"));
/// ```
///
/// They are kept as they came, and no longer than the next child's first one; who asks what was [`said`](Self::said) gets it masked.
#[derive(Clone, Default)]
pub struct Tail(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    records: VecDeque<Text>,
    bytes: usize,
    marks: Marks,
}

/// What was printed, unmasked. It is masked before it is cut to what is shown: of a secret that a cut goes through, nothing masks the
/// half that is left.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Text {
    text: String,
    /// Its end is missing.
    is_cut: bool,
}

/// What is kept however many records follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Marks {
    fatal: Option<Text>,
    startup: Option<Text>,
    rejection: Option<Text>,
    /// All plugins have started: what fails now is no start.
    has_started: bool,
}

/// What a child has said, as far as it is kept, without credentials.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The last lines, the oldest first.
    pub lines: Vec<String>,
    /// V8's own last word: `FATAL ERROR: …`.
    pub fatal: Option<String>,
    /// Which plugin could not be started, or else that the backend could not.
    pub startup: Option<String>,
    /// What nobody in Node has taken care of during the start: Backstage logs it, and of the start nothing comes any more.
    pub rejection: Option<String>,
}

impl Tail {
    /// Adds what was printed.
    pub fn push(&self, record: &Record<'_>) {
        let mut kept = self.0.lock();
        kept.marks.note(record);
        if !record.is_blank() {
            kept.push(Text::new(&record.raw, record.truncated_bytes > 0));
        }
    }

    /// Forgets all: another child begins.
    pub(crate) fn clear(&self) {
        *self.0.lock() = Kept::default();
    }

    /// What is kept, without credentials: by what `mask` knows and by their form.
    pub fn said(&self, mask: impl Fn(&str) -> String) -> Said {
        let (records, marks) = {
            let kept = self.0.lock();
            (kept.records.clone(), kept.marks.clone())
        };
        let mut lines = VecDeque::new();
        for record in &records {
            let masked = record.masked(&mask);
            lines.extend(masked.lines().map(shown).filter(|line| !line.trim().is_empty()));
        }
        let mut bytes: usize = lines.iter().map(String::len).sum();
        while lines.len() > LINES || bytes > ALL_BYTES {
            bytes -= lines.pop_front().map_or(0, |line| line.len());
        }
        let mark = |text: Option<Text>| text.map(|text| shown(text.masked(&mask).trim()));
        let Marks { fatal, startup, rejection, .. } = marks;
        Said { lines: lines.into(), fatal: mark(fatal), startup: mark(startup), rejection: mark(rejection) }
    }

    /// What says that the start has failed, if something does, without credentials; and whether it can mean nothing else.
    pub(super) fn failed_start(&self, mask: impl Fn(&str) -> String) -> Option<(String, bool)> {
        let Marks { startup, rejection, .. } = self.0.lock().marks.clone();
        let is_certain = startup.is_some();
        startup.or(rejection).map(|text| (shown(text.masked(mask).trim()), is_certain))
    }
}

/// Lines may hold secrets.
impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tail").field("records", &self.0.lock().records.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said").field("lines", &self.lines.len()).finish_non_exhaustive()
    }
}

impl Kept {
    fn push(&mut self, record: Text) {
        self.bytes += record.text.len();
        self.records.push_back(record);
        while self.records.len() > LINES || self.bytes > KEPT_BYTES {
            self.bytes -= self.records.pop_front().map_or(0, |record| record.text.len());
        }
    }
}

impl Text {
    fn new(bytes: &[u8], is_cut: bool) -> Self {
        let kept = &bytes[..bytes.len().min(RECORD_BYTES)];
        // What is no UTF-8 becomes longer.
        let whole = String::from_utf8_lossy(kept);
        let text = cut(&whole, RECORD_BYTES).to_owned();
        Self { is_cut: is_cut || kept.len() < bytes.len() || text.len() < whole.len(), text }
    }

    /// Without what `mask` knows, nor what may be the beginning of it.
    fn masked(&self, mask: impl Fn(&str) -> String) -> String {
        let mut masked = mask(&self.text);
        if self.is_cut {
            masked.truncate(masked.floor_char_boundary(masked.len().saturating_sub(SECRET_BYTES)));
        }
        masked
    }
}

impl Marks {
    fn note(&mut self, record: &Record<'_>) {
        let text = || Some(Text::new(record.message.as_bytes(), record.truncated_bytes > 0));
        if record.kind == Kind::V8Fatal {
            // The remainder of a record that came in parts has no word of V8 in it: the message is none of its lines.
            let has_word = record.stack.as_ref().is_some_and(|said| said.contains(&*record.message));
            if has_word || self.fatal.is_none() {
                self.fatal = text();
            }
            return;
        }
        match Boot::of(record) {
            Some(Boot::Failed(failure)) if !failure.permitted && !self.has_started => {
                // Whatever else fails, fails because of the first one.
                self.startup = self.startup.take().or_else(text);
            }
            Some(Boot::StartupFailed { .. }) => self.startup = self.startup.take().or_else(text),
            Some(Boot::Complete { initializing, .. }) if initializing.is_empty() => {
                self.has_started = true;
                self.rejection = None;
            }
            None if !self.has_started && is_rejection(record) => {
                self.rejection = self.rejection.take().or_else(text);
            }
            _ => {}
        }
    }
}

/// Whether Backstage's logger tells of an error that nobody has taken care of.
fn is_rejection(record: &Record<'_>) -> bool {
    matches!(record.kind, Kind::Json | Kind::Development) && record.message.starts_with("Unhandled rejection")
}

/// As much of a masked line as is shown, without what has the form of a credential.
fn shown(line: &str) -> String {
    cut(&greenroom_redact::text(line), LINE_BYTES).to_owned()
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
}

#[cfg(test)]
pub(super) mod tests {
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
            prop_assert!(tail.0.lock().bytes <= KEPT_BYTES);
            let _ = said.error();
        }
    }
}
