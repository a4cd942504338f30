//! The table of rules.

use super::{Rule, Subject};
use crate::compare::Difference;
use crate::differential::Case;

/// All differences that are meant.
pub const RULES: &[Rule] = &[
    Rule {
        name: "a second signal is told by the exit code",
        row: "a second signal exits 0",
        covers: |subject, d| {
            matches!(subject, Subject::Story { request: "exit", .. })
                && d.recorded.as_deref() == Some("0")
                && matches!(d.received.as_deref(), Some("130" | "143"))
        },
    },
    Rule {
        name: "hooks have names",
        row: "hooks are anonymous and take a logger",
        covers: |_, d| {
            d.what == r#"field hook of "Plugin shutdown hook failed shutdown hook boom""#
                && d.received.is_none()
        },
    },
    Rule {
        name: "an answer while draining promises no other",
        row: "an answer given while the server drains says `Keep-Alive: timeout=5`",
        covers: |subject, d| {
            matches!(subject, Subject::Story { request: "in flight", .. })
                && d.what == "header keep-alive"
                && d.received.is_none()
        },
    },
    Rule {
        name: "no warning of a localhost URL for each plugin",
        row: "in production, each plugin warns that `backend.baseUrl` is a localhost URL",
        covers: |_, d| missing(d, "backend.baseUrl is set to a localhost URL"),
    },
    Rule {
        name: "an orphan is told once",
        row: "a module without its plugin is listed as \"still initializing\"",
        covers: |subject, d| {
            of(subject, "a_module_without_its_plugin")
                && (line(d, "nosuchplugin") || line(d, "Plugin initialization"))
        },
    },
    Rule {
        name: "a registration's fault is its plugin's",
        row: "faults in one plugin's registration reject the whole start",
        covers: |subject, d| of(subject, "a_registration_throws") && d.what == "unexpected line",
    },
    Rule {
        name: "config faults have a place",
        row: "a fault in the configuration is told without its place",
        covers: |subject, d| {
            let story =
                ["config_with_a_bad_listen", "config_with_a_bad_health_header", "config_that_is_no_yaml"];
            story.iter().any(|story| of(subject, story))
                && (d.recorded.is_some() || d.received.as_ref().is_some_and(|text| text.contains("(<file>)")))
        },
    },
    Rule {
        name: "no complaint of a server that never ran",
        row: "after a port in use, stopping fails with `ERR_SERVER_NOT_RUNNING`",
        covers: |_, d| missing(d, "ERR_SERVER_NOT_RUNNING"),
    },
    Rule {
        name: "what fails before its init has no routes",
        row: "a plugin that fails before its init (a missing service, a circle of modules) answers 503",
        covers: |subject, d| {
            let story =
                ["a_service_is_missing", "modules_in_a_circle"].iter().any(|story| of(subject, story));
            match subject {
                Subject::Story { request, .. } => story && request.contains("/api/"),
                _ => {
                    story
                        && (line(d, " 404 0 ")
                            || line(d, " 503 1")
                            || line(d, "Service has not started up yet"))
                }
            }
        },
    },
    Rule {
        name: "no debug lines of the framework's own hooks",
        row: "debug lines tell of startup hooks that the framework itself has added",
        covers: |_, d| missing(d, r#""level":"debug""#) && missing(d, "lugin startup "),
    },
    Rule {
        name: "printf tokens are ordinary text",
        row: "a message with `%s`, `%d` … drops the fields of the call",
        covers: |subject, _| matches!(subject, Subject::Call(call) if call["message"].as_str().is_some_and(has_printf_token)),
    },
    Rule {
        name: "a cause is kept",
        row: "a cause is printed as `{}`",
        covers: |subject, d| matches!(subject, Subject::Call(_)) && d.what.starts_with("field cause of "),
    },
    Rule {
        name: "an access line keeps its fields whatever the URL",
        row: "a message with `%s`, `%d` … drops the fields of the call",
        covers: |subject, _| {
            let has_token = |case: &Case| {
                has_printf_token(&case.target())
                    || case.headers.iter().any(|(_, value)| has_printf_token(value))
            };
            matches!(subject, Subject::AccessLine(case) if has_token(case))
        },
    },
    Rule {
        name: "credentials in a query are masked",
        row: "the request line shows query strings as they are",
        covers: |subject, d| {
            matches!(subject, Subject::AccessLine(_))
                && d.received.as_ref().is_some_and(|line| line.contains("=***"))
                || matches!(subject, Subject::AccessLine(case) if case.query.starts_with(b"?token="))
        },
    },
    Rule {
        name: "case matters inside a plugin",
        row: "routes inside a plugin match in any case",
        covers: |subject, _| {
            case_of(subject).is_some_and(|case| {
                let lower = case.path.to_ascii_lowercase();
                (lower.starts_with(b"/api/errs/") || lower.starts_with(b"/api/tasks/")) && lower != case.path
            })
        },
    },
    Rule {
        name: "any method may be sent",
        row: "a method that Node's parser does not know is a bare 400",
        covers: |subject, _| case_of(subject).is_some_and(|case| matches!(&*case.method, "get" | "FOO")),
    },
    Rule {
        name: "HTTP/1.0 has no chunks",
        row: "`Transfer-Encoding` is read in HTTP/1.0 too",
        covers: |subject, _| case_of(subject).is_some_and(|case| case.version == "1.0" && case.chunked),
    },
    Rule {
        name: "some characters have to be encoded",
        row: "raw `<`, `>` and `` ` `` in a path are served",
        covers: |subject, _| {
            case_of(subject).is_some_and(|case| case.path.iter().any(|byte| b"<>`".contains(byte)))
        },
    },
    Rule {
        name: "refused by the parser, with a date",
        row: "what the parser refuses is answered without `Date` and `Content-Length`",
        covers: |subject, d| {
            matches!(subject, Subject::Request(case) if !case.path.is_ascii() || !case.host || case.header("Expect").is_some())
                && matches!(&*d.what, "header date" | "header content-length")
                && d.recorded.is_none()
        },
    },
    Rule {
        name: "a refused expectation ends the connection",
        row: "after a 417 the connection is used on",
        covers: |subject, d| {
            matches!(subject, Subject::Request(case) if case.header("Expect").is_some())
                && d.what == "header keep-alive"
                && d.received.is_none()
        },
    },
    Rule {
        name: "a fragment is left out",
        row: "a fragment in a request's target is part of `url`",
        covers: |subject, _| case_of(subject).is_some_and(|case| case.path.contains(&b'#')),
    },
    Rule {
        name: "HTTP/1.0 is kept alive where it asks",
        row: "an empty answer ends an HTTP/1.0 connection that was to be kept alive",
        covers: |subject, d| {
            let asked = |case: &Case| case.version == "1.0" && case.header("Connection").is_some();
            matches!(subject, Subject::Request(case) if asked(case)) && d.what == "header keep-alive"
        },
    },
    Rule {
        name: "an object appended to a message is JSON",
        row: "an object as `message` of a call's fields is appended as `[object Object]`",
        covers: |subject, d| {
            matches!(subject, Subject::Call(call) if call["meta"]["message"].is_object() || call["meta"]["message"].is_array())
                && d.what.ends_with(" line")
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
                    matches!(subject, Subject::Request(case) if case.body.windows(3).any(|three| three == b"\"1\""))
                }
                _ => false,
            }
        },
    },
    Rule {
        name: "parameters are decoded by whoever asks for them",
        row: "a path that is no UTF-8 once decoded fails when the route matches",
        covers: |subject, _| {
            let has_parameter =
                |path: &[u8]| path.starts_with(b"/api/errs") || path.starts_with(b"/api/tasks/");
            case_of(subject).is_some_and(|case| has_parameter(&case.path) && has_bad_escape(&case.path))
        },
    },
];

/// The request that the subject is about.
fn case_of<'a>(subject: &Subject<'a>) -> Option<&'a Case> {
    match subject {
        Subject::Request(case) | Subject::AccessLine(case) => Some(case),
        _ => None,
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

/// Whether the text holds what `util.format` replaces.
fn has_printf_token(text: &str) -> bool {
    text.as_bytes().windows(2).any(|two| two[0] == b'%' && b"scdjifoO%".contains(&two[1]))
}

/// Whether the subject is of this story.
fn of(subject: &Subject<'_>, name: &str) -> bool {
    matches!(subject, Subject::Story { story, .. } | Subject::Log { story } if *story == name)
}

/// A line with this text is there on one side only.
fn line(d: &Difference, text: &str) -> bool {
    d.what.ends_with(" line") && d.recorded.as_ref().or(d.received.as_ref()).is_some_and(|t| t.contains(text))
}

/// A line of Node's with this text is not among ours.
fn missing(d: &Difference, text: &str) -> bool {
    d.what == "missing line" && line(d, text)
}
