//! Counts: what passed, what failed, what was skipped and why.

use std::fmt;

mod libtest;
mod nextest;
mod said;

pub(crate) use libtest::parse as libtest;
pub(crate) use nextest::parse as nextest;

/// The result of one or more suites.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: Vec<Failed>,
    pub(crate) skipped: Vec<Skipped>,
}

/// Something that failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) name: String,
    /// What it printed, as far as it is known and not too long: the summary tells it again, since who reads a log of a whole
    /// run reads its end.
    pub(crate) said: String,
}

/// Something that did not run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) name: String,
    pub(crate) reason: String,
}

impl Failed {
    pub(crate) fn silent(name: &str) -> Self {
        Self { name: name.to_owned(), said: String::new() }
    }
}

impl Tally {
    /// Of one check that succeeded or did not.
    pub(crate) fn of_check(name: &str, succeeded: bool) -> Self {
        match succeeded {
            true => Self { passed: 1, ..Self::default() },
            false => Self { failed: vec![Failed::silent(name)], ..Self::default() },
        }
    }

    /// Of one suite that did not run.
    pub(crate) fn of_skipped(name: &str, reason: String) -> Self {
        Self { skipped: vec![Skipped { name: name.to_owned(), reason }], ..Self::default() }
    }

    /// A command that failed without naming a test (it did not compile, a process died) failed all the same.
    pub(crate) fn explain_status(mut self, name: &str, succeeded: bool) -> Self {
        if !succeeded && self.failed.is_empty() {
            self.failed.push(Failed::silent(&format!("{name} (the command failed; no test is to blame)")));
        }
        self
    }

    /// Adds the results of another suite.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.skipped.extend(other.skipped);
    }
}

impl fmt::Display for Tally {
    /// The details, then one line of counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Skipped { name, reason } in &self.skipped {
            writeln!(f, "skipped: {name}: {reason}")?;
        }
        for Failed { name, said } in &self.failed {
            writeln!(f, "failed: {name}")?;
            for line in said.lines() {
                writeln!(f, "    {line}")?;
            }
        }
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed.len(), self.skipped.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_and_those_above_name() {
        let mut tally = Tally::of_check("lints", false);
        tally.add(Tally::of_check("formatting", true));
        tally.add(Tally::of_skipped("bans", "cargo-deny is not installed".to_owned()));
        assert_eq!(
            tally.to_string(),
            "skipped: bans: cargo-deny is not installed\nfailed: lints\n1 passed, 1 failed, 1 skipped"
        );
    }

    #[test]
    fn what_a_failed_test_said_stands_below_its_name() {
        let failed = Failed { name: "it adds".to_owned(), said: "left: 3\nright: 4".to_owned() };
        let tally = Tally { failed: vec![failed], ..Tally::default() };
        let told = "failed: it adds\n    left: 3\n    right: 4\n0 passed, 1 failed, 0 skipped";
        assert_eq!(tally.to_string(), told);
    }

    #[test]
    fn a_failed_command_is_a_failure_even_if_no_test_failed() {
        let named = Tally::of_check("a test", false).explain_status("rust tests", false);
        assert_eq!(named.failed, [Failed::silent("a test")]);
        let unnamed = Tally::default().explain_status("rust tests", false);
        let blamed = "rust tests (the command failed; no test is to blame)";
        assert_eq!(unnamed.failed, [Failed::silent(blamed)]);
        assert_eq!(Tally::default().explain_status("rust tests", true), Tally::default());
    }
}
