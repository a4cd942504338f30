//! Secrets are masked before anything is escaped or framed.
//!
//! Text of a line is scanned for all secrets in one pass, the longest first; a number is masked if its text is a
//! secret. The set only grows. A secret's own asterisks cannot be told from the mask.

use std::{collections::HashSet, fmt};

use aho_corasick::{AhoCorasick, MatchKind};

/// What stands in a secret's place.
pub(crate) const MASK: &str = "***";

/// Secrets shorter than this are likely to be part of ordinary text.
const COMMON: usize = 8;

/// The secrets of one generation.
#[derive(Default)]
pub(crate) struct Redactor {
    pub(crate) generation: u64,
    secrets: HashSet<Box<str>>,
    scan: Option<AhoCorasick>,
    /// The length of the shortest secret.
    shortest: usize,
    numbers: bool,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

/// What an operator should hear of secrets that were added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doubts {
    /// So many are short, and will mask ordinary text.
    pub(crate) short: usize,
    /// So many are part of what is never masked.
    pub(crate) exempt: usize,
}

/// A secret as it is searched: trimmed, and longer than one UTF-16 unit.
fn usable(secret: &str) -> Option<&str> {
    let secret = secret.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    (secret.encode_utf16().nth(1).is_some()).then_some(secret)
}

impl Redactor {
    /// The next generation, with more secrets; `None` if there is nothing new.
    pub(crate) fn with<'s>(
        &self,
        secrets: impl IntoIterator<Item = &'s str>,
        exempt: impl Fn(&str) -> bool,
    ) -> Option<(Self, Doubts)> {
        let mut all = self.secrets.clone();
        let mut doubts = Doubts::default();
        for secret in secrets.into_iter().filter_map(usable) {
            if all.insert(secret.into()) {
                doubts.short += usize::from(secret.chars().count() < COMMON);
                doubts.exempt += usize::from(exempt(secret));
            }
        }
        if all.len() == self.secrets.len() {
            return None;
        }
        let numbers = all.iter().any(|s| s.bytes().all(|c| c.is_ascii_digit() || b"+-.e".contains(&c)));
        let scan =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(all.iter().map(|s| &**s));
        let scan = scan.expect("secrets fit in memory, so their states fit in 31 bits");
        let (generation, shortest) = (self.generation + 1, scan.min_pattern_len());
        let next = Self { generation, secrets: all, scan: Some(scan), shortest, numbers };
        Some((next, doubts))
    }

    /// Whether there is anything to mask.
    pub(crate) fn is_active(&self) -> bool {
        self.scan.is_some()
    }

    /// Whether a number with this text is masked.
    pub(crate) fn hides_number(&self, text: &str) -> bool {
        self.numbers && self.secrets.contains(text)
    }

    /// Gives the text in pieces, each secret replaced.
    pub(crate) fn pieces(&self, text: &str, mut piece: impl FnMut(&str)) {
        let Some(scan) = self.scan.as_ref().filter(|_| text.len() >= self.shortest) else {
            return piece(text);
        };
        let mut from = 0;
        for found in scan.find_iter(text) {
            piece(&text[from..found.start()]);
            piece(MASK);
            from = found.end();
        }
        piece(&text[from..]);
    }

    /// The text with its secrets masked.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.pieces(text, |piece| out.push_str(piece));
        out
    }
}
