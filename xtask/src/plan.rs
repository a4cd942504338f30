//! What to do about each suite on this machine. Deciding runs nothing and asks the machine only through `is_met`.

use std::fmt;

use crate::needs::Need;
use crate::suites::{Command, Reads, Suite};

/// How to test.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct Options {
    /// Do what the plan says: install what is missing and run everything; without it, the plan is only told
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
}

/// What is decided about a suite.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Run,
    /// Get these first.
    Install(Vec<&'static Need>),
    /// Run the other command, because these are missing.
    Otherwise(Vec<&'static Need>),
    /// Do not run, because these are missing.
    Skip(Vec<&'static Need>),
}

/// A suite and what is decided about it.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) suite: &'static Suite,
    pub(crate) action: Action,
}

/// Decides about every suite. A filter leaves out the checks, which have no test names.
pub(crate) fn decide(
    suites: &'static [Suite],
    options: &Options,
    is_met: impl Fn(&Need) -> bool,
) -> Vec<Planned> {
    let chosen =
        suites.iter().filter(|suite| options.filter.is_none() || suite.command.reads != Reads::Status);
    chosen
        .map(|suite| {
            let missing: Vec<_> = suite.needs.iter().copied().filter(|need| !is_met(need)).collect();
            let action = if missing.is_empty() {
                Action::Run
            } else if missing.iter().all(|need| need.automatic) {
                Action::Install(missing)
            } else {
                suite.without(missing)
            };
            Planned { suite, action }
        })
        .collect()
}

impl Suite {
    /// What is left to do when these needs stay unmet.
    pub(crate) fn without(&self, missing: Vec<&'static Need>) -> Action {
        if self.otherwise.is_some() { Action::Otherwise(missing) } else { Action::Skip(missing) }
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |command: &Command| format!("cargo {}", command.line(None).join(" "));
        let needs: Vec<_> = self.suite.needs.iter().map(|need| need.name).collect();
        let needs = if needs.is_empty() { String::new() } else { format!(" (needs {})", needs.join(", ")) };
        write!(f, "{}{needs}: ", self.suite.name)?;
        match (&self.action, &self.suite.otherwise) {
            (Action::Otherwise(missing), Some(command)) => {
                write!(f, "{}; {}", line(command), absent(missing))
            }
            (Action::Skip(missing), _) => write!(f, "skipped; {}", absent(missing)),
            (Action::Install(missing), _) => {
                let ways: Vec<_> = missing.iter().map(|need| need.how()).collect();
                write!(f, "{}; then {}", ways.join("; "), line(&self.suite.command))
            }
            _ => write!(f, "{}", line(&self.suite.command)),
        }
    }
}

/// Says what is missing and how to get it.
pub(crate) fn absent(missing: &[&Need]) -> String {
    let texts = missing.iter().map(|need| format!("{} is not installed (`{}`)", need.name, need.how()));
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::{DENY, NEXTEST};
    use crate::suites::SUITES;

    fn decided(options: &Options, missing: &[&Need]) -> Vec<String> {
        let plan = decide(SUITES, options, |need| !missing.contains(&need));
        plan.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn with_everything_there_all_suites_run() {
        let plan = decide(SUITES, &Options::default(), |_| true);
        assert_eq!(plan.len(), SUITES.len());
        assert!(plan.iter().all(|planned| planned.action == Action::Run));
    }

    #[test]
    fn what_is_missing_is_installed_and_what_cannot_be_is_done_without() {
        let told = decided(&Options::default(), &[&NEXTEST]);
        assert!(
            told[5].starts_with("rust tests (needs cargo-nextest): cargo install cargo-nextest "),
            "{told:?}"
        );
        let action = SUITES[5].without(vec![&NEXTEST]);
        assert_eq!(
            Planned { suite: &SUITES[5], action }.to_string(),
            "rust tests (needs cargo-nextest): cargo test --workspace --no-fail-fast --tests; \
             cargo-nextest is not installed (`cargo install cargo-nextest --version 0.9.143 --locked`)"
        );
    }

    #[test]
    fn a_suite_without_another_way_is_skipped_with_the_reason() {
        let plan = decided(&Options::default(), &[&DENY]);
        assert_eq!(
            plan[1],
            "bans, licences and sources (needs cargo-deny): skipped; \
             cargo-deny is not installed (`cargo install cargo-deny --version 0.20.2 --locked`)"
        );
    }

    #[test]
    fn a_filter_runs_tests_only_and_reaches_the_command() {
        let options = Options { yes: false, filter: Some("health".to_owned()) };
        let plan = decide(SUITES, &options, |_| true);
        assert_eq!(
            plan.iter().map(|p| p.suite.name).collect::<Vec<_>>(),
            [
                "rust tests",
                "a plugin in a repository of its own",
                "JSON beside a real Node's",
                "the script of browsers in a real Node",
                "a real PostgreSQL server",
                "a real Prometheus server",
                "a real collector of traces",
                "the stock front end of Backstage",
                "the portal in a browser",
                "pages for operators in a browser",
                "beside a real Node backend",
                "the gateway before a real Node backend",
                "a look at real portals",
                "what is wrong with real backends",
                "a whole Node portal in a browser",
                "compatibility score",
                "doctests"
            ]
        );
        let line = plan[0].suite.command.line(options.filter.as_deref());
        assert_eq!(line[line.len() - 2..], ["--", "health"]);
        let ignored = plan[3].suite.command.line(options.filter.as_deref());
        assert_eq!(ignored[ignored.len() - 3..], ["--", "--ignored", "health"]);
    }
}
