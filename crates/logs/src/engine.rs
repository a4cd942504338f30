//! Bytes in, what matches out.

use std::{
    error, fmt,
    io::{self, Write},
    time::Instant,
};

use greenroom_logging::Level;
use greenroom_node_log::Record;
use jiff::Timestamp;

use crate::{
    Filter,
    field::Fields,
    filter::Matcher,
    input::{Lines, Origin},
    show::{Count, Pretty, PrettyWriter, json},
};

/// What is shown, and how.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What a record must have.
    pub filter: Filter,
    /// It must be at least that grave.
    pub level: Option<Level>,
    /// It must not be older.
    pub since: Option<Timestamp>,
    /// It must be older than that.
    pub until: Option<Timestamp>,
    /// How it is shown.
    pub view: View,
}

/// How records are shown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum View {
    /// For people.
    Pretty(Pretty),
    /// A JSON object on each line: the line as it came if it is one, else one that is made; with `fields`, an object of these.
    Json {
        /// The fields to choose.
        fields: Option<Vec<String>>,
    },
    /// The bytes as they came.
    Raw,
    /// None of them, but at the end how many there were, and how long, by plugin and level.
    Count {
        /// As JSON lines.
        json: bool,
    },
}

impl Default for View {
    fn default() -> Self {
        Self::Pretty(Pretty::default())
    }
}

/// What was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// How many records.
    pub records: u64,
}

/// Why no more is shown.
#[derive(Debug)]
pub enum Failure {
    /// The input cannot be read.
    Read(io::Error),
    /// What is shown cannot be written: of a pipe whose reader has gone, a [`BrokenPipe`](io::ErrorKind::BrokenPipe).
    Write(io::Error),
}

impl Failure {
    /// Whether the reader of the output has all it wanted, as `head` has.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "cannot read: {error}"),
            Self::Write(error) => write!(f, "cannot write: {error}"),
        }
    }
}

impl error::Error for Failure {}

/// Takes the bytes of a log and writes what is asked for; see the [crate].
///
/// What it is given to write to should have a buffer; [`flush`](Self::flush) is passed on to it.
#[derive(Debug)]
pub struct Logs<W> {
    lines: Lines,
    matcher: Matcher,
    sink: Sink<W>,
}

impl<W: Write> Logs<W> {
    /// Nothing is written before bytes come.
    pub fn new(settings: Settings, out: W) -> Self {
        let Settings { filter, level, since, until, view } = settings;
        let has_range = since.is_some() || until.is_some();
        let shows_all = filter.is_empty() && level.is_none() && !has_range;
        let view = match view {
            View::Pretty(pretty) => Shower::Pretty(PrettyWriter::new(pretty)),
            View::Json { fields } => Shower::Json(fields),
            View::Raw => Shower::Raw { blank_too: shows_all },
            View::Count { json } => Shower::Count(Count::default(), json),
        };
        let range = has_range.then_some(Range { since, until, last: None });
        let sink = Sink { view, range, shown: Shown::default(), failed: None, out };
        Self { lines: Lines::new(), matcher: Matcher::new(&filter, level, has_range), sink }
    }

    /// Takes the next bytes, of any number.
    ///
    /// # Errors
    /// [`Failure::Write`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Self { lines, matcher, sink } = self;
        lines
            .push(bytes, Instant::now(), matcher, &mut |record, origin| sink.take(matcher, &record, &origin));
        self.sink.failure()
    }

    /// When [`tick`](Self::tick) is due: a record waits for lines that may belong to it.
    pub fn deadline(&self) -> Option<Instant> {
        self.lines.deadline()
    }

    /// Shows the record that waits, if nothing has come for long enough.
    ///
    /// # Errors
    /// [`Failure::Write`].
    pub fn tick(&mut self) -> Result<(), Failure> {
        let Self { lines, matcher, sink } = self;
        lines.tick(Instant::now(), &mut |record, origin| sink.take(matcher, &record, &origin));
        self.sink.failure()
    }

    /// All bytes of a stream have come: a line without an end is one now. Another stream may follow.
    ///
    /// # Errors
    /// [`Failure::Write`].
    pub fn end_of_stream(&mut self) -> Result<(), Failure> {
        let Self { lines, matcher, sink } = self;
        lines.finish(Instant::now(), matcher, &mut |record, origin| sink.take(matcher, &record, &origin));
        self.sink.failure()
    }

    /// All has come: shows what waits, and the table of [`View::Count`].
    ///
    /// # Errors
    /// [`Failure::Write`].
    pub fn finish(&mut self) -> Result<Shown, Failure> {
        self.end_of_stream()?;
        if let Shower::Count(count, json) = &self.sink.view
            && self.sink.shown.records > 0
        {
            count.write(*json, &mut self.sink.out).map_err(Failure::Write)?;
        }
        self.flush()?;
        Ok(self.sink.shown)
    }

    /// Flushes what it writes to.
    ///
    /// # Errors
    /// [`Failure::Write`].
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.sink.out.flush().map_err(Failure::Write)
    }

    /// What was shown so far.
    pub fn shown(&self) -> Shown {
        self.sink.shown
    }

    /// What it wrote to.
    pub fn into_inner(self) -> W {
        self.sink.out
    }
}

#[derive(Debug)]
struct Sink<W> {
    view: Shower,
    range: Option<Range>,
    shown: Shown,
    failed: Option<io::Error>,
    out: W,
}

#[derive(Debug)]
enum Shower {
    Pretty(PrettyWriter),
    Json(Option<Vec<String>>),
    Raw { blank_too: bool },
    Count(Count, bool),
}

impl<W: Write> Sink<W> {
    fn failure(&mut self) -> Result<(), Failure> {
        self.failed.take().map_or(Ok(()), |error| Err(Failure::Write(error)))
    }

    fn take(&mut self, matcher: &Matcher, record: &Record<'_>, origin: &Origin) {
        if self.failed.is_some() {
            return;
        }
        let fields = Fields::new(record, origin.time.as_deref());
        let is_shown = match record.is_blank() {
            true => matches!(self.view, Shower::Raw { blank_too: true }),
            false => {
                // The range first: it learns the time of each record.
                self.range.as_mut().is_none_or(|range| range.has(fields.time()))
                    && (matcher.is_empty() || matcher.matches(record, &fields))
            }
        };
        if !is_shown {
            return;
        }
        self.shown.records += 1;
        let raw = origin.raw.as_deref().unwrap_or(&record.raw);
        let written = match &mut self.view {
            Shower::Pretty(pretty) => pretty.write(record, &fields, &mut self.out),
            Shower::Json(chosen) => json(record, &fields, chosen.as_deref(), &mut self.out),
            Shower::Raw { .. } => self.out.write_all(raw).and_then(|()| match raw.last() {
                // The end of a line that was cut, or of the last one.
                Some(b'\n') | None => Ok(()),
                Some(_) if record.truncated_bytes == 0 => Ok(()),
                Some(_) => self.out.write_all(b"\n"),
            }),
            Shower::Count(count, _) => {
                count.add(record, raw.len() as u64 + origin.lost);
                Ok(())
            }
        };
        self.failed = written.err();
    }
}

/// A range of time. A record that has no time is of that of the one before it.
#[derive(Debug)]
struct Range {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Range {
    fn has(&mut self, time: Option<&str>) -> bool {
        let time = time.and_then(|time| time.parse().ok()).or(self.last);
        self.last = time;
        let Some(time) = time else { return false };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }
}
