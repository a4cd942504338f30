//! A line that containers' tools have written in pieces, of which others may come between: those of the other stream.

use greenroom_node_log::Limits;

use crate::input::{origins::Source, prefix::Stripped};

/// What has come of a line of one stream whose end has not.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    is_open: bool,
    line: Vec<u8>,
    source: Source,
}

impl Pieces {
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Takes the next piece, `line` with what stood before it. What the reader would cut off is only counted.
    pub(super) fn add(&mut self, line: &[u8], stripped: &Stripped<'_>) {
        self.is_open = true;
        self.source.add(line, stripped);
        let (text, end) = match stripped.line.strip_suffix(b"\n") {
            Some(text) => (text, &b"\n"[..]),
            None => (&*stripped.line, &b""[..]),
        };
        // With one byte more it is one that is too long.
        let room = (Limits::default().line_bytes + 1).saturating_sub(self.line.len());
        let (kept, cut) = text.split_at(room.min(text.len()));
        self.line.extend_from_slice(kept);
        self.line.extend_from_slice(end);
        self.source.cut += cut.len() as u64;
    }

    /// The line, as far as it came.
    pub(super) fn take(&mut self) -> (Vec<u8>, Source) {
        let Self { line, source, .. } = std::mem::take(self);
        (line, source)
    }
}
