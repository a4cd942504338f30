//! What bodies are made of: the nonce of their request, again and again.

use std::io::Write as _;

/// What every nonce begins with, so that one is found wherever it stands.
const BEGIN: &str = "nonce-";

/// The nonce of a run's request.
pub(crate) fn nonce(seed: u64, number: u64) -> String {
    format!("{BEGIN}{seed:x}-{number:07}")
}

/// A nonce in this text that is not this one.
pub(crate) fn foreign<'a>(text: &'a str, nonce: &str) -> Option<&'a str> {
    let found = text.match_indices(BEGIN).map(|(at, _)| &text[at..]);
    let is_whole = |end: Option<char>| end.is_none_or(|end| !end.is_alphanumeric() && end != '-');
    found
        .filter(|found| found.strip_prefix(nonce).is_none_or(|rest| !is_whole(rest.chars().next())))
        .map(|found| found.split(|end: char| !end.is_alphanumeric() && end != '-').next().unwrap_or(found))
        .next()
}

/// A nonce, line after line, without an end.
pub(crate) struct Lines {
    block: Vec<u8>,
    at: usize,
}

impl Lines {
    pub(crate) fn of(nonce: &str) -> Self {
        let mut block = Vec::new();
        for _ in 0..1024 {
            writeln!(block, "{nonce}").unwrap_or_else(|error| unreachable!("{error}"));
        }
        Self { block, at: 0 }
    }

    /// The next bytes: at least one, at most so many.
    pub(crate) fn next(&mut self, most: usize) -> &[u8] {
        let begin = self.at;
        let end = self.block.len().min(begin + most);
        self.at = end % self.block.len();
        &self.block[begin..end]
    }

    /// Whether these are the next bytes.
    pub(crate) fn follow(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let next = self.next(bytes.len());
            let Some(rest) = bytes.strip_prefix(next) else { return false };
            bytes = rest;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_themselves_however_they_are_cut_and_no_others() {
        let (mut ours, mut same, mut others) = (Lines::of("a-1"), Lines::of("a-1"), Lines::of("a-2"));
        for length in [1, 3, 5000, 7, 4096] {
            let next = ours.next(length).to_vec();
            assert!(same.follow(&next), "{length}");
        }
        assert!(!others.follow(Lines::of("a-1").next(4)));
    }

    #[test]
    fn a_nonce_of_another_request_is_found_wherever_it_stands() {
        let (ours, other) = (nonce(10, 12), nonce(10, 123));
        assert_eq!(foreign(&format!(r#"{{"url":"/x/{ours}?a","nonce":"{ours}"}}"#), &ours), None);
        assert_eq!(foreign(&format!("{ours} {other}/x"), &ours), Some(&*other));
        assert_eq!(foreign(&format!("{ours}4"), &ours), Some(&*format!("{ours}4")));
        assert_eq!(foreign("", &ours), None);
    }
}
