//! Known secrets, found in one pass over a text, in all the forms in which text shows them.

use std::{borrow::Cow, collections::HashSet, fmt, ops::Range};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::{
    base64, begun,
    decode::{self, Escapes, decode},
    filter::Filter,
    forms::{self, Form},
    ranges::union,
};

/// What stands in a secret's place.
pub const MASK: &str = "***";

/// Escapes are undone so many times: JSON as text within JSON, an encoded URL as another one's parameter.
const DEPTH: usize = 2;

/// The faster automaton is chosen up to this many bytes in all forms; it takes some hundred bytes for each of them.
const FAST: usize = 12 << 10;

/// And if no form is longer: of a form that repeats itself, it takes time in proportion to the square of the length to build.
const LONGEST: usize = 512;

/// The secrets of one generation. The set only grows: [`with`](Self::with) makes the next one.
///
/// A secret's own asterisks cannot be told from the mask. Secrets that overlap in a text are masked together.
#[derive(Default)]
pub struct Secrets {
    generation: u64,
    known: HashSet<Box<str>>,
    scan: Option<Scan>,
    in_pages: bool,
}

struct Scan {
    /// Whether escapes of pages are undone, too.
    in_pages: bool,
    automaton: AhoCorasick,
    filter: Option<Filter>,
    /// For each pattern, whether a part of the secret stands before and after it.
    around: Vec<(bool, bool)>,
    /// The length of the shortest pattern.
    shortest: usize,
    /// Whether any secret could be a number.
    numbers: bool,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.known.len())
    }
}

/// A secret as it is searched: trimmed, and longer than one UTF-16 unit.
fn usable(secret: &str) -> Option<&str> {
    let secret = greenroom_js::text::trim(secret);
    (secret.encode_utf16().nth(1).is_some()).then_some(secret)
}

impl Secrets {
    /// None yet; they will be found also where they are escaped for HTML, which lines are not searched for.
    pub(crate) fn in_pages() -> Self {
        Self { in_pages: true, ..Self::default() }
    }

    /// The next generation, with more secrets, and how many of them are new; `None` if none is.
    ///
    /// Secrets are trimmed; those of less than two characters are left out.
    pub fn with<'s>(&self, secrets: impl IntoIterator<Item = &'s str>) -> Option<(Self, usize)> {
        let mut known = self.known.clone();
        known.extend(secrets.into_iter().filter_map(usable).map(Box::from));
        let new = known.len() - self.known.len();
        if new == 0 {
            return None;
        }
        let scan = Some(Scan::new(&known, self.in_pages));
        Some((Self { generation: self.generation + 1, known, scan, in_pages: self.in_pages }, new))
    }

    /// Which generation it is: 0 knows no secret.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether there is anything to mask.
    pub fn is_active(&self) -> bool {
        self.scan.is_some()
    }

    /// Whether a number with this text is masked: only if all of it is a secret.
    pub fn hides_number(&self, text: &str) -> bool {
        self.scan.as_ref().is_some_and(|scan| scan.numbers) && self.known.contains(text)
    }

    /// Gives the text in pieces, [`MASK`] in place of each secret.
    pub fn pieces(&self, text: &str, mut piece: impl FnMut(&str)) {
        let Some(scan) = self.scan.as_ref().filter(|scan| scan.may_hold(text.as_bytes(), DEPTH)) else {
            return piece(text);
        };
        let mut from = 0;
        for found in scan.places(text.as_bytes(), DEPTH) {
            piece(&text[from..found.start]);
            piece(MASK);
            from = found.end;
        }
        piece(&text[from..]);
    }

    /// How many bytes at the text's end are the beginning of a secret through which a cut may have gone: masked are whole ones.
    ///
    /// ```
    /// let (secrets, _) = greenroom_redact::Secrets::default().with(["correct horse battery"]).unwrap();
    /// assert_eq!(secrets.begun_at_end(b"it is correct horse "), "correct horse ".len());
    /// assert_eq!(secrets.begun_at_end(b"it is wrong"), 0);
    /// ```
    pub fn begun_at_end(&self, text: &[u8]) -> usize {
        self.known.iter().map(|secret| begun::at_end(text, secret)).max().unwrap_or_default()
    }

    /// The text with its secrets masked.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.scan.as_ref().is_some_and(|scan| scan.may_hold(text.as_bytes(), DEPTH)) {
            return text.into();
        }
        let mut out = String::with_capacity(text.len());
        self.pieces(text, |piece| out.push_str(piece));
        out.into()
    }
}

impl Scan {
    fn new(secrets: &HashSet<Box<str>>, in_pages: bool) -> Self {
        let forms = secrets.iter().flat_map(|secret| forms::of(secret));
        let (patterns, around): (Vec<_>, _) =
            forms.map(|Form { text, before, after }| (text, (before, after))).unzip();
        let filter = Filter::new(&patterns);
        let few = patterns.iter().map(|pattern| pattern.len()).sum::<usize>() <= FAST
            && patterns.iter().all(|pattern| pattern.len() <= LONGEST);
        // Left to itself, the builder takes the faster one for up to a hundred patterns, whatever their lengths.
        let kind = if few { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(kind))
            .build(patterns.iter().map(|pattern| pattern.as_bytes()))
            .expect("secrets fit in memory, so their states fit in 31 bits");
        let numbers = secrets.iter().any(|s| s.bytes().all(|c| c.is_ascii_digit() || b"+-.e".contains(&c)));
        Self { in_pages, shortest: automaton.min_pattern_len(), automaton, filter, around, numbers }
    }

    fn escapes(&self) -> &'static [Escapes] {
        if self.in_pages { Escapes::OF_PAGES } else { Escapes::OF_LINES }
    }

    /// Whether the text holds a secret in any form. Nearly all hold none: that is found out without their places.
    fn may_hold(&self, text: &[u8], depth: usize) -> bool {
        if text.len() < self.shortest {
            return false;
        }
        let is_worth_it = self.filter.as_ref().is_none_or(|filter| filter.may_hold(text));
        if is_worth_it && self.automaton.is_match(text) {
            return true;
        }
        depth > 0
            && (memchr::memchr3(b'%', b'\\', b',', text).is_some()
                || (self.in_pages && memchr::memchr(b'&', text).is_some()))
            && self.may_hold_escaped(text, depth - 1)
    }

    /// The same with the text's escapes undone. Apart, so that the look at a text without any stays small.
    #[inline(never)]
    fn may_hold_escaped(&self, text: &[u8], depth: usize) -> bool {
        self.escapes()
            .iter()
            .any(|escapes| decode(text, *escapes).is_some_and(|decoded| self.may_hold(&decoded, depth)))
    }

    /// Where secrets stand, in order; those that overlap as one. Takes room for a few texts of this length, whatever is in it.
    fn places(&self, text: &[u8], depth: usize) -> Vec<Range<usize>> {
        let mut found = self.search(text);
        for escapes in self.escapes().iter().filter(|_| depth > 0) {
            let Some(decoded) = decode(text, *escapes) else { continue };
            let mut inner = self.places(&decoded, depth - 1);
            drop(decoded);
            if !inner.is_empty() {
                decode::place(text, *escapes, &mut inner);
                found.extend(inner);
                found = union(found);
            }
        }
        found
    }

    /// The same of what is not escaped.
    fn search(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut all: Vec<Range<usize>> = Vec::new();
        for found in self.automaton.find_overlapping_iter(bytes) {
            let (before, after) = self.around[found.pattern()];
            let (mut from, mut to) = (found.start(), found.end());
            if before && from > 0 && base64::is_digit(bytes[from - 1]) {
                from -= 1;
            }
            if after && bytes.get(to).copied().is_some_and(base64::is_digit) {
                to += 1;
            }
            match all.last_mut() {
                // One of many that overlap takes no room of its own.
                Some(last) if last.start <= from && from < last.end => last.end = last.end.max(to),
                _ => all.push(from..to),
            }
        }
        union(all)
    }
}

#[cfg(test)]
mod tests;
