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
    static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        rules(&[
            (r#""stack":\s*"(\\.|[^"\\])*""#, r#""stack":"<stack>""#),
            (r"logId=[0-9a-f]{20}\b", "logId=<id>"),
            (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
            (r"\bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "<jwt>"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "<time>"),
            (r"\blocalhost:\d+\b", "localhost:<port>"),
        ])
    });
    apply(&RULES, text)
}

/// Masks the value of a header, by its lower-case name.
pub fn header(name: &str, value: &str) -> String {
    static DATE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        rules(&[(r"^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$", "<http-date>")])
    });
    static NUMBER: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| rules(&[(r"^\d+$", "<number>")]));
    match name {
        "date" | "last-modified" => apply(&DATE, value).text,
        "x-ratelimit-reset" | "retry-after" => apply(&NUMBER, value).text,
        _ => text(value).text,
    }
}

pub(crate) fn rules(table: &[(&str, &'static str)]) -> Vec<(Regex, &'static str)> {
    table.iter().map(|(pattern, name)| (Regex::new(pattern).expect("a valid pattern"), *name)).collect()
}

pub(crate) fn apply(rules: &[(Regex, &str)], original: &str) -> Masked {
    let text =
        rules.iter().fold(original.to_owned(), |text, (pattern, name)| pattern.replace_all(&text, name));
    Masked { varies: text != original, text }
}
