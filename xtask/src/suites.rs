//! The suites, as a table: a later one is a row more, with its need and the cargo
//! feature that turns its tests on.

use crate::needs::{APP, BROWSER, CLIPPY, DENY, NEXTEST, NODE, Need, PEER, POSTGRES, RUSTFMT};

/// One thing to run.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [&'static Need],
    /// Cargo features that turn on the tests that need more than Rust.
    pub(crate) features: &'static [&'static str],
    pub(crate) command: Command,
    /// What to run when a need stays unmet; without it the suite is skipped.
    pub(crate) otherwise: Option<Command>,
}

/// A cargo command and how its result is read.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) arguments: &'static [&'static str],
    pub(crate) reads: Reads,
}

/// What a command's output looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// One check: it succeeds or not.
    Status,
    /// `cargo nextest run`
    Nextest,
    /// `cargo test`
    Libtest,
}

/// All suites, quickest answers first.
pub(crate) const SUITES: &[Suite] = &[
    Suite {
        name: "formatting",
        needs: &[&RUSTFMT],
        features: &[],
        command: check(&["fmt", "--all", "--check"]),
        otherwise: None,
    },
    Suite {
        name: "bans, licences and sources",
        needs: &[&DENY],
        features: &[],
        command: check(&["deny", "check", "bans", "licenses", "sources"]),
        otherwise: None,
    },
    Suite {
        name: "lints",
        needs: &[&CLIPPY],
        features: &[],
        command: check(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        otherwise: None,
    },
    // Tests start them: built here, none of them waits for it.
    Suite {
        name: "programs",
        needs: &[],
        features: &[],
        command: check(&["build", "--workspace", "--bins"]),
        otherwise: None,
    },
    Suite {
        name: "rust tests",
        needs: &[&NEXTEST],
        features: &[],
        command: Command {
            arguments: &["nextest", "run", "--workspace", "--profile", "ci", "--no-tests", "pass"],
            reads: Reads::Nextest,
        },
        otherwise: Some(Command {
            arguments: &["test", "--workspace", "--tests", "--no-fail-fast"],
            reads: Reads::Libtest,
        }),
    },
    Suite {
        name: "a plugin in a repository of its own",
        needs: &[],
        features: &["outside"],
        command: Command {
            arguments: &["test", "--package", "greenroom-examples", "--test", "outside"],
            reads: Reads::Libtest,
        },
        otherwise: None,
    },
    // A workspace of its own, whose lock says what it is built of.
    Suite {
        name: "fuzz targets compile",
        needs: &[],
        features: &[],
        command: check(&[
            "check",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--target-dir",
            "target",
            "--locked",
            "--no-default-features",
        ]),
        otherwise: None,
    },
    Suite {
        name: "JSON beside a real Node's",
        needs: &[&NODE],
        features: &["node"],
        command: Command {
            arguments: &["test", "--package", "greenroom-logging", "--test", "node"],
            reads: Reads::Libtest,
        },
        otherwise: None,
    },
    Suite {
        name: "the script of browsers in a real Node",
        needs: &[&NODE],
        features: &["node"],
        command: Command {
            arguments: &["test", "--package", "greenroom-plugin-rum", "--lib"],
            reads: Reads::Libtest,
        },
        otherwise: None,
    },
    Suite {
        name: "a real PostgreSQL server",
        needs: &[&POSTGRES],
        features: &["server"],
        command: Command {
            arguments: &["test", "--package", "greenroom-database-postgres", "--test", "server"],
            reads: Reads::Libtest,
        },
        otherwise: None,
    },
    Suite {
        name: "browser events on a real PostgreSQL server",
        needs: &[&POSTGRES],
        features: &["server"],
        command: Command {
            arguments: &["test", "--package", "greenroom-plugin-rum-store", "--test", "server"],
            reads: Reads::Libtest,
        },
        otherwise: None,
    },
    Suite {
        name: "the stock front end of Backstage",
        needs: &[&APP],
        features: &["bundle"],
        command: Command {
            arguments: &["test", "--package", "greenroom-plugin-app", "--test", "bundle"],
            reads: Reads::Libtest,
        },
        otherwise: None,
    },
    Suite {
        name: "the portal in a browser",
        needs: &[&APP, &BROWSER],
        features: &["browser"],
        command: Command {
            arguments: &["test", "--package", "greenroom-portal", "--test", "browser"],
            reads: Reads::Libtest,
        },
        otherwise: None,
    },
    Suite {
        name: "pages for operators in a browser",
        needs: &[&BROWSER],
        features: &["browser"],
        command: Command {
            arguments: &["test", "--package", "greenroom-portal", "--test", "pages"],
            reads: Reads::Libtest,
        },
        otherwise: None,
    },
    Suite {
        name: "beside a real Node backend",
        needs: &[&PEER],
        features: &["peer"],
        command: Command {
            arguments: &["test", "--package", "greenroom-conformance", "--test", "live"],
            reads: Reads::Libtest,
        },
        otherwise: None,
    },
    Suite {
        name: "compatibility score",
        needs: &[&PEER],
        features: &[],
        command: check(&["run", "--package", "greenroom-conformance", "--bin", "compatibility-score"]),
        otherwise: None,
    },
    Suite {
        name: "doctests",
        needs: &[],
        features: &[],
        command: Command {
            arguments: &["test", "--workspace", "--doc", "--no-fail-fast"],
            reads: Reads::Libtest,
        },
        otherwise: None,
    },
];

const fn check(arguments: &'static [&'static str]) -> Command {
    Command { arguments, reads: Reads::Status }
}

impl Suite {
    /// All arguments to cargo for one of the suite's commands.
    pub(crate) fn line(&self, command: &Command, filter: Option<&str>) -> Vec<String> {
        let mut line: Vec<String> = command.arguments.iter().map(|&argument| argument.to_owned()).collect();
        if !self.features.is_empty() {
            line.extend(["--features".to_owned(), self.features.join(",")]);
        }
        if let Some(filter) = filter {
            line.extend(["--".to_owned(), filter.to_owned()]);
        }
        line
    }
}
