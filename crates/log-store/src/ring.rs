//! The ring: segments of bytes, of which the oldest is taken for the newest.

use std::{collections::VecDeque, ops::Range, sync::Arc, time::SystemTime};

use crate::record::{MOST_RECORD, Record, SEQUENCE};

/// A segment is copied for who reads while it is written; it holds one record at least.
pub(crate) const SEGMENT: usize = 64 << 10;

const _: () = assert!(MOST_RECORD < SEGMENT);

/// Records one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    bytes: Vec<u8>,
    /// The sequences of the first record and of the last.
    first: u64,
    last: u64,
}

impl Segment {
    /// The records, the oldest first.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let mut rest = &*self.bytes;
        std::iter::from_fn(move || {
            let (record, behind) = Record::split(rest)?;
            rest = behind;
            Some(record)
        })
    }
}

/// The last records that fit.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Those that are full.
    sealed: VecDeque<Arc<Segment>>,
    most_sealed: usize,
    open: Segment,
}

impl Ring {
    /// A ring of so many bytes, rounded down to segments, of which there are two at least.
    pub(crate) fn new(bytes: usize) -> Self {
        let most_sealed = (bytes / SEGMENT).max(2) - 1;
        Self { sealed: VecDeque::with_capacity(most_sealed), most_sealed, open: Segment::default() }
    }

    /// Keeps a record, which gets that sequence.
    pub(crate) fn push(&mut self, record: &mut [u8], sequence: u64) {
        record[SEQUENCE].copy_from_slice(&sequence.to_le_bytes());
        if self.open.bytes.len() + record.len() > SEGMENT {
            self.seal();
        }
        let Segment { bytes, first, last } = &mut self.open;
        if bytes.is_empty() {
            // It grows no further; memory is taken as it is written.
            bytes.reserve_exact(SEGMENT);
            *first = sequence;
        }
        bytes.extend_from_slice(record);
        *last = sequence;
    }

    fn seal(&mut self) {
        let mut next = Segment::default();
        if self.sealed.len() >= self.most_sealed
            && let Some(oldest) = self.sealed.pop_front()
            && let Ok(oldest) = Arc::try_unwrap(oldest)
        {
            next.bytes = oldest.bytes;
            next.bytes.clear();
        }
        self.sealed.push_back(Arc::new(std::mem::replace(&mut self.open, next)));
    }

    fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.sealed.iter().map(|segment| &**segment).chain([&self.open])
    }

    /// The sequence and the time of the oldest record.
    pub(crate) fn oldest(&self) -> Option<(u64, SystemTime)> {
        let oldest = self.segments().find_map(|segment| segment.records().next())?;
        Some((oldest.sequence, oldest.time()))
    }

    /// The segments that hold sequences of the range, the oldest first; they stay as they are while they are read.
    pub(crate) fn kept(&self, range: &Range<u64>) -> Vec<Arc<Segment>> {
        let holds = |segment: &Segment| {
            !segment.bytes.is_empty() && segment.first < range.end && segment.last >= range.start
        };
        let mut kept: Vec<_> = self.sealed.iter().filter(|segment| holds(segment)).cloned().collect();
        if holds(&self.open) {
            let Segment { bytes, first, last } = &self.open;
            kept.push(Arc::new(Segment { bytes: bytes.clone(), first: *first, last: *last }));
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record without ids, message or fields, but of that length.
    fn record(length: usize) -> Vec<u8> {
        let mut record = vec![0; length];
        record[..4].copy_from_slice(&(length as u32).to_le_bytes());
        record
    }

    fn sequences(ring: &Ring) -> Vec<u64> {
        let kept = ring.kept(&(0..u64::MAX));
        kept.iter().flat_map(|segment| segment.records().map(|record| record.sequence)).collect()
    }

    #[test]
    fn the_oldest_are_forgotten_and_no_more_bytes_are_taken() {
        let mut ring = Ring::new(4 * SEGMENT);
        for sequence in 1..=100 {
            ring.push(&mut record(SEGMENT / 3), sequence);
            let taken: usize = ring.segments().map(|segment| segment.bytes.capacity()).sum();
            assert!(taken <= 4 * SEGMENT, "{taken}");
        }
        // Three in each segment, the last of which has but one.
        assert_eq!(sequences(&ring), (91..=100).collect::<Vec<_>>());
        assert_eq!(ring.oldest().unwrap().0, 91);
    }

    #[test]
    fn what_is_read_stays_while_it_is_overwritten() {
        let mut ring = Ring::new(2 * SEGMENT);
        (1..=3).for_each(|sequence| ring.push(&mut record(SEGMENT / 2), sequence));
        let read = ring.kept(&(0..3));
        (4..=9).for_each(|sequence| ring.push(&mut record(SEGMENT / 2), sequence));
        let kept: Vec<u64> = read.iter().flat_map(|segment| segment.records().map(|r| r.sequence)).collect();
        assert_eq!(kept, [1, 2]);
        assert_eq!(sequences(&ring), [7, 8, 9]);
    }
}
