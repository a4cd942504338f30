//! Where lines go.

mod buffered;
mod capture;
mod complaint;

use std::{borrow::Cow, time::Duration};

use greenroom_context::Context;

use greenroom_redact::Secrets;

use crate::{Fields, Format, Record};

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

    /// Receives, once and before any record, what renders the line that tells how many lines were dropped.
    fn tell_drops(&self, line: Box<dyn Fn(u64) -> Vec<u8> + Send + Sync>) {
        let _ = line;
    }
}

/// A record on its way out.
pub struct Emitted<'a> {
    pub(crate) record: &'a Record<'a>,
    pub(crate) own: &'a Fields,
    pub(crate) context: &'a Context,
    pub(crate) line: &'a [u8],
    pub(crate) secrets: &'a Secrets,
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

    /// What the work belongs to. Empty if every format is Node's.
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// Text with today's secrets masked.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.mask(text)
    }
}
