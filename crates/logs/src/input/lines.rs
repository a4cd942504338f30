//! Blocks of bytes, cut into lines, bare of what containers' tools wrote before them, and handed to a reader.

use std::time::Instant;

use greenroom_node_log::{Limits, Reader, Record, Stream};

use crate::{
    filter::Matcher,
    input::{
        origins::{Origin, Origins, Source},
        pieces::Pieces,
        prefix::{self, Stripped},
    },
};

#[derive(Debug)]
pub(crate) struct Lines {
    reader: Reader,
    /// A line whose end has not come.
    partial: Vec<u8>,
    /// A line that is too long to be kept is the reader's as it comes.
    passes_on: bool,
    /// The reader has a line without its end.
    is_open: bool,
    /// Of what was printed to stdout, and to stderr.
    pieces: [Pieces; 2],
    origins: Origins,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Self {
            reader: Reader::new(Stream::Merged),
            partial: Vec::new(),
            passes_on: false,
            is_open: false,
            pieces: <[Pieces; 2]>::default(),
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
            let (record, origin) = origins.of(record);
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
        for stream in 0..self.pieces.len() {
            if self.pieces[stream].is_open() {
                if self.is_open {
                    self.end(out);
                }
                let (line, source) = self.pieces[stream].take();
                self.sourced(&line, source, now, out);
            }
        }
        self.end(out);
        self.passes_on = false;
    }

    fn end(&mut self, out: &mut impl FnMut(Record<'_>, Origin)) {
        let origins = &mut self.origins;
        self.reader.finish(&mut |record| {
            let (record, origin) = origins.of(record);
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
                self.stripped(line, &stripped, now, matcher, out);
            } else if matcher.passes_over(line) {
                self.plain(&bytes[plain..at], now, out);
                plain = end;
                self.pass_over(out);
            }
            at = end;
        }
        self.plain(&bytes[plain..], now, out);
    }

    /// A line with what stood before it, or a piece of one.
    fn stripped(
        &mut self,
        line: &[u8],
        stripped: &Stripped<'_>,
        now: Instant,
        matcher: &Matcher,
        out: &mut impl FnMut(Record<'_>, Origin),
    ) {
        let pieces = &mut self.pieces[usize::from(stripped.is_stderr)];
        let is_whole = stripped.line.ends_with(b"\n");
        if is_whole && !pieces.is_open() {
            if matcher.passes_over(&stripped.line) {
                self.pass_over(out);
            } else {
                self.sourced(&stripped.line, Source::of(line, stripped), now, out);
            }
            return;
        }
        pieces.add(line, stripped);
        if is_whole {
            let (line, source) = pieces.take();
            self.sourced(&line, source, now, out);
        }
    }

    fn sourced(
        &mut self,
        line: &[u8],
        source: Source,
        now: Instant,
        out: &mut impl FnMut(Record<'_>, Origin),
    ) {
        self.origins.begin(self.reader.held_bytes());
        self.origins.push(line.len(), Some(source));
        self.read(line, now, out);
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
            let (record, origin) = origins.of(record);
            out(record, origin);
        });
    }
}
