//! What changes from one run to the next by nature, replaced by a name for its kind.
//!
//! Only whole, well-formed values are masked: a log id that is one digit short still differs.

use std::sync::LazyLock;

use regress::Regex;

/// A text with its changing parts named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked {
    /// The text after replacement.
    pub text: String,
    /// Something was replaced, so that the length and hash of the original tell nothing.
    pub varies: bool,
}

/// Masks a body or any other free text.
pub fn text(text: &str) -> Masked {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        rules(&[
            (r#""stack":"#, r#""stack":\s*"(\\.|[^"\\])*""#, r#""stack":"<stack>""#),
            ("logId=", r"logId=[0-9a-f]{20}\b", "logId=<id>"),
            ("-", r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
            ("ey", r"\bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "<jwt>"),
            ("T", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "<time>"),
            ("localhost:", r"\blocalhost:\d+\b", "localhost:<port>"),
        ])
    });
    apply(&RULES, text)
}

/// Masks the value of a header, by its lower-case name.
pub fn header(name: &str, value: &str) -> String {
    static DATE: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        rules(&[(":", r"^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$", "<http-date>")])
    });
    static NUMBER: LazyLock<Vec<Rule>> = LazyLock::new(|| rules(&[("", r"^\d+$", "<number>")]));
    match name {
        "date" | "last-modified" => apply(&DATE, value).text,
        "x-ratelimit-reset" | "retry-after" => apply(&NUMBER, value).text,
        _ => text(value).text,
    }
}

/// What is replaced with what.
pub(crate) struct Rule {
    /// Part of whatever the pattern matches: looking for it first is what makes masking quick.
    part: &'static str,
    pattern: Regex,
    name: &'static str,
}

/// Rules from a table of parts, patterns and names.
pub(crate) fn rules(table: &[(&'static str, &str, &'static str)]) -> Vec<Rule> {
    let rule = |&(part, pattern, name): &(&'static str, &str, &'static str)| {
        let pattern = Regex::new(pattern).expect("a valid pattern");
        Rule { part, pattern, name }
    };
    table.iter().map(rule).collect()
}

pub(crate) fn apply(rules: &[Rule], original: &str) -> Masked {
    let text = rules.iter().fold(original.to_owned(), |text, Rule { part, pattern, name }| {
        if text.contains(part) { pattern.replace_all(&text, name) } else { text }
    });
    Masked { varies: text != original, text }
}
