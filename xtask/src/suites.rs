//! The suites, as a table: a later one is a row more, with its need.
//!
//! All of them are of the whole workspace, and none has a cargo feature: whatever is compiled for one is there for the next.

use crate::needs::{
    APP, BROWSER, CLIPPY, DENY, NEXTEST, NGINX, NODE, Need, PEER, POSTGRES, PROMETHEUS, ROTEL, RUSTFMT, WHOLE,
};

/// One thing to run.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [&'static Need],
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
        command: check(&["fmt", "--all", "--check"]),
        otherwise: None,
    },
    Suite {
        name: "bans, licences and sources",
        needs: &[&DENY],
        command: check(&["deny", "check", "bans", "licenses", "sources"]),
        otherwise: None,
    },
    Suite {
        name: "lints",
        needs: &[&CLIPPY],
        command: check(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        otherwise: None,
    },
    // No `--all-targets` reaches them.
    Suite {
        name: "lints of tests that need more than Rust",
        needs: &[&CLIPPY],
        command: check(&[
            "clippy",
            "--workspace",
            "--test",
            "adopted",
            "--test",
            "bundle",
            "--test",
            "browser",
            "--test",
            "gateway",
            "--test",
            "live",
            "--test",
            "look",
            "--test",
            "node",
            "--test",
            "outside",
            "--test",
            "pages",
            "--test",
            "prometheus",
            "--test",
            "rotel",
            "--test",
            "score",
            "--test",
            "server",
            "--test",
            "why",
            "--",
            "-D",
            "warnings",
        ]),
        otherwise: None,
    },
    // Tests start them: built here, none of them waits for it; with the tests, so that dependencies are compiled once for both.
    Suite {
        name: "programs",
        needs: &[],
        command: check(&["build", "--workspace", "--bins", "--tests"]),
        otherwise: None,
    },
    Suite {
        name: "rust tests",
        needs: &[&NEXTEST],
        command: Command {
            arguments: &["nextest", "run", "--workspace", "--profile", "ci", "--no-tests", "pass"],
            reads: Reads::Nextest,
        },
        otherwise: Some(tests(&["test", "--workspace", "--no-fail-fast", "--tests"])),
    },
    Suite {
        name: "a plugin in a repository of its own",
        needs: &[],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "outside"]),
        otherwise: None,
    },
    // A workspace of its own, whose lock says what it is built of.
    Suite {
        name: "fuzz targets compile",
        needs: &[],
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
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "node"]),
        otherwise: None,
    },
    Suite {
        name: "the script of browsers in a real Node",
        needs: &[&NODE],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--lib", "--", "--ignored"]),
        otherwise: None,
    },
    Suite {
        name: "a real PostgreSQL server",
        needs: &[&POSTGRES],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "server"]),
        otherwise: None,
    },
    Suite {
        name: "a real Prometheus server",
        needs: &[&PROMETHEUS],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "prometheus"]),
        otherwise: None,
    },
    Suite {
        name: "a real collector of traces",
        needs: &[&ROTEL],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "rotel"]),
        otherwise: None,
    },
    Suite {
        name: "the stock front end of Backstage",
        needs: &[&APP],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "bundle"]),
        otherwise: None,
    },
    Suite {
        name: "the portal in a browser",
        needs: &[&APP, &BROWSER],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "browser"]),
        otherwise: None,
    },
    Suite {
        name: "pages for operators in a browser",
        needs: &[&BROWSER],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "pages"]),
        otherwise: None,
    },
    Suite {
        name: "beside a real Node backend",
        needs: &[&PEER],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "live"]),
        otherwise: None,
    },
    Suite {
        name: "the gateway before a real Node backend",
        needs: &[&APP, &PEER, &POSTGRES, &WHOLE],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "gateway"]),
        otherwise: None,
    },
    Suite {
        name: "a look at real portals",
        needs: &[&APP, &NGINX, &PEER, &POSTGRES, &WHOLE],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "look"]),
        otherwise: None,
    },
    Suite {
        name: "what is wrong with real backends",
        needs: &[&NGINX, &PEER, &POSTGRES],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "why"]),
        otherwise: None,
    },
    Suite {
        name: "a whole Node portal in a browser",
        needs: &[&APP, &BROWSER, &POSTGRES, &WHOLE],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "adopted"]),
        otherwise: None,
    },
    Suite {
        name: "compatibility score",
        needs: &[&PEER],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--test", "score"]),
        otherwise: None,
    },
    Suite {
        name: "doctests",
        needs: &[],
        command: tests(&["test", "--workspace", "--no-fail-fast", "--doc"]),
        otherwise: None,
    },
];

const fn check(arguments: &'static [&'static str]) -> Command {
    Command { arguments, reads: Reads::Status }
}

const fn tests(arguments: &'static [&'static str]) -> Command {
    Command { arguments, reads: Reads::Libtest }
}

impl Command {
    /// All arguments to cargo.
    pub(crate) fn line(&self, filter: Option<&str>) -> Vec<String> {
        let mut line: Vec<String> = self.arguments.iter().map(|&argument| argument.to_owned()).collect();
        if let Some(filter) = filter {
            let begins_harness = !self.arguments.contains(&"--");
            line.extend(begins_harness.then(|| "--".to_owned()).into_iter().chain([filter.to_owned()]));
        }
        line
    }
}
