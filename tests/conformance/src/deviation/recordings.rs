//! Differences of recorded logs.

use super::{Rule, Subject, is_kept_field, is_line};
use crate::compare::Difference;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "an undefined field is left out",
        row: "a field that is `undefined` is shown in development",
        covers: |subject, d| {
            is_log(subject, "http-")
                && d.what.starts_with("field cause of ")
                && d.recorded.as_deref() == Some("\"undefined\"")
                && d.received.is_none()
        },
    },
    Rule {
        name: "what is thrown is a panic",
        row: "a string or an object can be thrown",
        covers: |subject, d| {
            let node = ["just a string", "a string via next", "unknown error '[object Object]'"];
            let ours = ["panicked: just a string", "panicked: a value that is not text"];
            is_log(subject, "http-") && is_line(d) && says(d, &node, &ours)
        },
    },
    Rule {
        name: "nothing cannot be thrown",
        row: "a string or an object can be thrown",
        covers: |subject, d| {
            is_log(subject, "http-") && is_line(d) && says(d, &["GET /api/errs/nul?q=1 "], &[])
        },
    },
    Rule {
        name: "an error's class is told",
        row: "an error named by its class alone is logged without `name`",
        covers: |subject, d| {
            is_log(subject, "http-")
                && d.recorded.is_none()
                && d.what.starts_with("field name of ")
                && matches!(d.received.as_deref(), Some("\"DatabaseError\"" | "\"AggregateError\""))
        },
    },
    Rule {
        name: "a body that breaks is told once",
        row: "an error after the first bytes have left is logged twice and dumped to stderr",
        covers: |subject, d| {
            let node = ["Request failed with status 500 after headers", "Error: after headers", "    at "];
            is_log(subject, "http-") && is_line(d) && says(d, &node, &[])
        },
    },
    Rule {
        name: "an answer that breaks off has an access line",
        row: "an answer that breaks off, or whose client leaves, has no access line",
        covers: |subject, d| {
            let ours = ["GET /api/errs/consumed?q=1 HTTP/1.1", "GET /api/errs/consumed HTTP/1.1"];
            (is_log(subject, "http-") || is_log(subject, "answers_over_tls"))
                && is_line(d)
                && d.recorded.is_none()
                && says(d, &[], &ours)
        },
    },
    Rule {
        name: "a recorded access line keeps its fields whatever the URL",
        row: "a message with `%s`, `%d` … drops the fields of the call",
        covers: |subject, d| {
            is_log(subject, "pct-log-server") && is_kept_field(d) && d.what.contains("GET /x%dy HTTP/1.1")
        },
    },
    Rule {
        name: "one of two paths conflicts with the other",
        row: "of two paths that overlap, that of the plugin registered later conflicts",
        covers: |subject, d| {
            let text = ["conflicts with the existing path /healthcheck"];
            is_log(subject, "fail-root-path-conflict") && is_line(d) && says(d, &text, &text)
        },
    },
];

/// Whether the subject is a recorded log whose name begins so.
fn is_log(subject: &Subject<'_>, beginning: &str) -> bool {
    matches!(subject, Subject::Log { story } if story.starts_with(beginning))
}

/// Node's line holds one of these texts, or ours one of those.
fn says(d: &Difference, node: &[&str], ours: &[&str]) -> bool {
    let holds = |line: &Option<String>, texts: &[&str]| {
        line.as_ref().is_some_and(|l| texts.iter().any(|t| l.contains(t)))
    };
    holds(&d.recorded, node) || holds(&d.received, ours)
}
