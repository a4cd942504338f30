//! What was printed past the logger: text, errors with their stacks, a process's last words.

use std::{borrow::Cow, time::Instant};

use greenroom_logging::Level;

use crate::{
    Kind, Plugin, Record, Stream, clean, development, guess, join::Shape, json, record::owned, warning,
};

/// What Node tells of an error that nothing caught, beside the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncaught<'a> {
    /// The file and the line in it: `/app/plugins.js:194`, or `node:internal/process/promises:394` for a promise.
    pub place: Cow<'a, str>,
    /// The version: `v24.21.0`. Absent if the dump has no end.
    pub node_version: Option<Cow<'a, str>>,
}

impl Uncaught<'_> {
    pub(crate) fn into_owned(self) -> Uncaught<'static> {
        Uncaught { place: owned(self.place), node_version: self.node_version.map(owned) }
    }
}

/// The record of lines that were found to be one.
pub(crate) fn record(stream: Stream, arrived: Instant, shape: Shape, raw: &[u8]) -> Record<'_> {
    let record = match clean::text(raw) {
        Cow::Borrowed(text) => read(stream, shape, text),
        Cow::Owned(text) => read(stream, shape, &text).into_owned(),
    };
    Record { stream, arrived, raw: Cow::Borrowed(raw), ..record }
}

/// The record of a line that was too long, of which this is the beginning.
pub(crate) fn cut(stream: Stream, arrived: Instant, raw: &[u8], truncated_bytes: u64) -> Record<'_> {
    let text = clean::text(raw);
    let level = json::level_of_beginning(&text).unwrap_or_else(|| level_of_text(stream));
    Record {
        stream,
        arrived,
        raw: Cow::Borrowed(raw),
        truncated_bytes,
        ..Record::new(Kind::Console, level, text)
    }
}

fn read(stream: Stream, shape: Shape, text: &str) -> Record<'_> {
    let known = match shape {
        Shape::Json => json::record(text),
        Shape::Development => development::record(text),
        Shape::Warning => warning::record(text),
        Shape::V8 => Some(v8(text)),
        Shape::Uncaught => uncaught(text),
        Shape::Blank | Shape::Place | Shape::Text => None,
    };
    known.unwrap_or_else(|| console(stream, text))
}

fn level_of_text(stream: Stream) -> Level {
    match stream {
        Stream::Stderr => Level::Warn,
        Stream::Stdout | Stream::Merged => Level::Info,
    }
}

/// What `console` printed, or whoever writes to the streams.
fn console(stream: Stream, text: &str) -> Record<'_> {
    let text = text.trim_matches(['\n', '\r']);
    // `console.trace` prints a stack too.
    let is_error = !text.starts_with("Trace") && (first_frame(text).is_some() || is_error(text));
    if stream != Stream::Stdout && is_error {
        return with_stack(Kind::Error, Level::Error, text);
    }
    with_stack(Kind::Console, level_of_text(stream), text)
}

/// The record of a text that may have a stack: its message is all before it.
fn with_stack<'a>(kind: Kind<'a>, level: Level, text: &'a str) -> Record<'a> {
    let text = text.trim_end();
    let Some(at) = first_frame(text) else { return Record::new(kind, level, text) };
    let message = match text[..at].trim_end() {
        // The remainder of a stack that was too long.
        "" => text.lines().next().unwrap_or_default().trim(),
        message => message,
    };
    let plugin = guess::plugin(text).map(|id| Plugin::Guess(Cow::Borrowed(id)));
    Record { plugin, stack: Some(Cow::Borrowed(text)), ..Record::new(kind, level, message) }
}

/// Node's dump: place, line, caret, an empty line, the error, an empty line, the version.
fn uncaught(text: &str) -> Option<Record<'_>> {
    let text = text.trim_matches(['\n', '\r']);
    let (place, rest) = text.split_once('\n')?;
    let (_line, rest) = rest.split_once('\n')?;
    let (_caret, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let (rest, node_version) = match rest.rsplit_once('\n').unwrap_or(("", rest)) {
        (before, last) if last.starts_with("Node.js v") => {
            (before, last.strip_prefix("Node.js ").map(str::trim))
        }
        _ => (rest, None),
    };
    let said = rest.trim_matches(['\n', '\r']);
    let uncaught = Uncaught { place: Cow::Borrowed(place), node_version: node_version.map(Cow::Borrowed) };
    let said = if said.is_empty() { text } else { said };
    Some(with_stack(Kind::Uncaught(uncaught), Level::Error, said))
}

fn v8(text: &str) -> Record<'_> {
    let text = text.trim_matches(['\n', '\r']).trim_end();
    let marks = ["FATAL ERROR: ", "Fatal ", "Assertion failed: "];
    let mut lines = text.lines().map(|line| line.trim_start_matches(['#', ' ']));
    let says = |line: &&str| marks.iter().any(|mark| line.starts_with(mark));
    let message = lines.find(says).unwrap_or("The process was aborted");
    Record {
        record_type: Some(Cow::Borrowed("v8Fatal")),
        stack: Some(Cow::Borrowed(text)),
        ..Record::new(Kind::V8Fatal, Level::Error, message.trim_end())
    }
}

/// Whether a line is a frame of a stack: `    at run (/app/x.js:1:2)`.
pub(crate) fn is_frame(line: &str) -> bool {
    let frame = line.trim_start();
    frame.len() < line.len() && frame.starts_with("at ")
}

/// Where the first frame of a stack is.
pub(crate) fn first_frame(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_frame(line) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Whether a text is an error as Node prints one without its stack: `[TypeError: why]`, `Error: why`.
fn is_error(text: &str) -> bool {
    let text = text.strip_prefix("Uncaught ").unwrap_or(text);
    let text = text.strip_prefix('[').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '$').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let is_name = name.ends_with("Error") || name.ends_with("Exception");
    is_name && (rest.is_empty() || rest.starts_with([':', ']', '\n']) || rest.starts_with(" ["))
}
