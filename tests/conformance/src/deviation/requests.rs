//! Differences of generated requests and of their access lines.

use super::{Rule, Statuses, Subject, has_printf_token, is_kept_field, is_line};
use crate::compare::Difference;
use crate::differential::Case;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "an access line keeps its fields whatever the URL",
        row: "a message with `%s`, `%d` … drops the fields of the call",
        covers: |subject, d| {
            let has_token = |case: &Case| {
                has_printf_token(&case.target())
                    || case.headers.iter().any(|(_, value)| has_printf_token(value))
            };
            matches!(subject, Subject::AccessLine(case, _) if has_token(case))
                && (is_line(d) || is_kept_field(d))
        },
    },
    Rule {
        name: "credentials in a query are masked",
        row: "the access line shows URLs as they are",
        covers: |subject, d| {
            let said = |text: &Option<String>, part: &str| text.as_ref().is_some_and(|t| t.contains(part));
            matches!(subject, Subject::AccessLine(case, _) if case.query.starts_with(b"?token="))
                && (said(&d.recorded, "?token=abc") || said(&d.received, "?token=***"))
        },
    },
    Rule {
        name: "case matters inside a plugin",
        row: "routes inside a plugin match in any case",
        covers: |subject, d| {
            of(subject).is_some_and(|(case, statuses)| {
                let lower = case.path.to_ascii_lowercase();
                (lower.starts_with(b"/api/errs/") || lower.starts_with(b"/api/tasks/"))
                    && lower != case.path
                    && statuses.ours == 404
                    && (statuses.node != 404 || is_of_nothing(d))
            })
        },
    },
    Rule {
        name: "any method may be sent",
        row: "a method that Node's parser does not know is a bare 400",
        covers: |subject, _| {
            of(subject).is_some_and(|(case, statuses)| {
                matches!(&*case.method, "get" | "FOO") && matches!(statuses.node, 0 | 400)
            })
        },
    },
    Rule {
        name: "HTTP/1.0 has no chunks",
        row: "`Transfer-Encoding` is read in HTTP/1.0 too",
        covers: |subject, _| {
            of(subject).is_some_and(|(case, statuses)| {
                case.version == "1.0" && case.chunked && matches!(statuses.ours, 0 | 400)
            })
        },
    },
    Rule {
        name: "some characters of a target are encoded",
        row: "raw `<`, `>`, `` ` `` and quotation marks in a target are in `url` as they came",
        covers: |subject, d| {
            let of_text = matches!(&*d.what, "header etag" | "header content-length");
            let is_raw = |text: &String| text.contains(['<', '>', '`', '"']);
            let is_encoded =
                |text: &String| ["%3C", "%3E", "%60", "%22"].iter().any(|one| text.contains(one));
            of(subject).is_some_and(|(case, statuses)| {
                let has_raw = |part: &[u8]| part.iter().any(|byte| b"<>`\"".contains(byte));
                statuses.node == statuses.ours && (has_raw(&case.path) || has_raw(&case.query))
            }) && (of_text
                || d.recorded.as_ref().is_none_or(is_raw) && d.received.as_ref().is_none_or(is_encoded))
        },
    },
    Rule {
        name: "refused by the parser, with a date",
        row: "what the parser refuses is answered without `Date` and `Content-Length`",
        covers: |subject, d| {
            matches!(subject, Subject::Request(_, Statuses { node: 400 | 417, ours: 400 | 417 }))
                && matches!(&*d.what, "header date" | "header content-length")
                && d.recorded.is_none()
        },
    },
    Rule {
        name: "refused by the parser, in whole",
        row: "what the parser refuses is reset while its body is still on its way",
        covers: |subject, d| {
            let broken = |text: &str| match &*d.what {
                "body cut short" => text == "true",
                "number of answers" => text == "0",
                _ => d.what == "exchange" && text.starts_with("failed: "),
            };
            matches!(subject, Subject::Request(case, Statuses { node: 0 | 400, ours: 400 }) if !case.body.is_empty() && (!case.path.is_ascii() || !case.host))
                && d.recorded.as_deref().is_some_and(broken)
        },
    },
    Rule {
        name: "a refused expectation ends the connection",
        row: "after a 417 the connection is used on",
        covers: |subject, d| {
            matches!(subject, Subject::Request(_, Statuses { node: 417, ours: 417 }))
                && d.what == "header keep-alive"
                && d.received.is_none()
        },
    },
    Rule {
        name: "a body that nobody reads ends the connection",
        row: "a body that no handler reads, and of which more is to come, is read on, however long",
        covers: |subject, d| {
            let is_left = |case: &Case| case.body.len() > 64 * 1024 || case.header("Expect").is_some();
            matches!(subject, Subject::Request(case, _) if is_left(case))
                && d.what == "header keep-alive"
                && d.received.is_none()
        },
    },
    Rule {
        name: "a fragment is left out",
        row: "a fragment in a request's target is part of `url`",
        covers: |subject, d| {
            let of_text = matches!(&*d.what, "header etag" | "header content-length");
            of(subject)
                .is_some_and(|(case, statuses)| case.path.contains(&b'#') && statuses.node == statuses.ours)
                && (of_text || d.recorded.as_ref().is_none_or(|text| text.contains('#')))
                && d.received.as_ref().is_none_or(|text| !text.contains('#'))
        },
    },
    Rule {
        name: "HTTP/1.0 is kept alive where it asks",
        row: "an empty answer ends an HTTP/1.0 connection that was to be kept alive",
        covers: |subject, d| {
            let asked = |case: &Case| case.version == "1.0" && case.header("Connection").is_some();
            matches!(subject, Subject::Request(case, _) if asked(case))
                && d.what == "header keep-alive"
                && d.recorded.is_none()
        },
    },
    Rule {
        name: "keys keep their order",
        row: "numeric keys of a parsed body come first",
        covers: |subject, d| {
            let value =
                |text: &Option<String>| serde_json::from_str::<serde_json::Value>(text.as_deref()?).ok();
            match &*d.what {
                "body" => value(&d.recorded).is_some_and(|before| value(&d.received) == Some(before)),
                "header etag" => {
                    matches!(subject, Subject::Request(case, _) if case.body.windows(3).any(|three| three == b"\"1\""))
                }
                _ => false,
            }
        },
    },
    Rule {
        name: "parameters are decoded by whoever asks for them",
        row: "a path that is no UTF-8 once decoded fails when the route matches",
        covers: |subject, _| {
            let has_parameter = |path: &[u8]| {
                let path = path.to_ascii_lowercase();
                path.starts_with(b"/api/errs") || path.starts_with(b"/api/tasks/")
            };
            of(subject).is_some_and(|(case, statuses)| {
                has_parameter(&case.path) && has_bad_escape(&case.path) && statuses.node == 400
            })
        },
    },
];

/// The request that the subject is about.
fn of<'a>(subject: &Subject<'a>) -> Option<(&'a Case, Statuses)> {
    match *subject {
        Subject::Request(case, statuses) | Subject::AccessLine(case, statuses) => Some((case, statuses)),
        _ => None,
    }
}

/// Our answer has no body where Node's has one.
fn is_of_nothing(d: &Difference) -> bool {
    match d.received.as_deref() {
        None | Some("" | "0") => true,
        Some(line) => is_line(d) && line.contains(r#"\" 404 0 \""#),
    }
}

/// Whether a `%` is not followed by the two digits of a byte of UTF-8 text.
fn has_bad_escape(path: &[u8]) -> bool {
    let mut decoded = Vec::new();
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digits =
            rest.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        let Some(byte) = digits else { return true };
        decoded.push(byte);
        rest = &rest[2..];
    }
    std::str::from_utf8(&decoded).is_err()
}
