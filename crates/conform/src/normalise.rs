//! What changes by nature, replaced by a name for its kind. Each rule has a name, which the report tells where it applied.
//!
//! Only whole, well-formed values are replaced: a log id that is one digit short still differs. What both sides say alike is
//! never looked at here.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::{Captures, Regex};

use crate::origin_names::OriginNames;

/// A rule, and what it is about: the table of `docs/conform.md`.
pub const NORMALISERS: &[(&str, &str)] = &[
    ("date", "`Date`, `Expires`, and the time at which a cookie ends: any well-formed HTTP date"),
    ("last-modified", "`Last-Modified`: any well-formed HTTP date"),
    ("rate-limit", "how much of a rate limit is left, and when it begins anew: any number"),
    ("retry-after", "`Retry-After`: any number"),
    ("log-id", "`logId=` and 20 hexadecimal digits, in a text"),
    ("request-id", "`X-Request-Id`, `Traceresponse`, `Server-Timing`: any value; `requestId` of JSON"),
    ("stack", "`stack` of JSON: any text"),
    ("uuid", "UUIDs, in a text"),
    ("time", "RFC 3339 times, in a text"),
    ("jwt", "tokens, in a text"),
    ("jwk", "`kid`, `x`, `y` and `n` of a key in `keys`, and how many keys of one kind there are"),
    ("cookie-value", "the value of a cookie; its name and its attributes are compared"),
    ("oauth-state", "`state`, `nonce`, `code_challenge` in the query of `Location`"),
    ("port-and-host", "where each side is, in a text: its URL, its host and port, its host"),
    ("asset-hash", "the hash in the name of a file, as in `main.0a1b2c3d.js`"),
    ("etag-of-file", "the time in an `ETag` that is made of a file's size and time"),
    (
        "etag-of-changing-body",
        "`ETag`, `Content-Length`, `Content-Range` of a body that holds one of these, or that differs",
    ),
    ("compressed-length", "`Content-Length` of a body that is compressed"),
    ("file-of-another-build", "the content of a file whose name has another hash"),
];

/// Which rules were needed.
pub(crate) type Applied = BTreeSet<&'static str>;

/// What is known of a body when its headers are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// It holds what changes by nature, or differs: what describes it tells nothing.
    pub varies: bool,
    /// Both sides sent it compressed.
    pub is_compressed: bool,
}

/// So often a text is gone through.
const PASSES: usize = 8;

/// The rules, for one side.
#[derive(Clone, Debug)]
pub(crate) struct Normaliser {
    names: OriginNames,
}

type Rule = (&'static str, Regex, &'static str);

fn rules(table: &[(&'static str, &str, &'static str)]) -> Vec<Rule> {
    let rule = |&(name, pattern, with): &(&'static str, &str, &'static str)| {
        (name, Regex::new(pattern).expect("a valid pattern"), with)
    };
    table.iter().map(rule).collect()
}

static TEXT: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    rules(&[
        ("jwt", r"\bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "<jwt>"),
        ("log-id", r"logId=[0-9a-f]{20}\b", "logId=<id>"),
        ("uuid", r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        ("time", r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", "<time>"),
        (
            "asset-hash",
            r"([./])[0-9a-f]{8,32}((?:\.chunk)?\.(?:m?js|css|map|json|woff2?|ttf|png|svg|jpe?g|gif|ico|webp|txt))\b",
            "$1<hash>$2",
        ),
    ])
});

static HTTP_DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\b").expect("a valid pattern")
});

static FILE_ETAG: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    rules(&[("etag-of-file", r#"^((?:W/)?"[0-9a-f]+)-[0-9a-f]{10,12}(?:\.[0-9]+)?"$"#, "$1-<time>\"")])
});

static OAUTH: LazyLock<Vec<Rule>> =
    LazyLock::new(|| rules(&[("oauth-state", r"\b(state|nonce|code_challenge)=[^&<\s]+", "$1=<$1>")]));

static RATE: LazyLock<Vec<Rule>> =
    LazyLock::new(|| rules(&[("rate-limit", r"\b(remaining|reset|r|t)=\d+\b", "$1=<number>")]));

impl Normaliser {
    /// For the side that has these names.
    pub(crate) fn new(names: OriginNames) -> Self {
        Self { names }
    }

    /// Any text.
    pub(crate) fn text(&self, text: &str, applied: &mut Applied) -> String {
        let mut text = text.to_owned();
        // What stands right behind another value is seen once that has gone.
        for _ in 0..PASSES {
            let replaced = self.names.replaced(&text);
            if replaced != text {
                applied.insert("port-and-host");
            }
            let replaced = run(&TEXT, replaced, applied);
            if replaced == text {
                break;
            }
            text = replaced;
        }
        text
    }

    /// The text of a member of JSON.
    pub(crate) fn member(&self, key: &str, text: &str, applied: &mut Applied) -> String {
        match key {
            "stack" => named("stack", "<stack>", applied),
            "requestId" => named("request-id", "<id>", applied),
            _ => self.text(text, applied),
        }
    }

    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str, value: &str, facts: Facts, applied: &mut Applied) -> String {
        let is_number = || !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        match name {
            "date" | "expires" => dated("date", value, applied),
            "last-modified" => dated("last-modified", value, applied),
            "retry-after" if is_number() => named("retry-after", "<number>", applied),
            "x-ratelimit-reset" | "x-ratelimit-remaining" | "ratelimit-reset" | "ratelimit-remaining"
                if is_number() =>
            {
                named("rate-limit", "<number>", applied)
            }
            "ratelimit" => run(&RATE, value.to_owned(), applied),
            "x-request-id" | "traceresponse" | "server-timing" => named("request-id", "<id>", applied),
            "etag" | "content-length" | "content-range" if facts.varies => {
                named("etag-of-changing-body", "<of the body>", applied)
            }
            "content-length" if facts.is_compressed => named("compressed-length", "<of the body>", applied),
            "etag" => run(&FILE_ETAG, value.to_owned(), applied),
            // Each line is a cookie.
            "set-cookie" => {
                value.split('\n').map(|one| self.cookie(one, applied)).collect::<Vec<_>>().join("\n")
            }
            "location" => run(&OAUTH, self.text(value, applied), applied),
            _ => self.text(value, applied),
        }
    }

    fn cookie(&self, value: &str, applied: &mut Applied) -> String {
        let (pair, attributes) = value.split_once(';').map_or((value, None), |(a, b)| (a, Some(b)));
        // An empty value takes a cookie away. One without a name is nothing but a value.
        let pair = match pair.split_once('=') {
            Some((_, "")) => pair.to_owned(),
            None if pair.is_empty() => String::new(),
            None => named("cookie-value", "<value>", applied),
            Some((name, _)) => format!("{name}={}", named("cookie-value", "<value>", applied)),
        };
        let attributes = attributes.map(|attributes| {
            let attributes = dated("date", attributes, applied);
            format!(";{}", self.text(&attributes, applied))
        });
        pair + &attributes.unwrap_or_default()
    }
}

fn named(rule: &'static str, with: &str, applied: &mut Applied) -> String {
    applied.insert(rule);
    with.to_owned()
}

fn dated(rule: &'static str, value: &str, applied: &mut Applied) -> String {
    let replaced = HTTP_DATE.replace_all(value, "<http-date>").into_owned();
    if replaced != value {
        applied.insert(rule);
    }
    replaced
}

fn run(rules: &[Rule], text: String, applied: &mut Applied) -> String {
    rules.iter().fold(text, |text, (name, pattern, with)| {
        let mut hit = false;
        let replaced = pattern.replace_all(&text, |captures: &Captures<'_>| {
            hit = true;
            let mut out = String::new();
            captures.expand(with, &mut out);
            out
        });
        if hit {
            applied.insert(name);
        }
        replaced.into_owned()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::side::Origin;

    fn normaliser() -> Normaliser {
        Normaliser::new(OriginNames::of(&Origin::parse("http://localhost:7007/base").unwrap()))
    }

    fn header(name: &str, value: &str) -> (String, Vec<&'static str>) {
        let mut applied = Applied::new();
        let text = normaliser().header(name, value, Facts::default(), &mut applied);
        (text, applied.into_iter().collect())
    }

    #[test]
    fn every_rule_is_in_the_table_of_the_page_and_the_page_has_no_other() {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conform.md");
        let page = std::fs::read_to_string(page).unwrap();
        let table: String =
            NORMALISERS.iter().map(|(name, what)| format!("| `{name}` | {what} |\n")).collect();
        assert!(page.contains(&table), "docs/conform.md is to hold this table:\n{table}");
    }

    #[test]
    fn only_well_formed_values_are_replaced() {
        for (name, value, normalised, rule) in [
            ("date", "Mon, 30 Nov 2026 18:20:38 GMT", "<http-date>", "date"),
            ("retry-after", "12", "<number>", "retry-after"),
            ("etag", r#"W/"1f4-19d0f3a1b2c""#, r#"W/"1f4-<time>""#, "etag-of-file"),
            ("set-cookie", "s=abc; Path=/; HttpOnly", "s=<value>; Path=/; HttpOnly", "cookie-value"),
            (
                "set-cookie",
                "a=b; Path=/\nc=d; Path=/",
                "a=<value>; Path=/\nc=<value>; Path=/",
                "cookie-value",
            ),
            ("set-cookie", "abc; Path=/", "<value>; Path=/", "cookie-value"),
            ("location", "https://idp/a?state=abc&x=1", "https://idp/a?state=<state>&x=1", "oauth-state"),
            ("link", "/static/main.0a1b2c3d.js", "/static/main.<hash>.js", "asset-hash"),
            ("location", "http://localhost:7007/base/x", "<origin>/x", "port-and-host"),
            (
                "ratelimit",
                "limit=5, remaining=3, reset=9",
                "limit=5, remaining=<number>, reset=<number>",
                "rate-limit",
            ),
        ] {
            assert_eq!(header(name, value), (normalised.to_owned(), vec![rule]), "{name}");
        }
        for (name, value) in [
            ("date", "yesterday"),
            ("retry-after", "soon"),
            ("etag", r#"W/"1f4-abcdefghijklmnopqrstuvwxyz0""#),
            ("x-text", "logId=0123456789abcdef012"),
            ("set-cookie", "s=; Path=/"),
        ] {
            assert_eq!(header(name, value), (value.to_owned(), vec![]), "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_normalised_once_stays_as_it_is(
            name in prop::sample::select(vec!["x", "date", "etag", "location", "set-cookie", "ratelimit", "retry-after"]),
            parts in prop::collection::vec(prop_oneof![
                "[ -~]{0,12}",
                Just("logId=0123456789abcdef0123".to_owned()),
                Just("eyJhbGciOiJFUzI1.eyJ.abc".to_owned()),
                Just("123e4567-e89b-12d3-a456-426614174000".to_owned()),
                Just("2026-11-30T18:20:38.123Z".to_owned()),
                Just("main.0a1b2c3d.js".to_owned()),
                Just("http://localhost:7007".to_owned()),
                Just("localhost".to_owned()),
                Just("?state=abc".to_owned()),
                Just("Mon, 30 Nov 2026 18:20:38 GMT".to_owned()),
            ], 0..6),
            varies: bool,
        ) {
            let facts = Facts { varies, is_compressed: false };
            let normaliser = normaliser();
            let once = normaliser.header(name, &parts.concat(), facts, &mut Applied::new());
            let twice = normaliser.header(name, &once, facts, &mut Applied::new());
            prop_assert_eq!(&once, &twice);
            let text = normaliser.text(&parts.concat(), &mut Applied::new());
            prop_assert_eq!(&text, &normaliser.text(&text, &mut Applied::new()));
        }
    }
}
