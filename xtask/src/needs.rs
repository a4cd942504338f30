//! What suites need besides Rust itself: how to find out whether it is there, and how to get it.

use std::process::{Command, Stdio};

/// Something on the machine that a suite cannot do without.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// What to call it.
    pub(crate) name: &'static str,
    /// Succeeds when it is there.
    detect: &'static [&'static str],
    /// Gets it.
    pub(crate) install: &'static [&'static str],
    /// Whether `--yes` covers it; else it is only suggested.
    pub(crate) automatic: bool,
}

pub(crate) const RUSTFMT: Need = Need {
    name: "rustfmt",
    detect: &["cargo", "fmt", "--version"],
    install: &["rustup", "component", "add", "rustfmt"],
    automatic: true,
};

pub(crate) const CLIPPY: Need = Need {
    name: "clippy",
    detect: &["cargo", "clippy", "--version"],
    install: &["rustup", "component", "add", "clippy"],
    automatic: true,
};

/// Pinned: a newer release may want a newer compiler.
pub(crate) const NEXTEST: Need = Need {
    name: "cargo-nextest",
    detect: &["cargo", "nextest", "--version"],
    install: &["cargo", "install", "cargo-nextest", "--version", "0.9.143", "--locked"],
    automatic: true,
};

/// Any version: only its `JSON` is asked, and it runs a script that old browsers run, too.
pub(crate) const NODE: Need = Need {
    name: "node",
    detect: &["node", "--version"],
    install: &["apt-get", "install", "--yes", "--no-install-recommends", "nodejs"],
    automatic: true,
};

/// Not automatic: it takes longer to compile than all suites together.
pub(crate) const DENY: Need = Need {
    name: "cargo-deny",
    detect: &["cargo", "deny", "--version"],
    install: &["cargo", "install", "cargo-deny", "--version", "0.20.2", "--locked"],
    automatic: false,
};

/// The load generator of the benchmark.
pub(crate) const WRK: Need = Need {
    name: "wrk",
    detect: &["sh", "-c", "command -v wrk"],
    install: &["apt-get", "install", "--yes", "--no-install-recommends", "wrk"],
    automatic: true,
};

/// What serves the same files beside Greenroom.
pub(crate) const NGINX: Need = Need {
    name: "nginx",
    detect: &["sh", "-c", "command -v nginx || test -x /usr/sbin/nginx"],
    install: &["apt-get", "install", "--yes", "--no-install-recommends", "nginx-light"],
    automatic: true,
};

/// What reads metrics, with `promtool`, which checks their text.
pub(crate) const PROMETHEUS: Need = Need {
    name: "Prometheus",
    detect: &["sh", "-c", "command -v prometheus && command -v promtool"],
    install: &["apt-get", "install", "--yes", "--no-install-recommends", "prometheus"],
    automatic: true,
};

/// A collector of traces and metrics, in a place of its own.
pub(crate) const ROTEL: Need = Need {
    name: "rotel",
    detect: &["sh", "tests/system/rotel.sh", "--check"],
    install: &["sh", "tests/system/rotel.sh"],
    automatic: true,
};

/// What filters lines of JSON.
pub(crate) const JQ: Need = Need {
    name: "jq",
    detect: &["sh", "-c", "command -v jq"],
    install: &["apt-get", "install", "--yes", "--no-install-recommends", "jq"],
    automatic: true,
};

/// What shows lines of Node, from a lock.
pub(crate) const PINO: Need = Need {
    name: "pino-pretty",
    detect: &["sh", "bench/pino/install.sh", "--check"],
    install: &["sh", "bench/pino/install.sh"],
    automatic: true,
};

/// Counts instructions.
pub(crate) const VALGRIND: Need = Need {
    name: "valgrind",
    detect: &["sh", "-c", "command -v valgrind && command -v callgrind_annotate"],
    install: &["apt-get", "install", "--yes", "--no-install-recommends", "valgrind"],
    automatic: true,
};

/// A server that tests start themselves.
pub(crate) const POSTGRES: Need = Need {
    name: "PostgreSQL",
    detect: &["sh", "-c", "command -v initdb || ls /usr/lib/postgresql/*/bin/initdb"],
    install: &["apt-get", "install", "--yes", "--no-install-recommends", "postgresql"],
    automatic: true,
};

/// The Node backend that Greenroom is compared with, locked.
pub(crate) const PEER: Need = Need {
    name: "the Node backend",
    detect: &["sh", "tests/conformance/peer/install.sh", "--check"],
    install: &["sh", "tests/conformance/peer/install.sh"],
    automatic: true,
};

/// The stock front end of Backstage, built from a lock.
pub(crate) const APP: Need = Need {
    name: "the stock front end",
    detect: &["sh", "xtask/app/build.sh", "--check"],
    install: &["sh", "xtask/app/build.sh"],
    automatic: true,
};

/// A real browser, what drives it, and Datadog's SDK in three versions, from a lock.
pub(crate) const BROWSER: Need = Need {
    name: "Chromium with Datadog's SDK",
    detect: &["sh", "tests/portal/browser/install.sh", "--check"],
    install: &["sh", "tests/portal/browser/install.sh"],
    automatic: true,
};

/// A whole Node backend, as `create-app` makes one, from a lock.
pub(crate) const WHOLE: Need = Need {
    name: "a whole Node backend",
    detect: &["sh", "tests/portal/node/install.sh", "--check"],
    install: &["sh", "tests/portal/node/install.sh"],
    automatic: true,
};

impl Need {
    /// Whether it is there.
    pub(crate) fn is_met(&self) -> bool {
        let mut command = command(self.detect);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Gets it; false if that did not work.
    pub(crate) fn get(&self) -> bool {
        command(self.install).status().is_ok_and(|status| status.success()) && self.is_met()
    }

    /// The command that gets it, for a person to type.
    pub(crate) fn how(&self) -> String {
        self.install.join(" ")
    }
}

/// A command in the checkout that is asked nothing.
fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).stdin(Stdio::null());
    command
}
