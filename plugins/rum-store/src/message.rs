//! The message of an error without what differs each time that it occurs.

use crate::text::first_bytes;

/// How much of a message is read.
const MOST_BYTES: usize = 4096;
/// How much of the result is kept.
const MOST_KEPT: usize = 256;
/// How deep quotes and brackets are followed.
const MOST_DEPTH: usize = 16;
/// What stands for an id or a number.
const ID: &str = "#";
/// What stands for a text that was quoted or bracketed.
const QUOTED: &str = "…";

/// The message, in which UUIDs, numbers and hexadecimal ids are `#`, URLs `<url>`, and what was quoted or bracketed `…`.
///
/// It goes over the text once.
pub(crate) fn normalised(message: &str) -> String {
    let message = first_bytes(message, MOST_BYTES);
    let mut written = Written::default();
    let mut rest = message;
    let mut before = ' ';
    while let Some(next) = rest.chars().next() {
        let taken = match next {
            _ if next.is_whitespace() => written.blank(),
            _ if next.is_alphanumeric() => written.word(rest),
            _ => {
                let after = rest[next.len_utf8()..].chars().next().unwrap_or(' ');
                written.mark(next, before.is_alphanumeric(), after.is_alphanumeric())
            }
        };
        let (gone, left) = rest.split_at(taken.max(next.len_utf8()));
        before = gone.chars().next_back().unwrap_or(' ');
        rest = left;
    }
    first_bytes(written.text.trim(), MOST_KEPT).to_owned()
}

#[derive(Default)]
struct Written {
    text: String,
    /// What closes a quote or a bracket that is open, and where it stands in the text.
    open: Vec<(char, usize)>,
}

impl Written {
    fn blank(&mut self) -> usize {
        if !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        0
    }

    /// A word, number, id or URL at the beginning; its length.
    fn word(&mut self, rest: &str) -> usize {
        let length = rest.find(|next: char| !next.is_alphanumeric()).unwrap_or(rest.len());
        if rest[length..].starts_with("://") {
            self.text.push_str("<url>");
            return rest
                .find(|next: char| next.is_whitespace() || "\"'`<>)]}".contains(next))
                .unwrap_or(rest.len());
        }
        if let Some(length) = id(rest, length) {
            self.id();
            return length;
        }
        // Numbers within a word: `wayback42`, `v1.2`.
        for part in rest[..length].split_inclusive(|next: char| next.is_ascii_digit()) {
            let bare = part.trim_end_matches(|next: char| next.is_ascii_digit());
            self.text.push_str(bare);
            if bare.len() < part.len() {
                self.id();
            }
        }
        length
    }

    fn id(&mut self) {
        if !self.text.ends_with(ID) {
            self.text.push_str(ID);
        }
    }

    /// Something else: a quote or a bracket that closes takes away what it encloses.
    fn mark(&mut self, next: char, is_behind_word: bool, is_before_word: bool) -> usize {
        // An apostrophe stands within a word: it neither opens nor closes.
        let closes = |closer: char| closer == next && !(is_symmetric(next) && is_before_word);
        if let Some(at) = self.open.iter().rposition(|(closer, _)| closes(*closer)) {
            self.text.truncate(self.open[at].1);
            self.open.truncate(at);
            self.text.push_str(QUOTED);
            return 0;
        }
        if let Some(closer) = closer(next).filter(|_| !(is_symmetric(next) && is_behind_word))
            && self.open.len() < MOST_DEPTH
        {
            self.open.push((closer, self.text.len()));
        }
        // One number is also one with parts: `1,024.5`.
        let is_within_number = matches!(next, '.' | ',') && is_before_word && self.text.ends_with(ID);
        if !is_within_number {
            self.text.push(next);
        }
        0
    }
}

/// The length of a UUID, a hexadecimal number or id, or a number, at the beginning, whose first word is so long.
fn id(rest: &str, length: usize) -> Option<usize> {
    if is_uuid(rest) {
        return Some(36);
    }
    let word = &rest.as_bytes()[..length];
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_hex = |word: &[u8]| word.iter().all(u8::is_ascii_hexdigit);
    let is_prefixed = word.len() > 2 && word.starts_with(b"0x") && is_hex(&word[2..]);
    let is_id = digits > 0 && word.len() >= 8 && is_hex(word);
    (digits == length || is_prefixed || is_id).then_some(length)
}

/// Whether a UUID stands at the beginning.
pub(crate) fn is_uuid(text: &str) -> bool {
    let Some(uuid) = text.as_bytes().get(..36) else { return false };
    let is_right = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    uuid.iter().enumerate().all(is_right) && !text.as_bytes().get(36).is_some_and(u8::is_ascii_alphanumeric)
}

fn closer(opener: char) -> Option<char> {
    Some(match opener {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '“' => '”',
        '‘' => '’',
        '«' => '»',
        quote if is_symmetric(quote) => quote,
        _ => return None,
    })
}

fn is_symmetric(quote: char) -> bool {
    matches!(quote, '"' | '\'' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_each_time_is_taken_away() {
        for (message, expected) in [
            ("Cannot render entity wayback-42", "Cannot render entity wayback-#"),
            ("rejected promise 7", "rejected promise #"),
            ("took 1,024.5 ms, 3 times.", "took # ms, # times."),
            ("Failed with 503", "Failed with #"),
            ("task 5f0c2f0e-14bb-4f4e-8b0c-a6e5be6c0b6b failed", "task # failed"),
            ("at 0x1f, hash 0a1b2c3d4e, word decadeface", "at #, hash #, word decadeface"),
            ("GET https://h/api/catalog?x=1 answered 502", "GET <url> answered #"),
            ("see (https://h/a) or 'b'", "see … or …"),
            ("Cannot read properties of undefined (reading 'spec')", "Cannot read properties of undefined …"),
            ("Can't read 'a' of \"b's\"", "Can't read … of …"),
            ("unclosed 'quote of 3", "unclosed 'quote of #"),
            ("wrong } ] ) order", "wrong } ] ) order"),
            ("[a (b] c)", "… c)"),
            ("  blanks \n and\tlines ", "blanks and lines"),
            ("version v1.2 of item42abc", "version v# of item#abc"),
            ("ids 4711abcdef and 4711", "ids # and #"),
            ("", ""),
        ] {
            assert_eq!(normalised(message), expected, "{message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_message_is_normalised_within_bounds(message in r#"(['"`(){}\[\]“”]|://|0x|[0-9a-f]{1,9}|-|[^\n]|é| ){0,60}"#) {
            let first = normalised(&message);
            proptest::prop_assert!(first.len() <= MOST_KEPT);
            proptest::prop_assert!(!first.bytes().any(|byte| byte.is_ascii_digit()), "{first}");
        }

        #[test]
        fn numbers_and_ids_make_no_difference(id in r"[0-9]{1,20}|[0-9][0-9a-f]{7,40}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}") {
            proptest::prop_assert_eq!(normalised(&format!("No entity {id} here")), "No entity # here");
        }
    }

    #[test]
    fn a_long_message_takes_no_longer_than_its_length() {
        for part in ["(", "'a ", "[(", "a-", "0x", "1,"] {
            assert!(normalised(&part.repeat(1 << 20)).len() <= MOST_KEPT, "{part}");
        }
    }
}
