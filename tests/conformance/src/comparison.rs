//! What two backends have in common, counted, and what they have not, sorted by [`crate::deviation`].

use std::collections::BTreeMap;
use std::fmt;

use crate::compare::Difference;
use crate::deviation::{self, Subject};
use crate::score::Count;

/// What was compared, and what of it differs.
#[derive(Debug, Default)]
pub struct Comparison {
    /// In numbers.
    pub count: Count,
    /// Differences without a name.
    pub unexplained: Vec<String>,
    /// Differences with a name: which, and how many.
    pub explained: BTreeMap<&'static str, usize>,
}

impl Comparison {
    /// Counts one thing and sorts its differences.
    pub fn note(&mut self, what: &str, subject: &Subject<'_>, differences: Vec<Difference>) {
        let (deviating, unexplained) = self.sort(what, subject, differences);
        self.count.compared += 1;
        self.count.unexplained += unexplained.min(1);
        self.count.deviating += usize::from(deviating > 0 && unexplained == 0);
    }

    /// Counts so many lines and sorts their differences, of which each is one line's.
    pub fn note_lines(
        &mut self,
        what: &str,
        subject: &Subject<'_>,
        lines: usize,
        differences: Vec<Difference>,
    ) {
        let (deviating, unexplained) = self.sort(what, subject, differences);
        self.count.compared += lines.max(deviating + unexplained);
        self.count.deviating += deviating;
        self.count.unexplained += unexplained;
    }

    fn sort(&mut self, what: &str, subject: &Subject<'_>, differences: Vec<Difference>) -> (usize, usize) {
        let (mut deviating, mut unexplained) = (0, 0);
        for difference in differences {
            match deviation::explains(subject, &difference) {
                Some(rule) => {
                    deviating += 1;
                    *self.explained.entry(rule).or_default() += 1;
                }
                None => {
                    unexplained += 1;
                    self.unexplained.push(format!("{what}: {difference}"));
                }
            }
        }
        (deviating, unexplained)
    }

    /// Nothing differs but what is meant to.
    pub fn is_ok(&self) -> bool {
        self.unexplained.is_empty()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} compared, {} unexplained:", self.count.compared, self.unexplained.len())?;
        self.unexplained.iter().try_for_each(|text| writeln!(f, "{text}"))
    }
}
