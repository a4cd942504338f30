//! `cargo xtask bench`: gets what the figures need, builds what is measured, and starts the package that measures.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::needs::{JQ, NGINX, Need, PEER, PINO, VALGRIND, WRK};

/// How to measure.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct Options {
    /// Install what is missing
    #[arg(long)]
    yes: bool,
    /// Seconds of each load
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// How often everything is measured
    #[arg(long, value_name = "N")]
    rounds: Option<u64>,
    /// Greenroom and its floors only
    #[arg(long)]
    without_node: bool,
    /// This figure only (start, memory, connection, readiness, route, p99, log, log-secrets); may be given again
    #[arg(long, value_name = "FIGURE")]
    only: Vec<String>,
    /// Count instructions instead, under callgrind: on any machine, however busy
    #[arg(long, conflicts_with_all = ["seconds", "rounds", "without_node", "only"])]
    instructions: bool,
    /// Measure a front end's files beside nginx, and what browsers send
    #[arg(long, conflicts_with_all = ["without_node", "only", "instructions"])]
    portal: bool,
    /// Measure what standing in front of a Node backend costs, beside nginx
    #[arg(long, conflicts_with_all = ["without_node", "only", "instructions", "portal"])]
    gateway: bool,
    /// Measure what the lines of a Node backend cost, beside cat, pino-pretty and jq
    #[arg(long, conflicts_with_all = ["seconds", "without_node", "only", "instructions", "portal", "gateway"])]
    log: bool,
    /// Write docs/benchmarks.md; needs a full run
    #[arg(long, conflicts_with_all = ["without_node", "only"])]
    write: bool,
}

/// What is measured and what measures, with the names of functions, by which instructions are told.
#[rustfmt::skip]
const BUILD: &[&str] = &[
    "build", "--release", "--package", "greenroom-bench", "--package", "greenroom-conformance",
    "--package", "greenroom-cli",
    "--config", "profile.release.strip=false",
];
const PROGRAMS: [&str; 8] = [
    "greenroom-bench",
    "bench-floors",
    "bench-lines",
    "bench-log",
    "bench-made",
    "bench-rows",
    "conformance-backend",
    "greenroom",
];

/// `cargo xtask bench`
pub(crate) fn bench(options: &Options) -> ExitCode {
    let missing: Vec<_> = options.needs().into_iter().filter(|need| !need.is_met()).collect();
    for need in missing {
        if !options.yes {
            println!("{} is not installed: `{}`, or give --yes{}", need.name, need.how(), options.hint(need));
            return ExitCode::FAILURE;
        }
        if !need.get() {
            println!("{} could not be installed: `{}` failed", need.name, need.how());
            return ExitCode::FAILURE;
        }
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut build = Command::new("cargo");
    build.args(BUILD).args(PROGRAMS.iter().flat_map(|program| ["--bin", program])).current_dir(&workspace);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let mut run = Command::new(target.join("release/greenroom-bench"));
    run.args(options.passed_on());
    let succeeded = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    if succeeded(&mut build) && succeeded(&mut run) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Options {
    fn needs(&self) -> Vec<&'static Need> {
        match self {
            Self { instructions: true, .. } => vec![&VALGRIND],
            Self { portal: true, .. } => vec![&WRK, &NGINX],
            Self { gateway: true, .. } => vec![&WRK, &NGINX, &PEER],
            Self { log: true, .. } => vec![&JQ, &PINO, &PEER],
            Self { without_node: true, .. } => vec![&WRK],
            _ => vec![&WRK, &PEER],
        }
    }

    /// What else can be done about a missing need.
    fn hint(&self, need: &Need) -> &'static str {
        if *need == PEER && !self.gateway && !self.log { ", or --without-node" } else { "" }
    }

    fn passed_on(&self) -> Vec<String> {
        let mut arguments = vec![];
        let numbers = [("--seconds", self.seconds), ("--rounds", self.rounds)];
        for (name, number) in numbers {
            arguments.extend(number.into_iter().flat_map(|number| [name.to_owned(), number.to_string()]));
        }
        arguments.extend(self.only.iter().flat_map(|figure| ["--only".to_owned(), figure.clone()]));
        let switches = [
            ("--without-node", self.without_node),
            ("--instructions", self.instructions),
            ("--portal", self.portal),
            ("--gateway", self.gateway),
            ("--log", self.log),
            ("--write", self.write),
        ];
        for (name, given) in switches {
            arguments.extend(given.then(|| name.to_owned()));
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_passed_on_and_node_is_needed_unless_left_out() {
        let options = Options { seconds: Some(2), without_node: true, yes: true, ..Options::default() };
        assert_eq!(options.passed_on(), ["--seconds", "2", "--without-node"]);
        assert_eq!(options.needs(), [&WRK]);
        let options = Options { only: vec!["p99".to_owned()], ..Options::default() };
        assert_eq!(options.passed_on(), ["--only", "p99"]);
        assert_eq!(options.needs(), [&WRK, &PEER]);
        let options = Options { instructions: true, ..Options::default() };
        assert_eq!(
            (options.needs(), options.passed_on()),
            (vec![&VALGRIND], vec!["--instructions".to_owned()])
        );
        let options = Options { portal: true, ..Options::default() };
        assert_eq!((options.needs(), options.passed_on()), (vec![&WRK, &NGINX], vec!["--portal".to_owned()]));
        let options = Options { gateway: true, ..Options::default() };
        assert_eq!(options.needs(), [&WRK, &NGINX, &PEER]);
        assert_eq!(options.passed_on(), ["--gateway"]);
        assert_eq!([options.hint(&PEER), Options::default().hint(&PEER)], ["", ", or --without-node"]);
    }
}
