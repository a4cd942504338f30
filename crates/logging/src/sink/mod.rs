//! Where lines go.

mod buffered;
mod capture;
mod complaint;

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use greenroom_context::Context;

use greenroom_redact::Secrets;

use crate::{Field, Fields, Format, Record, encode::Message, engine::Engine};

pub use buffered::{BufferedSink, DEFAULT_CAPACITY};
pub use capture::CaptureSink;

/// What a sink wants of each record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wants {
    /// The line in the logger's format.
    #[default]
    Line,
    /// The line in a format of its own.
    LineIn(Format),
    /// No line: the typed record.
    Record,
}

/// How a sink keeps up with what it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SinkState {
    /// How many lines were dropped since the start.
    pub lost: u64,
    /// For how long its reader has not taken what is being written; `None` while nothing is.
    pub blocked: Option<Duration>,
    /// Whether nobody will ever read again.
    pub is_closed: bool,
}

/// Takes records that passed the level rules. It must not block, and must not log.
pub trait Sink: Send + Sync + 'static {
    /// What it wants; asked once.
    fn wants(&self) -> Wants {
        Wants::Line
    }

    /// Takes one.
    fn emit(&self, emitted: &Emitted<'_>);

    /// Waits until all that was taken is out, at most so long; whether it is.
    fn flush(&self, deadline: Duration) -> bool {
        let _ = deadline;
        true
    }

    /// How it keeps up with what it takes; `None` for one that has nobody to wait for.
    fn state(&self) -> Option<SinkState> {
        None
    }

    /// Receives, once and before any record, what renders the line that tells how many lines were dropped.
    fn tell_drops(&self, line: Box<dyn Fn(u64) -> Vec<u8> + Send + Sync>) {
        let _ = line;
    }

    /// Receives, once and before any record, what a sink that keeps records needs when they are read.
    fn take_redactor(&self, redactor: Redactor) {
        let _ = redactor;
    }
}

/// The secrets of a root logger, as they are when it is asked.
#[derive(Clone)]
pub struct Redactor(pub(crate) Weak<Engine>);

impl Redactor {
    /// Today's secrets; `None` if the logger is gone, and nobody knows them any more.
    pub fn secrets(&self) -> Option<Arc<Secrets>> {
        Some(Arc::clone(&self.0.upgrade()?.secrets()))
    }
}

/// A record on its way out.
pub struct Emitted<'a> {
    pub(crate) record: &'a Record<'a>,
    pub(crate) own: &'a Fields,
    pub(crate) spread: &'a [Field<'a>],
    pub(crate) message: Message<'a>,
    pub(crate) context: &'a Context,
    pub(crate) line: &'a [u8],
    pub(crate) secrets: &'a Secrets,
    pub(crate) is_foreign: bool,
}

impl<'a> Emitted<'a> {
    /// The line, its end included, secrets masked; empty for who wants the record.
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// The typed record, **not** masked: text of it leaves the process only through [`redact`](Self::redact).
    pub fn record(&self) -> &'a Record<'a> {
        self.record
    }

    /// The logger's own fields, not masked.
    pub fn fields(&self) -> &'a Fields {
        self.own
    }

    /// The fields of the error that is spread over the line, not masked.
    pub fn spread(&self) -> &'a [Field<'a>] {
        self.spread
    }

    /// The text of the line, as [`write_message`](Self::write_message) writes it, where it is at hand.
    pub fn rendered(&self) -> Option<&'a str> {
        match self.message {
            Message::Args(args) => args.as_str(),
            Message::Text(text) | Message::Unmasked(text) => Some(text),
        }
    }

    /// Writes the text of the line, with what `message` fields and errors append; not masked.
    ///
    /// # Errors
    /// What the writer refuses, and what a `Display` gives up.
    pub fn write_message(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self.message {
            Message::Args(args) => out.write_fmt(args),
            Message::Text(text) | Message::Unmasked(text) => out.write_str(text),
        }
    }

    /// Whether that text is told as it is, because its author knows that it holds no secret.
    pub fn has_unmasked_message(&self) -> bool {
        match self.message {
            // With something appended it is a text by now.
            Message::Args(_) => self.record.is_unmasked(),
            Message::Text(_) => false,
            Message::Unmasked(_) => true,
        }
    }

    /// Whether another process has printed it: nobody may wait for such a line, for that process would wait, too.
    pub fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    /// What the work belongs to. Empty if every format is Node's.
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// Text with today's secrets masked.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.mask(text)
    }
}
