//! Character references of HTML, as far as they stand for what a token may be made of.
//!
//! Source: the HTML standard of WHATWG, "Numeric character reference state" and "Named character references".

/// Longer numbers are of no character, but for zeros in front.
const LONGEST_NUMBER: usize = 10;

/// The names of ASCII's punctuation; with several, all of them.
const NAMES: &[(&str, char)] = &[
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos", '\''),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("grave", '`'),
    ("DiacriticalGrave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("VerticalLine", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
];

/// The longest name, with its semicolon.
const LONGEST_NAME: usize = 17;

/// What follows an `&`: the character that it means, and how many bytes it takes.
pub(crate) fn reference(rest: &[u8]) -> Option<(char, usize)> {
    match rest.strip_prefix(b"#") {
        Some(number) => {
            let (base, digits, before) = match number {
                [b'x' | b'X', digits @ ..] => (16, digits, 2),
                digits => (10, digits, 1),
            };
            let is_digit = |byte: &&u8| char::from(**byte).is_digit(base);
            let length = digits.iter().take(LONGEST_NUMBER).take_while(is_digit).count();
            let number = u32::from_str_radix(str::from_utf8(&digits[..length]).ok()?, base).ok()?;
            // Browsers do without the semicolon.
            let end = usize::from(digits.get(length) == Some(&b';'));
            Some((char::from_u32(number)?, before + length + end))
        }
        None => {
            let end = memchr::memchr(b';', &rest[..rest.len().min(LONGEST_NAME)])?;
            let (_, meant) = NAMES.iter().find(|(name, _)| name.as_bytes() == &rest[..end])?;
            Some((*meant, end + 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_browsers_read_them() {
        for (text, meant) in [
            ("#x3D;a", Some(('=', 5))),
            ("#X3d;", Some(('=', 5))),
            ("#x2Fz", Some(('/', 4))),
            ("#43;", Some(('+', 4))),
            ("#0000043;", Some(('+', 9))),
            ("#43", Some(('+', 3))),
            ("sol;x", Some(('/', 4))),
            ("DiacriticalGrave;", Some(('`', 17))),
            ("#;", None),
            ("#x;", None),
            ("#xD800;", None),
            ("sol", None),
            ("eacute;", None),
            ("", None),
        ] {
            assert_eq!(reference(text.as_bytes()), meant, "{text}");
        }
        assert!(NAMES.iter().all(|(name, meant)| name.len() < LONGEST_NAME && meant.is_ascii_punctuation()));
    }

    /// `-` and `~` have none.
    #[test]
    fn all_punctuation_that_has_a_name_is_known() {
        let nameless: String = ('!'..='~')
            .filter(|c| c.is_ascii_punctuation() && !NAMES.iter().any(|(_, meant)| meant == c))
            .collect();
        assert_eq!(nameless, "-~");
    }
}
