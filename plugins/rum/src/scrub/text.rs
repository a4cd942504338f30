//! What is personal or secret in a text: where it stands.
//!
//! The values of a URL's parameters, but for those that may be told; e-mail addresses; what follows the name of a secret;
//! tokens that can be told by their form. `init/mask/` has the same rules for the browser, function by function, and a test has
//! both mask the same texts.

use std::{borrow::Cow, collections::BTreeSet, ops::Range, sync::LazyLock};

use greenroom_redact as redact;
use percent_encoding::percent_decode_str;
use regex::Regex;

use super::{named::named, steps::seen};

/// Parameters whose values say what kind of page it is, and nothing of who looks at it.
const HARMLESS: [&str; 9] = [
    "filters[kind]",
    "filters[type]",
    "limit",
    "offset",
    "orderBy",
    "orderDirection",
    "page",
    "pageSize",
    "view",
];

/// Which parameters of URLs keep their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameters(BTreeSet<String>);

impl Parameters {
    /// Those that are known to be harmless, and `more`.
    pub(crate) fn with(more: impl IntoIterator<Item = String>) -> Self {
        Self(HARMLESS.into_iter().map(str::to_owned).chain(more).collect())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn keep(&self, name: &str) -> bool {
        let decoded = match name.contains('%') {
            true => percent_decode_str(name).decode_utf8_lossy(),
            false => Cow::Borrowed(name),
        };
        self.0.contains(&*decoded)
    }
}

static TOKENS: LazyLock<[Regex; 7]> = LazyLock::new(|| {
    [
        r"(?i-u:bearer)\s{1,3}[A-Za-z0-9._~+/=\-]{8,}",
        r"(?i-u:basic)\s{1,3}[A-Za-z0-9+/=]{16,}",
        r"eyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*){1,4}",
        r"gh[a-z]_[A-Za-z0-9]{16,}",
        r"github_pat_[A-Za-z0-9_]{16,}",
        r"glpat-[A-Za-z0-9_\-]{16,}",
        r"xox[a-z]-[A-Za-z0-9\-]{10,}",
    ]
    .map(compiled)
});

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("the patterns are fixed: {error}"))
}

/// Where a text holds what is personal or secret: ranges of bytes, in order, without what is masked already.
pub(crate) fn findings(text: &str, kept: &Parameters) -> Vec<Range<usize>> {
    let mut found = queries(text, kept);
    found.extend(redact::credentials_in(text));
    found.extend(emails(text));
    found.extend(TOKENS.iter().flat_map(|pattern| pattern.find_iter(text)).map(|token| token.range()));
    found.extend(named(text));
    union(found).into_iter().filter(|range| !text[range.clone()].trim_matches('*').is_empty()).collect()
}

/// The text with `***` in place of what is found.
#[cfg(test)]
pub(crate) fn scrubbed(text: &str, kept: &Parameters) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for range in findings(text, kept) {
        out.push_str(&text[at..range.start]);
        out.push_str(redact::MASK);
        at = range.end;
    }
    out + &text[at..]
}

/// The sign of an address, however often it is percent-encoded: a URL may stand in a URL that stands in another.
static AT: LazyLock<Regex> = LazyLock::new(|| compiled("@|%(?:25)*40"));

/// E-mail addresses.
fn emails(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_of_domain = |c: char| seen(c).is_ascii_alphanumeric() || c == '-' || !c.is_ascii();
    let is_of_local = move |c: char| is_of_domain(c) || "_.%+".contains(c);
    AT.find_iter(text).filter_map(move |sign| {
        let behind = &text[sign.end()..];
        let domain = behind.chars().take(LONGEST_DOMAIN).take_while(|c| is_of_domain(*c) || *c == '.');
        let domain = behind[..domain.map(char::len_utf8).sum()].trim_end_matches(['.', '-']);
        let (host, top) = domain.rsplit_once('.')?;
        let is_top = top.chars().count() > 1 && top.chars().all(|c| c.is_ascii_alphabetic() || !c.is_ascii());
        let local = text[..sign.start()].chars().rev().take(LONGEST_NAME).take_while(|c| is_of_local(*c));
        let local: usize = local.map(char::len_utf8).sum();
        (is_top && !host.is_empty() && local > 0).then(|| sign.start() - local..sign.end() + domain.len())
    })
}

/// How far the name in an address reaches that is looked at.
const LONGEST_NAME: usize = 64;
/// How far a domain does.
const LONGEST_DOMAIN: usize = 255;

/// Values of parameters, wherever a URL or a part of one stands.
fn queries(text: &str, kept: &Parameters) -> Vec<Range<usize>> {
    // What a browser encodes in a query, or JSON and HTML put around a URL. It encodes no backtick.
    let ends = |c: char| seen(c).is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>');
    let (mut found, mut at) = (vec![], 0);
    for word in text.split_inclusive(ends) {
        let parameters = parameters(word.trim_end_matches(ends), kept).into_iter();
        found.extend(parameters.map(|value| at + value.start..at + value.end));
        at += word.len();
    }
    found
}

fn parameters(word: &str, kept: &Parameters) -> Vec<Range<usize>> {
    let mut found = vec![];
    let mut mark = word.find(|c| matches!(seen(c), '?' | '#'));
    // In ``Why?`/x?a` `` the URL begins behind the first mark.
    let (mut is_url, mut looked_at, mut anchors) = (false, 0, 0);
    while let Some(at) = mark {
        is_url = is_url || word[looked_at..at].contains(|c| seen(c) == '/');
        looked_at = at;
        let is_anchor = word.as_bytes()[at] == b'#';
        let start = at + 1;
        let end = word[start..].find(|c| matches!(seen(c), '?' | '&' | '#'));
        let end = end.map_or(word.len(), |length| start + length);
        let part = &word[start..end];
        match part.split_once(|c| seen(c) == '=') {
            // `#main[title=x]` is no URL, and means an element.
            Some((name, value))
                if !value.is_empty() && (!is_anchor || is_url || is_plain(name)) && !kept.keep(name) =>
            {
                found.push(end - value.len()..end);
            }
            None if is_url && !part.is_empty() && !kept.keep(part) && (!is_anchor || anchors > 0) => {
                found.push(start..end);
            }
            _ => {}
        }
        anchors += usize::from(is_anchor);
        mark = (end < word.len()).then_some(end);
    }
    found
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// In order, and without overlaps.
fn union(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut out: Vec<Range<usize>> = vec![];
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> String {
        scrubbed(text, &Parameters::with(["tab".to_owned()]))
    }

    #[test]
    fn what_is_personal_or_secret_is_masked_and_nothing_else_is() {
        for (text, expected) in [
            ("https://a/x?code=1&tab=2&limit=20&q=me#top", "https://a/x?code=***&tab=2&limit=20&q=***#top"),
            (
                "/catalog?filters%5Bkind%5D=component&filters[user]=jane",
                "/catalog?filters%5Bkind%5D=component&filters[user]=***",
            ),
            ("https://a/x#id_token=abc&state=1", "https://a/x#id_token=***&state=***"),
            ("https://a/x#/route?id=1", "https://a/x#/route?id=***"),
            ("https://a/x?bare", "https://a/x?***"),
            ("?x=1", "?x=***"),
            ("issue#`https://a/x?bare`", "issue#`https://a/x?***"),
            ("Why?`/x?bare` c", "Why?`/x?*** c"),
            ("GET https://a/x?y=1 failed", "GET https://a/x?y=*** failed"),
            ("https://me:pw@a/x", "https://***@a/x"),
            ("https://a/x?q=`b", "https://a/x?q=***"),
            ("?q=a`b&type=`c`d e`f", "?q=***&type=*** e`f"),
            ("/x#code=a`b", "/x#code=***"),
            ("/x;token=abc/y z", "/x;token=*** z"),
            ("Hello jane.doe+x@example.co.uk!", "Hello ***!"),
            ("/users/jane%40example.com/x", "/users/***/x"),
            ("/users/jane%2540example.com/x", "/users/***/x"),
            ("/users/jane.doe%252540example.com", "/users/***"),
            ("a discount of %2540 off", "a discount of %2540 off"),
            ("m\u{fc}ller@m\u{fc}ller.de", "***"),
            ("password: hunter2, next", "password: ***, next"),
            ("{\"apiKey\":\"abc\"}", "{\"apiKey\":\"***\"}"),
            ("Authorization: Bearer abcdefghij", "Authorization: ***"),
            ("with Bearer abcdefghij", "with ***"),
            ("got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "got ***"),
            ("ghp_0123456789abcdef01", "***"),
            ("tab=1 token=***", "tab=1 token=***"),
            ("What? Yes! #1 AT&T=good", "What? Yes! #1 AT&T=good"),
            ("DIV#root:nth-child(1);BUTTON#a[title=x]", "DIV#root:nth-child(1);BUTTON#a[title=x]"),
            ("at f @ https://a/static/main.js:1:509", "at f @ https://a/static/main.js:1:509"),
            ("lodash@4.17.21 @backstage/core-plugin-api", "lodash@4.17.21 @backstage/core-plugin-api"),
            (
                "sdk_version:7.16.2,env:local,service:backstage,version:1.2.3",
                "sdk_version:7.16.2,env:local,service:backstage,version:1.2.3",
            ),
            ("Unexpected token < in JSON", "Unexpected token < in JSON"),
            ("", ""),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_canary_is_never_told(
            before in "[a-z /:?&=#.]{0,10}",
            carried in prop_oneof![
                Just("https://a/b?x=hunter2"),
                Just("https://a/b?tab=1&y%5B%5D=hunter2&z"),
                Just("/b#code=hunter2"),
                Just("/b?hunter2"),
                Just("/b?x=a`hunter2&y=`c`hunter2"),
                Just("Why?`/b?hunter2`"),
                Just("userPassword={SSHA}hunter2"),
                Just("password: a`hunter2"),
                Just("Cookie: 'a'; b=hunter2"),
                Just("Authorization: Token hunter2"),
                Just("hunter2@example.com"),
                Just("a.hunter2%40example.com"),
                Just("a.hunter2%2540example.com"),
                Just("//me:hunter2@host/"),
                Just("clientSecret = hunter2"),
                Just("\"x-api-key\": \"hunter2\""),
                Just("Bearer hunter2hunter2"),
                Just("eyJhbGciOiJIUzI1NiJ9.hunter2.x"),
            ],
            after in "( \\PC{0,10})?",
        ) {
            let text = format!("{before} {carried}{after}");
            prop_assert!(!told(&text).contains("hunter2"), "{}", told(&text));
        }

        #[test]
        fn findings_of_any_text_are_in_order_and_between_characters(
            text in "\\PC{0,40}|([a-c?&#=@:/%. ;]|token|%40|eyJ|bearer |\u{e9}){0,24}",
        ) {
            let mut end = 0;
            for found in findings(&text, &Parameters::with([])) {
                prop_assert!(found.start >= end && text.get(found.clone()).is_some_and(|part| !part.is_empty()));
                end = found.end;
            }
        }
    }
}
