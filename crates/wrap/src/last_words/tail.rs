//! The last lines that a child has printed, those among them that say why it ends, and how its start went.

use std::{collections::VecDeque, fmt, sync::Arc, time::SystemTime};

use greenroom_node_log::{
    Kind, Record,
    facts::{Excerpt, NodeBoot},
};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::output::printed_at;

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
pub struct Tail(Arc<Inner>);

#[derive(Default)]
struct Inner {
    kept: Mutex<Kept>,
    /// Something has come that nobody should have to wait for.
    news: Arc<Notify>,
}

#[derive(Default)]
struct Kept {
    records: VecDeque<Text>,
    bytes: usize,
    /// V8's own last word, however many records follow.
    fatal: Option<Text>,
    /// From the first start of a child on.
    boot: Option<NodeBoot>,
}

/// What was printed, unmasked. It is masked before it is cut to what is shown: of a secret that a cut goes through, nothing masks the
/// half that is left.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Text {
    text: String,
    /// Its end is missing.
    is_cut: bool,
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
        let has_failed = {
            let mut kept = self.0.kept.lock();
            kept.note_fatal(record);
            if !record.is_blank() {
                kept.push(Text::new(&record.raw, record.truncated_bytes > 0));
            }
            let boot = kept.boot.get_or_insert_with(|| NodeBoot::new(printed_at(record)));
            let had_failed = boot.failure.is_some();
            boot.note(record, || printed_at(record));
            boot.failure.is_some() && !had_failed
        };
        if has_failed {
            self.0.news.notify_one();
        }
    }

    /// Forgets all: another child begins.
    pub(crate) fn clear(&self) {
        *self.0.kept.lock() = Kept { boot: Some(NodeBoot::new(SystemTime::now())), ..Kept::default() };
    }

    /// Is told when something has come that nobody should have to wait for.
    pub(super) fn news(&self) -> Arc<Notify> {
        self.0.news.clone()
    }

    /// How the start goes or went, as its lines tell, without credentials: by what `mask` knows and by their form. `None` before
    /// there is a child.
    pub fn boot(&self, mask: impl Fn(&str) -> String) -> Option<NodeBoot> {
        let boot = self.0.kept.lock().boot.clone();
        boot.map(|boot| boot.masked(|excerpt| sentence(excerpt, &mask)))
    }

    /// What is kept, without credentials: by what `mask` knows and by their form.
    pub fn said(&self, mask: impl Fn(&str) -> String) -> Said {
        let (records, fatal) = {
            let kept = self.0.kept.lock();
            (kept.records.clone(), kept.fatal.clone())
        };
        let mut lines = VecDeque::new();
        for record in &records {
            let masked = masked(&record.text, record.is_cut, &mask);
            lines.extend(masked.lines().map(shown).filter(|line| !line.trim().is_empty()));
        }
        let mut bytes: usize = lines.iter().map(String::len).sum();
        while lines.len() > LINES || bytes > ALL_BYTES {
            bytes -= lines.pop_front().map_or(0, |line| line.len());
        }
        let fatal = fatal.map(|text| shown(masked(&text.text, text.is_cut, &mask).trim()));
        let (startup, rejection) = self.failures(&mask);
        Said { lines: lines.into(), fatal, startup, rejection }
    }

    /// What says that the start has failed, if something does, without credentials; and whether it can mean nothing else.
    pub(super) fn failed_start(&self, mask: impl Fn(&str) -> String) -> Option<(String, bool)> {
        let (startup, rejection) = self.failures(&mask);
        let is_certain = startup.is_some();
        startup.or(rejection).map(|text| (text, is_certain))
    }

    /// What says that the start has failed, and what may be why.
    fn failures(&self, mask: impl Fn(&str) -> String) -> (Option<String>, Option<String>) {
        let (failure, rejection) = {
            let kept = self.0.kept.lock();
            let boot = kept.boot.as_ref();
            (boot.and_then(|boot| boot.failure.clone()), boot.and_then(|boot| boot.rejection.clone()))
        };
        let told = |excerpt: Option<Excerpt>| excerpt.map(|excerpt| sentence(&excerpt, &mask));
        (told(failure), told(rejection))
    }

    /// What the start waits for, of which the beginning is known and not the end; `None` if that is so of no start.
    pub(super) fn awaited(&self) -> Option<Vec<String>> {
        let kept = self.0.kept.lock();
        let boot = kept.boot.as_ref().filter(|boot| boot.plugins_at.is_some() && boot.ended_at.is_none())?;
        Some(boot.pending().map(|step| step.plugin.clone()).collect())
    }

    /// Whether the child has said that it listens there.
    pub(super) fn has_listened_on(&self, port: u16) -> bool {
        let kept = self.0.kept.lock();
        let listening = kept.boot.as_ref().and_then(|boot| boot.listening);
        listening.is_some_and(|(_, on)| on == port)
    }
}

/// Lines may hold secrets.
impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tail").field("records", &self.0.kept.lock().records.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said").field("lines", &self.lines.len()).finish_non_exhaustive()
    }
}

impl Kept {
    fn note_fatal(&mut self, record: &Record<'_>) {
        if record.kind != Kind::V8Fatal {
            return;
        }
        // The remainder of a record that came in parts has no word of V8 in it: the message is none of its lines.
        let has_word = record.stack.as_ref().is_some_and(|said| said.contains(&*record.message));
        if has_word || self.fatal.is_none() {
            self.fatal = Some(Text::new(record.message.as_bytes(), record.truncated_bytes > 0));
        }
    }

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
}

/// Without what `mask` knows, nor what may be the beginning of it.
fn masked(text: &str, is_cut: bool, mask: impl Fn(&str) -> String) -> String {
    let mut masked = mask(text);
    if is_cut {
        masked.truncate(masked.floor_char_boundary(masked.len().saturating_sub(SECRET_BYTES)));
    }
    masked
}

fn sentence(excerpt: &Excerpt, mask: impl Fn(&str) -> String) -> String {
    shown(masked(&excerpt.text, excerpt.is_cut, mask).trim())
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
pub(super) mod tests;
