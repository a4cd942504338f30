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
        let few = patterns.iter().map(|pattern| pattern.len()).sum::<usize>() <= FAST;
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(few.then_some(AhoCorasickKind::DFA))
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
mod tests {
    use ::base64::{Engine, engine::general_purpose};
    use proptest::{collection, prelude::*};

    use super::*;

    fn secrets(all: &[&str]) -> Secrets {
        Secrets::default().with(all.iter().copied()).unwrap().0
    }

    /// A secret with what escaping could trip over; no asterisk, which is the mask's.
    fn secret() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-c\"\\\\\n\t%+/ \u{e9}\u{1F600}\u{1b}'1-3]{6,24}",
            "[0-9]{4,9}",
            Just("-----BEGIN KEY-----\nabc/def+ghi==\n-----END KEY-----".to_owned()),
        ]
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("usable", |text| text.len() >= 4)
    }

    fn json(text: &str) -> String {
        let mut out = Vec::new();
        greenroom_js::json::escaped(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    /// JSON for those who take ASCII alone.
    fn json_ascii(text: &str) -> String {
        text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
    }

    fn debug(text: &str) -> String {
        let quoted = format!("{text:?}");
        quoted[1..quoted.len() - 1].to_owned()
    }

    fn percent(text: &str) -> String {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    }

    fn form(text: &str) -> String {
        percent(text).replace("%20", "+").to_ascii_lowercase()
    }

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    fn list(text: &str) -> String {
        text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")
    }

    const FORMS: [fn(&str) -> String; 13] = [
        str::to_owned,
        json,
        debug,
        json_ascii,
        percent,
        |text| json(&json(text)),
        |text| percent(&json(text)),
        |text| percent(&percent(text)),
        hex,
        |text| hex(text).to_ascii_uppercase(),
        list,
        |text| list(text).replace(' ', ""),
        |text| json(&list(text).replace(", ", ",\n    ")),
    ];

    proptest! {
        #[test]
        fn a_secret_is_masked_in_every_form(secret in secret(), before in "[x-z]{0,3}", after in "[x-z]{0,3}") {
            let secrets = secrets(&[&secret]);
            for form in FORMS {
                let text = format!("{before}{}{after}", form(&secret));
                prop_assert_eq!(secrets.mask(&text), format!("{before}***{after}"), "{}", text);
            }
        }

        #[test]
        fn a_form_field_is_masked(secret in "[a-c][a-c %+/]{4,9}[a-c]") {
            let text = form(&secret);
            prop_assert_eq!(secrets(&[&secret]).mask(&text), "***");
        }

        #[test]
        fn nothing_of_a_secret_is_left_in_base64(
            secret in secret(),
            is_json in any::<bool>(),
            before in collection::vec(any::<u8>(), 0..5),
            after in collection::vec(any::<u8>(), 0..5),
        ) {
            let inner = if is_json { json(&secret) } else { secret.clone() };
            let whole = [&before[..], inner.as_bytes(), &after].concat();
            let secrets = secrets(&[&secret]);
            for engine in [general_purpose::STANDARD, general_purpose::URL_SAFE_NO_PAD] {
                let text = engine.encode(&whole);
                let masked = secrets.mask(&text).into_owned();
                let (left, right) = masked.split_once("***").expect("it is masked");
                // What is left of either side are the characters that hold no bit of the secret.
                prop_assert!(left.len() * 6 <= before.len() * 8, "{} of {}", masked, text);
                let (all, right) = (text.trim_end_matches('=').len(), right.trim_end_matches('=').len());
                let last = ((before.len() + inner.len()) * 8).div_ceil(6);
                prop_assert!(right <= all - last, "{} of {}", masked, text);
            }
        }

        #[test]
        fn secrets_that_overlap_are_both_gone(a in "[a-b]{2,5}", b in "[a-b]{2,5}", text in "[a-c]{0,20}") {
            let masked = secrets(&[&a, &b]).mask(&text).into_owned();
            // Each character that belongs to any occurrence of a secret is masked, and no other.
            let mut hidden = vec![false; text.len()];
            for secret in [&a, &b] {
                for at in 0..text.len() {
                    if text[at..].starts_with(secret.as_str()) {
                        hidden[at..at + secret.len()].fill(true);
                    }
                }
            }
            let shown: String = text.chars().zip(&hidden).filter(|(_, hidden)| !**hidden).map(|(c, _)| c).collect();
            prop_assert_eq!(masked.replace("***", ""), shown);
        }

        #[test]
        fn text_without_secrets_stays(text in "[d-z\\\\%\"n0-9u{}]{0,40}") {
            prop_assert_eq!(secrets(&["abcabc"]).mask(&text), &*text);
        }
    }

    const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEpAIBAAKCAQEA\n+abc/defghijklmn\nlast0123==\n-----END RSA PRIVATE KEY-----";

    #[test]
    fn the_lines_of_a_key_are_masked_however_they_are_indented_and_end() {
        for secret in [PEM.to_owned(), PEM.replace('\n', "\\n"), PEM.replace('\n', " ")] {
            let secrets = secrets(&[&secret]);
            for end in ["\r\n", "\n    ", "\\n", " "] {
                let text = PEM.replace("-----\n", "-----\n ").replace('\n', end);
                let told = secrets.mask(&text).into_owned();
                assert!(!told.contains("MII") && !told.contains("abc") && !told.contains("last"), "{told}");
            }
            assert_eq!(secrets.mask("no +abc/defghijklmn"), "no ***");
            assert_eq!(secrets.mask("a RSA PRIVATE KEY, ENCRYPTED"), "a RSA PRIVATE KEY, ENCRYPTED");
        }
    }

    #[test]
    fn numbers_that_are_no_bytes_end_a_list() {
        let secrets = secrets(&["abcd"]);
        assert_eq!(secrets.mask("[1, 97, 98,99 , 97, 98, 99, 100, 2]"), "[1, 97, 98,99 , ***, 2]");
        for text in ["97, 98, 99, 1000", "1097, 98, 99, 100", "97, 98, x, 99, 100", "97, 98, 99,", ",,,97"] {
            assert_eq!(secrets.mask(text), text);
        }
    }

    /// Lists are read from each comma on that may be within one.
    #[test]
    fn a_long_text_takes_no_longer_than_its_length() {
        let secrets = secrets(&["abcd"]);
        for part in ["1, ", "97,", ",", "1,    \n", "%31,", "\\u0031, ", "1111,", "x,1"] {
            let text = part.repeat((1 << 19) / part.len());
            assert_eq!(secrets.mask(&text), text);
        }
    }

    #[test]
    fn secrets_that_touch_are_masked_one_by_one() {
        assert_eq!(secrets(&["abc", "def"]).mask("xabcdefx"), "x******x");
    }

    #[test]
    fn a_number_is_a_secret_as_a_whole_only() {
        let secrets = secrets(&["5432", "-1.5e+21", "text"]);
        assert!(secrets.hides_number("5432") && secrets.hides_number("-1.5e+21"));
        assert!(!secrets.hides_number("54321"));
        assert_eq!(secrets.mask("port 5432"), "port ***");
    }

    #[test]
    fn new_secrets_are_counted_once() {
        let (first, new) = Secrets::default().with([" stage ", "x", "a-long-secret", "stage"]).unwrap();
        assert_eq!(new, 2);
        assert!(first.with(["stage"]).is_none());
        assert_eq!(first.generation(), 1);
        assert_eq!(format!("{first:?}"), "Secrets(2)");
    }
}
