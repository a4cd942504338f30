//! Some bytes of a text, by which most texts are seen to hold no secret.
//!
//! Of each pattern the first bytes count, as many as the shortest has. All runs of four among them are noted. Wherever a
//! pattern stands in a text, one of its runs begins at a multiple of [`step`](Filter::step): only those are looked up.

use std::borrow::Cow;

/// So many bytes are looked up together.
const RUN: usize = 4;

/// So many bits for each run: about one in as many others is taken for a run.
const SPARSE: usize = 256;

/// At most 128 KiB.
const MOST: usize = 1 << 20;

pub(crate) struct Filter {
    bits: Box<[u64]>,
    /// Of a hash, which then is the number of a bit.
    shift: u32,
    step: usize,
}

impl Filter {
    /// `None` if a pattern is shorter than a run.
    pub(crate) fn new(patterns: &[Cow<'_, str>]) -> Option<Self> {
        let shortest = patterns.iter().map(|pattern| pattern.len()).min()?;
        let step = (shortest + 1).checked_sub(RUN).filter(|step| *step > 0)?;
        let bits = (patterns.len() * step * SPARSE).next_power_of_two().clamp(u64::BITS as usize, MOST);
        let words = vec![0; bits / u64::BITS as usize].into();
        let mut filter = Self { bits: words, shift: u32::BITS - bits.ilog2(), step };
        for pattern in patterns {
            for run in pattern.as_bytes()[..shortest].array_windows() {
                let (word, bit) = filter.place(run);
                filter.bits[word] |= bit;
            }
        }
        Some(filter)
    }

    /// Whether the text is worth a closer look.
    pub(crate) fn may_hold(&self, text: &[u8]) -> bool {
        text.array_windows().step_by(self.step).any(|run| {
            let (word, bit) = self.place(run);
            self.bits[word] & bit != 0
        })
    }

    fn place(&self, run: &[u8; RUN]) -> (usize, u64) {
        let bit = u32::from_le_bytes(*run).wrapping_mul(0x9E37_79B1) >> self.shift;
        (bit as usize / u64::BITS as usize, 1 << (bit % u64::BITS))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;

    #[test]
    fn ordinary_text_is_passed_over_and_short_patterns_are_not_taken() {
        let patterns = (0..50).map(|n| Cow::Owned(format!("{n:02}-hunter2-{n:02}"))).collect::<Vec<_>>();
        let filter = Filter::new(&patterns).unwrap();
        let text =
            "Refreshed 250 entities of the provider github in 17 ms; the next refresh is due in 30 minutes.";
        assert!(!filter.may_hold(text.as_bytes()) && !filter.may_hold(b"abc") && !filter.may_hold(b""));
        assert!(Filter::new(&["abc".into()]).is_none() && Filter::new(&[]).is_none());
    }

    proptest! {
        #[test]
        fn no_pattern_is_passed_over(
            patterns in collection::vec("[ -~]{4,20}", 1..20),
            before in "[ -~]{0,30}",
            after in "[ -~]{0,30}",
        ) {
            let filter = Filter::new(&patterns.iter().map(Cow::from).collect::<Vec<_>>()).unwrap();
            for pattern in &patterns {
                let text = format!("{before}{pattern}{after}");
                prop_assert!(filter.may_hold(text.as_bytes()), "{}", text);
            }
        }
    }
}
