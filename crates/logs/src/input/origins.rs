//! Where the bytes came from that a reader has not made records of yet.

use std::collections::VecDeque;

use greenroom_node_log::Record;

use crate::input::prefix::Stripped;

/// So many bytes of lines as they came are kept; of more only the number is known. No record that a reader keeps whole needs as many, unless
/// what stands before its lines is longer than they are.
const MOST: usize = 4 << 20;

/// What is known of the bytes of a record from before they were a reader's.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    /// The bytes as they came, where that is not what the record has.
    pub(crate) raw: Option<Vec<u8>>,
    /// How many more of them came.
    pub(crate) lost: u64,
    pub(crate) time: Option<String>,
}

/// A line with what stood before it, or the pieces of one.
#[derive(Debug, Default)]
pub(super) struct Source {
    raw: Vec<u8>,
    lost: u64,
    time: Option<String>,
    /// How many bytes of the line the reader does not get.
    pub(super) cut: u64,
}

impl Source {
    pub(super) fn of(line: &[u8], stripped: &Stripped<'_>) -> Self {
        let mut source = Self::default();
        source.add(line, stripped);
        source
    }

    pub(super) fn add(&mut self, line: &[u8], stripped: &Stripped<'_>) {
        if self.lost == 0 && self.raw.len() + line.len() <= MOST {
            self.raw.extend_from_slice(line);
        } else {
            self.lost += line.len() as u64;
        }
        if self.time.is_none() {
            self.time = stripped.time.as_deref().map(str::to_owned);
        }
    }
}

/// The bytes that the reader has not made records of, in order. As long as nothing stood before a line there is nothing to know.
#[derive(Debug, Default)]
pub(super) struct Origins {
    is_needed: bool,
    pieces: VecDeque<Piece>,
    /// How many bytes of lines as they came.
    kept: usize,
}

#[derive(Debug)]
struct Piece {
    bytes: u64,
    from: Option<Source>,
}

impl Origins {
    /// From now on origins are needed; the reader holds so many bytes.
    pub(super) fn begin(&mut self, held: usize) {
        if !self.is_needed {
            self.is_needed = true;
            self.push(held, None);
        }
    }

    /// The reader gets so many bytes.
    pub(super) fn push(&mut self, bytes: usize, from: Option<Source>) {
        if !self.is_needed || (bytes == 0 && from.is_none()) {
            return;
        }
        let bytes = bytes as u64;
        let from = from.map(|mut source| {
            if self.kept + source.raw.len() > MOST {
                source.lost += source.raw.len() as u64;
                source.raw = Vec::new();
            }
            self.kept += source.raw.len();
            source
        });
        match self.pieces.back_mut() {
            // A line without an end takes no more room than one.
            Some(last) if last.from.is_none() && from.is_none() => last.bytes += bytes,
            _ => self.pieces.push_back(Piece { bytes, from }),
        }
    }

    /// The record, and what is known of it: it is of the bytes that come next.
    pub(super) fn of<'r>(&mut self, mut record: Record<'r>) -> (Record<'r>, Origin) {
        if !self.is_needed {
            return (record, Origin::default());
        }
        let mut left = record.raw.len() as u64 + record.truncated_bytes;
        if record.truncated_bytes > 0 {
            // The end of a cut line is neither.
            left += 1;
        }
        let (mut raw, mut lost, mut time, mut cut) = (Vec::new(), 0, None, 0);
        let (mut at, mut is_changed) = (0, false);
        while left > 0 {
            let Some(piece) = self.pieces.front_mut() else { break };
            let taken = left.min(piece.bytes);
            match piece.from.take() {
                Some(source) => {
                    self.kept -= source.raw.len();
                    raw.extend_from_slice(&source.raw);
                    time = time.or(source.time);
                    lost += source.lost;
                    cut += source.cut;
                    is_changed = true;
                }
                None => {
                    let end = (at + taken as usize).min(record.raw.len());
                    let here = &record.raw[at.min(end)..end];
                    raw.extend_from_slice(here);
                    lost += taken - here.len() as u64;
                }
            }
            at += taken as usize;
            left -= taken;
            piece.bytes -= taken;
            if piece.bytes == 0 {
                self.pieces.pop_front();
            }
        }
        record.truncated_bytes += cut;
        let (raw, lost) = if is_changed { (Some(raw), lost) } else { (None, record.truncated_bytes) };
        (record, Origin { raw, lost, time })
    }
}
