//! Differences of starts, failures, drains and stops.

use super::{Rule, Subject, is_line};
use crate::compare::Difference;

pub(super) const RULES: &[Rule] = &[
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
        name: "a failed start ends the process",
        row: "a failed start leaves a process that serves and is never ready",
        covers: |subject, d| {
            matches!(subject, Subject::Story { story, request: "exit" } if story.starts_with("fail-"))
                && d.recorded.as_deref() == Some("0")
                && d.received.as_deref() == Some("1")
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
            (of(subject, "a_module_without_its_plugin") || of(subject, "fail-orphan-module"))
                && (line(d, "nosuchplugin") || line(d, "Plugin initialization"))
        },
    },
    Rule {
        name: "a registration's fault is its plugin's",
        row: "faults in one plugin's registration reject the whole start",
        covers: |subject, d| {
            (of(subject, "a_registration_throws") || of(subject, "fail-register-throws"))
                && d.what == "unexpected line"
        },
    },
    Rule {
        name: "config faults have a place",
        row: "a fault in the configuration is told without its place",
        covers: |subject, d| {
            let story = [
                "config_with_a_bad_listen",
                "config_with_a_bad_health_header",
                "config_that_is_no_yaml",
                "fail-config-bad-listen",
                "fail-config-bad-health-header",
                "fail-config-bad-override-level",
            ];
            story.iter().any(|story| of(subject, story))
                && is_line(d)
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
        name: "an answer that breaks is told once",
        row: "an error after the first bytes have left is logged twice and dumped to stderr",
        covers: |subject, d| {
            of(subject, "answers_over_tls")
                && (missing(d, "after headers") || missing(d, "    at "))
                && !missing(d, r#""plugin":"errs""#)
        },
    },
    Rule {
        name: "a failed plugin is not told as initialized",
        row: "a plugin that failed is told as newly initialized",
        covers: |_, d| line(d, "Plugin initialization complete"),
    },
    Rule {
        name: "a forced end is told",
        row: "a second signal ends the process without a word",
        covers: |_, d| d.recorded.is_none() && line(d, " again, ending at once"),
    },
    Rule {
        name: "a signal during the start gives it up",
        row: "a signal during the start waits for it",
        covers: |subject, d| {
            (of(subject, "startup-pause-timeout-server") || of(subject, "stopped_while_starting"))
                && missing(d, "slow done")
                || of(subject, "ws-stop-while-starting-server")
                    && (missing(d, "ws ready") || missing(d, "Plugin initialization in progress"))
        },
    },
    Rule {
        name: "no debug lines of the framework's own hooks",
        row: "debug lines tell of hooks that the framework itself has added, and count them",
        covers: |_, d| {
            line(d, r#""level":"debug""#) && (line(d, " tasks...\"") || (missing(d, "ook succeeded\"")))
        },
    },
];

/// Whether the subject is of this story.
fn of(subject: &Subject<'_>, name: &str) -> bool {
    matches!(subject, Subject::Story { story, .. } | Subject::Log { story } if *story == name)
}

/// A line with this text is there on one side only.
fn line(d: &Difference, text: &str) -> bool {
    is_line(d) && d.recorded.as_ref().or(d.received.as_ref()).is_some_and(|t| t.contains(text))
}

/// A line of Node's with this text is not among ours.
fn missing(d: &Difference, text: &str) -> bool {
    d.what == "missing line" && line(d, text)
}
