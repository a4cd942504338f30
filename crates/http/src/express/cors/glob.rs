//! Patterns of origins, as Backstage matches them: `minimatch` without case and without `**`.
//!
//! No crate of globs does: a leading star must not take a dot, slashes in a row are one, `#` begins a comment, `!` negates,
//! and `[::1]` is an address. The recorded answers in the tests below hold each of them.

/// More alternatives than anybody means.
const MAX_ALTERNATIVES: usize = 1000;

/// `https://*.example.com`, `http://localhost:{3000,7007}`, `!https://a.example`.
///
/// A star stands for anything but slashes, and not for a dot at the start of a part. Slashes in a row are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    negated: bool,
    /// Each a list of parts between slashes.
    alternatives: Vec<Vec<Vec<Token>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Any,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    /// The error says what of `minimatch` is not understood.
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.starts_with('#') {
            // A comment: it matches nothing.
            return Ok(Self { negated: false, alternatives: vec![] });
        }
        let bare = pattern.trim_start_matches('!');
        let negated = (pattern.len() - bare.len()) % 2 == 1;
        let refused = |what: &str| Err(format!("Invalid origin '{pattern}': {what} are not understood"));
        let extended = ["@(", "+(", "*(", "?(", "!("].iter().any(|start| bare.contains(start));
        if extended {
            return refused("extended globs");
        }
        let named = |at: usize| {
            let name = bare[at + 2..].trim_start_matches(|c: char| c.is_ascii_alphabetic());
            name.len() < bare.len() - at - 2 && name.starts_with(":]")
        };
        if bare.match_indices("[:").any(|(at, _)| named(at)) {
            return refused("character classes by name");
        }
        let Some(texts) = expand(bare) else { return refused("ranges and so many alternatives") };
        // Of braces, nothing at all is no alternative.
        let texts: Vec<_> = texts.into_iter().filter(|text| !text.is_empty() || bare.is_empty()).collect();
        let parts = |text: &String| split(text).into_iter().map(tokens).collect();
        Ok(Self { negated, alternatives: texts.iter().map(parts).collect() })
    }

    /// `*` or `**`.
    pub(crate) fn is_stars(&self) -> bool {
        !self.negated && self.alternatives == [[[Token::Any]]]
    }

    pub(crate) fn matches(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        let parts: Vec<Vec<char>> = split(&origin).into_iter().map(|part| part.chars().collect()).collect();
        let found = self.alternatives.iter().any(|wanted| {
            // A slash at the end of what is matched does no harm.
            let surplus = parts.len() == wanted.len() + 1 && parts.last().is_some_and(Vec::is_empty);
            (parts.len() == wanted.len() || (surplus && !wanted.is_empty()))
                && wanted.iter().zip(&parts).all(|(tokens, part)| part_matches(tokens, part))
        });
        found != self.negated
    }
}

fn split(text: &str) -> Vec<&str> {
    let mut parts: Vec<_> = text.split('/').collect();
    let last = parts.len() - 1;
    let mut at = 0;
    parts.retain(|part| {
        at += 1;
        !part.is_empty() || at == 1 || at - 1 == last
    });
    parts
}

/// The texts that braces stand for; `None` for ranges, and for more than anybody means.
fn expand(text: &str) -> Option<Vec<String>> {
    let Some((start, end, alternatives)) = group(text)? else { return Some(vec![text.to_owned()]) };
    let tails = expand(&text[end + 1..])?;
    let mut texts = vec![];
    for alternative in alternatives {
        for inner in expand(alternative)? {
            for tail in &tails {
                texts.push(format!("{}{inner}{tail}", &text[..start]));
            }
        }
        if texts.len() > MAX_ALTERNATIVES {
            return None;
        }
    }
    Some(texts)
}

/// The first `{a,b}`: its braces and what stands between the commas. The outer `None` is a range.
fn group(text: &str) -> Option<Option<(usize, usize, Vec<&str>)>> {
    for (start, _) in text.match_indices('{') {
        let (mut depth, mut commas) = (0, vec![start]);
        let end = text[start..].char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => commas.push(start + at),
                _ => {}
            }
            (depth == 0).then_some(start + at)
        });
        let Some(end) = end else { continue };
        if commas.len() > 1 {
            commas.push(end);
            let between = commas.windows(2).map(|pair| &text[pair[0] + 1..pair[1]]);
            return Some(Some((start, end, between.collect())));
        }
        if text[start..end].contains("..") {
            return None;
        }
    }
    Some(None)
}

fn tokens(part: &str) -> Vec<Token> {
    let chars: Vec<char> = part.to_ascii_lowercase().chars().collect();
    let (mut tokens, mut at) = (vec![], 0);
    while let Some(c) = chars.get(at) {
        if let Some(length) = address(&chars[at..]) {
            tokens.extend(chars[at..at + length].iter().copied().map(Token::Literal));
            at += length;
            continue;
        }
        let (token, length) = match c {
            '*' => (Token::Any, 1),
            '?' => (Token::One, 1),
            '[' => class(&chars[at..]).unwrap_or((Token::Literal('['), 1)),
            '\\' if at + 1 < chars.len() => (Token::Literal(chars[at + 1]), 2),
            c => (Token::Literal(*c), 1),
        };
        if token != Token::Any || tokens.last() != Some(&Token::Any) {
            tokens.push(token);
        }
        at += length;
    }
    tokens
}

/// How many characters `[::1]` has: as a set of characters no origin could match it.
fn address(chars: &[char]) -> Option<usize> {
    let inside = chars.strip_prefix(&['['])?;
    let end = inside.iter().position(|c| *c == ']')?;
    let text: String = inside[..end].iter().collect();
    text.parse::<std::net::Ipv6Addr>().ok().map(|_| end + 2)
}

/// `[a-z]`, `[!a]`, `[^a]`, and how many characters it has; `None` if it does not end.
fn class(chars: &[char]) -> Option<(Token, usize)> {
    let negated = matches!(chars.get(1), Some('!' | '^'));
    let start = if negated { 2 } else { 1 };
    // A bracket right at the start is one of the characters.
    let end = start + 1 + chars.get(start + 1..)?.iter().position(|c| *c == ']')?;
    let (inside, mut ranges, mut at) = (&chars[start..end], vec![], 0);
    while let Some(first) = inside.get(at) {
        match (inside.get(at + 1), inside.get(at + 2)) {
            (Some('-'), Some(last)) => {
                ranges.push((*first, *last));
                at += 3;
            }
            _ => {
                ranges.push((*first, *first));
                at += 1;
            }
        }
    }
    Some((Token::Class { negated, ranges }, end + 1))
}

fn part_matches(tokens: &[Token], part: &[char]) -> bool {
    let magic = tokens.first().is_some_and(|token| !matches!(token, Token::Literal(_)));
    if magic && part.first().is_none_or(|first| *first == '.') {
        return false;
    }
    // Where the last star was met, in the tokens and in the text: the only place worth going back to.
    let (mut token, mut at, mut star) = (0, 0, None);
    while at < part.len() {
        match tokens.get(token) {
            Some(Token::Any) => {
                star = Some((token, at));
                token += 1;
            }
            Some(one) if one.takes(part[at]) => (token, at) = (token + 1, at + 1),
            _ => match star {
                Some((starred, from)) => {
                    star = Some((starred, from + 1));
                    (token, at) = (starred + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(|token| *token == Token::Any)
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == c,
            Self::One | Self::Any => true,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&c)) != *negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_match_as_minimatch_says() {
        const ORIGINS: [&str; 14] = [
            "",
            "null",
            "https://a.example.com",
            "https://a.b.example.com",
            "https://example.com",
            "http://example.com:8080",
            "HTTPS://A.EXAMPLE.COM",
            "https://.example.com",
            "https://xaexample.com",
            "https://a.example.com/",
            "https://1.example.com",
            "#x",
            "!x",
            "https://ab.example.com",
        ];
        // What `minimatch` 9 answers with `nocase` and `noglobstar`, as indices of the above.
        let answers: [(&str, &[usize]); 30] = [
            ("*", &[1, 11, 12]),
            ("**", &[1, 11, 12]),
            ("https://*.example.com", &[2, 3, 6, 9, 10, 13]),
            ("https://**.example.com", &[2, 3, 6, 9, 10, 13]),
            ("https://{a,b}.example.com", &[2, 6, 9]),
            ("https://?.example.com", &[2, 6, 9, 10]),
            ("http://example.com:*", &[5]),
            ("!https://a.example.com", &[0, 1, 3, 4, 5, 7, 8, 10, 11, 12, 13]),
            ("!!https://a.example.com", &[2, 6, 9]),
            ("#x", &[]),
            ("https://[a-c].example.com", &[2, 6, 9]),
            ("https://[!a].example.com", &[10]),
            ("https://[^a].example.com", &[10]),
            ("https://a.example.com", &[2, 6, 9]),
            ("https://a.example.com/", &[9]),
            ("*://*.example.com", &[2, 3, 6, 9, 10, 13]),
            ("**/a.example.com", &[2, 6, 9]),
            ("https:/a.example.com", &[2, 6, 9]),
            ("https://*", &[2, 3, 4, 6, 8, 9, 10, 13]),
            ("http*://**", &[2, 3, 4, 5, 6, 8, 9, 10, 13]),
            ("https://a*.example.com", &[2, 3, 6, 9, 13]),
            ("https://{a.example.com,example.com}", &[2, 4, 6, 9]),
            ("https://\\*.example.com", &[]),
            ("https://a?.example.com", &[13]),
            ("{,https://a.example.com}", &[2, 6, 9]),
            ("", &[0]),
            ("https://{a}.example.com", &[]),
            ("https://*b.example.com", &[3, 13]),
            ("/https://a.example.com", &[]),
            ("https://[a.example.com", &[]),
        ];
        for (pattern, expected) in answers {
            let glob = Glob::parse(pattern).unwrap();
            let matched: Vec<_> = (0..ORIGINS.len()).filter(|at| glob.matches(ORIGINS[*at])).collect();
            assert_eq!(matched, expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood_of_globs_is_refused() {
        let many = "{a,b}".repeat(12);
        for pattern in ["https://+(a|b)", "https://[[:alpha:]]", "http://localhost:{3000..3010}", &*many] {
            assert!(Glob::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn an_ipv6_address_in_brackets_is_meant_as_it_is_written() {
        for pattern in ["http://[::1]:7007", "http://\\[::1\\]:7007", "http://[::{1,2}]:*"] {
            let glob = Glob::parse(pattern).unwrap();
            assert!(glob.matches("http://[::1]:7007"), "{pattern}");
            assert!(!glob.matches("http://1:7007"), "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_pattern_meets_any_origin(pattern in "[a*?\\[\\]{},.!/\\\\-]{0,16}", origin in "\\PC{0,16}") {
            if let Ok(glob) = Glob::parse(&pattern) {
                glob.matches(&origin);
            }
        }

        #[test]
        fn an_origin_matches_itself(origin in "https?://[a-z0-9.-]{1,12}(:[0-9]{1,4})?") {
            proptest::prop_assert!(Glob::parse(&origin).unwrap().matches(&origin));
        }
    }
}
