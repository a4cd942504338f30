//! Some bytes of a text, by which most texts are seen to hold no secret.
//!
//! Of each pattern the first bytes count, as many as the shortest has. All runs of four among them are noted. Wherever a
//! pattern stands in a text, one of its runs begins at a multiple of [`step`](Filter::step): only those are looked up.

use std::borrow::Cow;

/// So many bytes are looked up together.
const RUN: usize = 4;

/// So many bits for each run, of which two are set: about one in 16,000 others is taken for a run. A single bit is not enough:
/// the same few texts come with every request.
const SPARSE: usize = 256;

/// By which a run's two bits are found.
const FACTORS: [u32; 2] = [0x9E37_79B1, 0x85EB_CA77];

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
                for factor in FACTORS {
                    let (word, bit) = filter.place(run, factor);
                    filter.bits[word] |= bit;
                }
            }
        }
        Some(filter)
    }

    /// Whether the text is worth a closer look.
    pub(crate) fn may_hold(&self, text: &[u8]) -> bool {
        let mut at = 0;
        while let Some(run) = text.get(at..).and_then(|rest| rest.first_chunk()) {
            if FACTORS.into_iter().all(|factor| self.is_set(run, factor)) {
                return true;
            }
            at += self.step;
        }
        false
    }

    fn is_set(&self, run: &[u8; RUN], factor: u32) -> bool {
        let (word, bit) = self.place(run, factor);
        self.bits[word] & bit != 0
    }

    fn place(&self, run: &[u8; RUN], factor: u32) -> (usize, u64) {
        let bit = u32::from_le_bytes(*run).wrapping_mul(factor) >> self.shift;
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

    /// Of half a million.
    #[test]
    fn few_words_are_taken_for_a_part_of_a_pattern() {
        let filter = Filter::new(&[Cow::Borrowed(":memory:"), Cow::Borrowed("3A6D656D6F72793A")]).unwrap();
        let letters = b'a'..=b'z';
        let pairs = letters.clone().flat_map(|a| letters.clone().map(move |b| [a, b]));
        let words = pairs.clone().flat_map(|[a, b]| pairs.clone().map(move |[c, d]| [a, b, c, d]));
        assert!(words.filter(|word| filter.may_hold(word)).count() < 100);
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
