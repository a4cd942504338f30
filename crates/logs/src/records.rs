//! A log as records, for who reads it and shows nothing of it.

use std::time::Instant;

use greenroom_node_log::Record;
use jiff::Timestamp;

use crate::{
    filter::{Filter, Matcher},
    input::{Lines, Origin},
};

/// Takes the bytes of a log and gives its records, bare of what containers' tools wrote before their lines.
///
/// ```
/// use greenroom_logs::Records;
///
/// let mut told = vec![];
/// let mut records = Records::new();
/// let line = b"2026-12-01T10:00:00.5Z {\"level\":\"info\",\"message\":\"Listening on :7007\"}\n";
/// records.push(line, |record, at| told.push((record.message.to_string(), at.unwrap().to_string())));
/// records.finish(|_, _| {});
/// assert_eq!(told, [("Listening on :7007".to_owned(), "2026-12-01T10:00:00.5Z".to_owned())]);
/// ```
#[derive(Debug)]
pub struct Records {
    lines: Lines,
    matcher: Matcher,
}

impl Default for Records {
    fn default() -> Self {
        Self::new()
    }
}

impl Records {
    /// Of a log of which nothing has come.
    pub fn new() -> Self {
        // Each line is read: a part of a start's lines would be another start.
        Self { lines: Lines::new(), matcher: Matcher::new(&Filter::default(), None, true) }
    }

    /// Takes the next bytes, of any number. `each` is told of a record when it was printed: by the line's own time, else by that of
    /// the container's tool.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&Record<'_>, Option<Timestamp>)) {
        let out = &mut |record: Record<'_>, origin: Origin| each(&record, time(&record, &origin));
        self.lines.push(bytes, Instant::now(), &self.matcher, out);
    }

    /// All bytes have come: a line without an end is one now.
    pub fn finish(&mut self, mut each: impl FnMut(&Record<'_>, Option<Timestamp>)) {
        let out = &mut |record: Record<'_>, origin: Origin| each(&record, time(&record, &origin));
        self.lines.finish(Instant::now(), &self.matcher, out);
    }
}

fn time(record: &Record<'_>, origin: &Origin) -> Option<Timestamp> {
    let own = record.time.as_ref().and_then(greenroom_node_log::Time::timestamp);
    own.or_else(|| origin.time.as_deref()?.parse().ok())
}
