//! Where in the texts of a config secrets are written, found by the place that is to be shown.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, OnceLock},
};

use crate::place::{At, Text};

/// Spans that no shown line may tell.
#[derive(Debug, Default)]
pub(crate) struct Spots {
    spans: Vec<At>,
    /// The characters that they cover, by the text's address, in order; known once it is asked for. A config may have as
    /// many faults as secrets: not every secret is looked at for every fault.
    by_text: OnceLock<HashMap<usize, Vec<Range<usize>>>>,
}

impl Spots {
    pub(crate) fn new(spans: Vec<At>) -> Self {
        Self { spans, by_text: OnceLock::new() }
    }

    /// The characters to hide of those in a range.
    pub(crate) fn within(&self, text: &Arc<Text>, range: &Range<usize>) -> &[Range<usize>] {
        let by_text = self.by_text.get_or_init(|| self.ranges());
        let all = by_text.get(&address(text)).map_or(&[][..], Vec::as_slice);
        let first = all.partition_point(|spot| spot.end <= range.start);
        let last = all.partition_point(|spot| spot.start < range.end);
        &all[first..last.max(first)]
    }

    fn ranges(&self) -> HashMap<usize, Vec<Range<usize>>> {
        let mut by_text: HashMap<_, Vec<Range<usize>>> = HashMap::new();
        for span in self.spans.iter().filter(|span| span.line > 0) {
            // Of what is not where it should be, nobody knows where it ends.
            let range = span.range().unwrap_or(0..usize::MAX);
            by_text.entry(address(&span.text)).or_default().push(range);
        }
        for ranges in by_text.values_mut() {
            ranges.sort_unstable_by_key(|range| (range.start, range.end));
            ranges.dedup_by(|next, last| {
                let overlaps = next.start < last.end;
                if overlaps {
                    last.end = last.end.max(next.end);
                }
                overlaps
            });
        }
        by_text
    }
}

fn address(text: &Arc<Text>) -> usize {
    Arc::as_ptr(text) as usize
}
