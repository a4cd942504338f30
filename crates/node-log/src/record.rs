//! A record: what it says, and the bytes that said it.

use std::{
    borrow::Cow,
    sync::LazyLock,
    time::{Instant, SystemTime},
};

use greenroom_logging::Level;

use crate::{ProcessWarning, clean, development, json, text::Uncaught};

/// The stream of the process that a record came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output: all lines of Node's logger, errors too.
    Stdout,
    /// Standard error: what Node itself, libraries and `console.error` print.
    Stderr,
    /// Both in one, as a container's log has them: which one a line was written to is not known.
    Merged,
}

impl Stream {
    /// `stdout`, `stderr` or `merged`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Merged => "merged",
        }
    }
}

/// One thing that the process said, of one line or several.
///
/// It borrows from the reader's bytes. Texts are clean: what was no UTF-8 is U+FFFD, carriage returns are gone, a NUL byte is
/// `\u0000`. Nothing is redacted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Record<'a> {
    /// The stream it came from.
    pub stream: Stream,
    /// When its first byte came, by the clock that the reader was given.
    pub arrived: Instant,
    /// What it was recognised as.
    pub kind: Kind<'a>,
    /// The level: the line's own; else of an error `error`, of other text on standard error `warn`, and `info`.
    pub level: Level,
    /// The time, if the line has one.
    pub time: Option<Time<'a>>,
    /// The message. Of an error on standard error: all before its stack.
    pub message: Cow<'a, str>,
    /// The plugin it is of.
    pub plugin: Option<Plugin<'a>>,
    /// The field `service`.
    pub service: Option<Cow<'a, str>>,
    /// The field `type`; `v8Fatal` for V8's last words.
    pub record_type: Option<Cow<'a, str>>,
    /// The stack, with what it begins with: `Error: why\n    at …`.
    pub stack: Option<Cow<'a, str>>,
    /// The bytes as they came, with their line ends: to be written again unchanged. A last line has no line end if none came,
    /// and a cut one has none.
    pub raw: Cow<'a, [u8]>,
    /// How many bytes of a line that was too long are not in [`raw`](Self::raw).
    pub truncated_bytes: u64,
}

/// What a record was recognised as.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// A line of the logger in production: an object with `level` and `message`.
    Json,
    /// A line of the logger in development, and those that belong to it.
    Development,
    /// Text that passed the logger by.
    Console,
    /// Text on standard error that tells of an error, with its stack, its fields and its causes.
    Error,
    /// A warning of the process: `(node:42) [DEP0005] DeprecationWarning: …`.
    ProcessWarning(ProcessWarning<'a>),
    /// Node's dump of an error that nothing caught; the process ends.
    Uncaught(Uncaught<'a>),
    /// V8's last words: out of memory, or a fault of its own; the process ends.
    V8Fatal,
}

impl Kind<'_> {
    /// Whether the process ends with this.
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Uncaught(_) | Self::V8Fatal)
    }
}

/// The plugin that a record is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Plugin<'a> {
    /// The line names it.
    Named(Cow<'a, str>),
    /// A frame of the stack lies in its package.
    Guess(Cow<'a, str>),
}

impl Plugin<'_> {
    /// The plugin's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Named(id) | Self::Guess(id) => id,
        }
    }
}

/// A time, as it is printed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Time<'a>(pub Cow<'a, str>);

impl Time<'_> {
    /// As it is printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The moment, if the text is a time of RFC 3339: a caller may have set another.
    pub fn timestamp(&self) -> Option<jiff::Timestamp> {
        self.0.parse().ok()
    }

    /// The same for what takes the system's times.
    pub fn system_time(&self) -> Option<SystemTime> {
        self.timestamp()?.try_into().ok()
    }
}

/// A field beside what a [`Record`] has a place for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its key.
    pub key: Cow<'a, str>,
    /// Its value, as the JSON that was printed: numbers keep all their digits.
    pub json: Cow<'a, str>,
}

impl Field<'_> {
    /// The value read; numbers that no `f64` holds are rounded.
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }

    pub(crate) fn into_owned(self) -> Field<'static> {
        Field { key: owned(self.key), json: owned(self.json) }
    }
}

/// Some moment, for a record that does not know its own yet.
static SOME: LazyLock<Instant> = LazyLock::new(Instant::now);

pub(crate) fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl<'a> Record<'a> {
    pub(crate) fn new(kind: Kind<'a>, level: Level, message: impl Into<Cow<'a, str>>) -> Self {
        Self {
            stream: Stream::Merged,
            // This and the stream are set by who knows them.
            arrived: *SOME,
            kind,
            level,
            time: None,
            message: message.into(),
            plugin: None,
            service: None,
            record_type: None,
            stack: None,
            raw: Cow::Borrowed(&[]),
            truncated_bytes: 0,
        }
    }

    /// The fields in the order of the line, without those that the record has a place for (`level`, `message`, `timestamp`,
    /// `plugin`, `service`, `stack`, when they are text). They are read at each call, and only then.
    ///
    /// ```
    /// # use std::time::Instant;
    /// # use greenroom_node_log::{Reader, Stream};
    /// let line = b"{\"level\":\"info\",\"message\":\"Fetching results\",\"plugin\":\"tasks\",\"task\":7,\"timestamp\":\"2026-11-28T19:38:18.183Z\"}\n";
    /// Reader::new(Stream::Stdout).push(line, Instant::now(), &mut |record| {
    ///     let fields = record.fields();
    ///     assert_eq!((&*fields[0].key, &*fields[0].json, fields.len()), ("task", "7", 1));
    ///     assert_eq!(record.time.as_ref().map(|time| time.as_str()), Some("2026-11-28T19:38:18.183Z"));
    /// });
    /// ```
    pub fn fields(&self) -> Vec<Field<'_>> {
        let read = match self.kind {
            Kind::Json => json::fields,
            Kind::Development => development::fields,
            _ => return Vec::new(),
        };
        match clean::text(&self.raw) {
            Cow::Borrowed(text) => read(text),
            Cow::Owned(text) => read(&text).into_iter().map(Field::into_owned).collect(),
        }
    }

    /// Whether it says nothing: a line end alone.
    pub fn is_blank(&self) -> bool {
        self.truncated_bytes == 0 && self.raw.iter().all(u8::is_ascii_whitespace)
    }

    /// The record with bytes and texts of its own.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            stream: self.stream,
            arrived: self.arrived,
            kind: match self.kind {
                Kind::Json => Kind::Json,
                Kind::Development => Kind::Development,
                Kind::Console => Kind::Console,
                Kind::Error => Kind::Error,
                Kind::ProcessWarning(warning) => Kind::ProcessWarning(warning.into_owned()),
                Kind::Uncaught(uncaught) => Kind::Uncaught(uncaught.into_owned()),
                Kind::V8Fatal => Kind::V8Fatal,
            },
            level: self.level,
            time: self.time.map(|time| Time(owned(time.0))),
            message: owned(self.message),
            plugin: self.plugin.map(|plugin| match plugin {
                Plugin::Named(id) => Plugin::Named(owned(id)),
                Plugin::Guess(id) => Plugin::Guess(owned(id)),
            }),
            service: self.service.map(owned),
            record_type: self.record_type.map(owned),
            stack: self.stack.map(owned),
            raw: Cow::Owned(self.raw.into_owned()),
            truncated_bytes: self.truncated_bytes,
        }
    }
}
