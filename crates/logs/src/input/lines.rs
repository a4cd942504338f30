//! Blocks of bytes, cut into lines, bare of what containers' tools wrote before them, and handed to a reader.

use std::{collections::VecDeque, time::Instant};

use greenroom_node_log::{Limits, Reader, Record, Stream};

use crate::{filter::Matcher, input::prefix};

/// What is known of the bytes of a record from before they were a reader's.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    /// The bytes as they came, where that is not what the record has.
    pub(crate) raw: Option<Vec<u8>>,
    pub(crate) time: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Lines {
    reader: Reader,
    /// A line whose end has not come.
    partial: Vec<u8>,
    /// A line that is too long to be kept is the reader's as it comes.
    passes_on: bool,
    /// The reader has the beginning of a line whose end is in a piece of its own.
    is_open: bool,
    origins: Origins,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Self {
            reader: Reader::new(Stream::Merged),
            partial: Vec::new(),
            passes_on: false,
            is_open: false,
            origins: Origins::default(),
        }
    }

    /// Takes bytes, of any number. Lines of which `matcher` knows at once that they do not match are no records.
    pub(crate) fn push(
        &mut self,
        block: &[u8],
        now: Instant,
        matcher: &Matcher,
        out: &mut impl FnMut(Record<'_>, Origin),
    ) {
        let mut block = block;
        if self.passes_on || !self.partial.is_empty() {
            let end = memchr::memchr(b'\n', block).map(|at| at + 1);
            let (rest, behind) = block.split_at(end.unwrap_or(block.len()));
            if self.passes_on {
                self.plain(rest, now, out);
            } else {
                self.partial.extend_from_slice(rest);
            }
            if end.is_none() {
                self.bound(now, out);
                return;
            }
            self.passes_on = false;
            let line = std::mem::take(&mut self.partial);
            self.lines(&line, now, matcher, out);
            // Its room is used again.
            self.partial = line;
            self.partial.clear();
            block = behind;
        }
        let end = memchr::memrchr(b'\n', block).map_or(0, |at| at + 1);
        self.lines(&block[..end], now, matcher, out);
        self.partial.extend_from_slice(&block[end..]);
        self.bound(now, out);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.reader.deadline()
    }

    pub(crate) fn tick(&mut self, now: Instant, out: &mut impl FnMut(Record<'_>, Origin)) {
        let origins = &mut self.origins;
        self.reader.tick(now, &mut |record| {
            let origin = origins.take(&record);
            out(record, origin);
        });
    }

    pub(crate) fn finish(
        &mut self,
        now: Instant,
        matcher: &Matcher,
        out: &mut impl FnMut(Record<'_>, Origin),
    ) {
        let line = std::mem::take(&mut self.partial);
        self.lines(&line, now, matcher, out);
        self.end(out);
        self.passes_on = false;
    }

    fn end(&mut self, out: &mut impl FnMut(Record<'_>, Origin)) {
        let origins = &mut self.origins;
        self.reader.finish(&mut |record| {
            let origin = origins.take(&record);
            out(record, origin);
        });
        self.is_open = false;
    }

    fn bound(&mut self, now: Instant, out: &mut impl FnMut(Record<'_>, Origin)) {
        if self.partial.len() > Limits::default().line_bytes {
            let line = std::mem::take(&mut self.partial);
            self.plain(&line, now, out);
            self.passes_on = true;
        }
    }

    /// Whole lines; only the last of all may have no end.
    fn lines(
        &mut self,
        bytes: &[u8],
        now: Instant,
        matcher: &Matcher,
        out: &mut impl FnMut(Record<'_>, Origin),
    ) {
        // Where the lines begin that are the reader's as they are: they become its in one piece.
        let mut plain = 0;
        let mut at = 0;
        while at < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found + 1);
            let line = &bytes[at..end];
            if let Some(stripped) = prefix::strip(line) {
                self.plain(&bytes[plain..at], now, out);
                plain = end;
                let passes_over =
                    !self.is_open && stripped.line.ends_with(b"\n") && matcher.passes_over(&stripped.line);
                if passes_over {
                    self.pass_over(out);
                } else {
                    self.origins.begin(self.reader.held_bytes());
                    let time = stripped.time.map(|time| time.into_owned());
                    self.origins.push(stripped.line.len(), Some((line.to_vec(), time)));
                    self.read(&stripped.line, now, out);
                }
            } else if matcher.passes_over(line) {
                self.plain(&bytes[plain..at], now, out);
                plain = end;
                self.pass_over(out);
            }
            at = end;
        }
        self.plain(&bytes[plain..], now, out);
    }

    /// A line of the logger ends what came before it, whoever it is.
    fn pass_over(&mut self, out: &mut impl FnMut(Record<'_>, Origin)) {
        if self.reader.held_bytes() > 0 {
            self.end(out);
        }
    }

    fn plain(&mut self, bytes: &[u8], now: Instant, out: &mut impl FnMut(Record<'_>, Origin)) {
        if !bytes.is_empty() {
            self.origins.push(bytes.len(), None);
            self.read(bytes, now, out);
        }
    }

    fn read(&mut self, bytes: &[u8], now: Instant, out: &mut impl FnMut(Record<'_>, Origin)) {
        self.is_open = !bytes.ends_with(b"\n");
        let origins = &mut self.origins;
        self.reader.push(bytes, now, &mut |record| {
            let origin = origins.take(&record);
            out(record, origin);
        });
    }
}

/// The bytes that the reader has not made records of, in order, and where they came from. As long as nothing stood before a
/// line there is nothing to know.
#[derive(Debug, Default)]
struct Origins {
    is_needed: bool,
    pieces: VecDeque<Piece>,
}

#[derive(Debug)]
struct Piece {
    bytes: u64,
    /// The line with what stood before it, and the time therein.
    from: Option<(Vec<u8>, Option<String>)>,
}

impl Origins {
    fn begin(&mut self, held: usize) {
        if !self.is_needed {
            self.is_needed = true;
            self.push(held, None);
        }
    }

    fn push(&mut self, bytes: usize, from: Option<(Vec<u8>, Option<String>)>) {
        if self.is_needed && (bytes > 0 || from.is_some()) {
            self.pieces.push_back(Piece { bytes: bytes as u64, from });
        }
    }

    /// What is known of a record: it is of the bytes that come next.
    fn take(&mut self, record: &Record<'_>) -> Origin {
        if !self.is_needed {
            return Origin::default();
        }
        let mut left = record.raw.len() as u64 + record.truncated_bytes;
        if record.truncated_bytes > 0 {
            // The end of a cut line is neither.
            left += 1;
        }
        let (mut raw, mut at, mut time, mut is_changed) = (Vec::new(), 0, None, false);
        while left > 0 {
            let Some(piece) = self.pieces.front_mut() else { break };
            let taken = left.min(piece.bytes);
            match piece.from.take() {
                Some((line, before)) => {
                    raw.extend_from_slice(&line);
                    time = time.or(before);
                    is_changed = true;
                }
                None => {
                    let end = (at + taken as usize).min(record.raw.len());
                    raw.extend_from_slice(&record.raw[at.min(end)..end]);
                }
            }
            at += taken as usize;
            left -= taken;
            piece.bytes -= taken;
            if piece.bytes == 0 {
                self.pieces.pop_front();
            }
        }
        Origin { raw: is_changed.then_some(raw), time }
    }
}
