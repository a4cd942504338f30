//! What came of it all.

mod json;
mod junit;
mod text;

use std::collections::BTreeSet;

use crate::{
    area::Area,
    compare::{Compared, Difference},
    known::Known,
    side::{Origin, Which},
};

/// How many of what was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The same.
    pub same: usize,
    /// Not the same.
    pub differs: usize,
    /// Not the same, as is known.
    pub known: usize,
    /// Nothing can be said.
    pub not_comparable: usize,
}

/// What was compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// In which area it counts.
    pub area: Area,
    /// What it shows.
    pub name: String,
    /// Method and path, if it is a request.
    pub request: Option<String>,
    /// How to ask a side for it, if it is a request.
    pub curl: Option<[String; 2]>,
}

/// Whether it is the same.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is.
    Same,
    /// It is not: in these, of which some may be known by the entries with those numbers.
    Differs(Vec<(Difference, Option<usize>)>),
    /// Nothing can be said, because of this.
    NotComparable(String),
}

/// One thing that was compared, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What it is.
    pub subject: Subject,
    /// Whether it is the same.
    pub verdict: Verdict,
    /// By which rules something was found to change by nature.
    pub applied: BTreeSet<&'static str>,
}

impl Checked {
    /// All differences are known.
    fn is_known(&self) -> bool {
        matches!(&self.verdict, Verdict::Differs(all) if all.iter().all(|(_, known)| known.is_some()))
    }
}

/// All that was compared.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Where the two sides are, if they were asked.
    pub origins: Option<[Origin; 2]>,
    /// In the order in which it was done.
    pub checked: Vec<Checked>,
    /// What is known: of the file, and behind that what is known without one.
    pub known: Known,
    /// How many are of the file.
    pub(crate) of_file: usize,
    /// Why some requests were not made, and how many.
    pub left_out: Option<(String, usize)>,
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// Each side that did not answer, and why.
    pub sides: Vec<(Which, String)>,
}

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told: Vec<String> =
            self.sides.iter().map(|(which, why)| format!("{which} does not answer: {why}")).collect();
        f.write_str(&told.join("\n"))
    }
}

impl std::error::Error for Unreachable {}

impl Report {
    /// A report of nothing yet.
    pub fn new(mut known: Known) -> Self {
        let of_file = known.0.len();
        known.0.extend(Known::by_itself());
        Self { known, of_file, ..Self::default() }
    }

    /// Takes what was compared; the only place at which a report gets a text of a server's.
    pub(crate) fn note(&mut self, subject: Subject, compared: Compared) {
        let (subject, compared) = (subject.shown(), compared.shown());
        let names: Vec<&str> =
            [Some(&*subject.name), subject.request.as_deref()].into_iter().flatten().collect();
        let verdict = match compared.not_comparable {
            Some(why) => Verdict::NotComparable(why),
            None if compared.differences.is_empty() => Verdict::Same,
            None => Verdict::Differs(
                compared
                    .differences
                    .into_iter()
                    .map(|difference| {
                        let known = self.known.covers(subject.area, &names, &difference);
                        (difference, known)
                    })
                    .collect(),
            ),
        };
        self.checked.push(Checked { subject, verdict, applied: compared.applied });
    }

    /// How many there are of what in an area.
    pub fn count(&self, area: Area) -> Count {
        let mut count = Count::default();
        for checked in self.checked.iter().filter(|checked| checked.subject.area == area) {
            match &checked.verdict {
                Verdict::Same => count.same += 1,
                Verdict::NotComparable(_) => count.not_comparable += 1,
                Verdict::Differs(_) if checked.is_known() => count.known += 1,
                Verdict::Differs(_) => count.differs += 1,
            }
        }
        count
    }

    /// The areas in which something was compared.
    fn areas(&self) -> impl Iterator<Item = (Area, Count)> + '_ {
        let counts = Area::ALL.into_iter().map(|area| (area, self.count(area)));
        counts.filter(|(_, count)| *count != Count::default())
    }

    /// Entries of the file of known differences that nothing needed, by their numbers; none while something was left out, as
    /// it might have.
    pub fn unused(&self) -> Vec<usize> {
        if self.left_out.is_some() {
            return vec![];
        }
        let used: BTreeSet<usize> = self
            .checked
            .iter()
            .filter_map(|checked| match &checked.verdict {
                Verdict::Differs(all) => Some(all.iter().filter_map(|(_, known)| *known)),
                _ => None,
            })
            .flatten()
            .collect();
        let compared: BTreeSet<Area> = self.areas().map(|(area, _)| area).collect();
        let was_looked_at =
            |index: &usize| self.known.0[*index].area.is_none_or(|area| compared.contains(&area));
        (0..self.of_file).filter(|index| !used.contains(index)).filter(was_looked_at).collect()
    }

    /// Something could be compared, nothing was left out, and all is the same or known.
    pub fn is_same(&self) -> bool {
        let is_said = |checked: &Checked| !matches!(checked.verdict, Verdict::NotComparable(_));
        self.left_out.is_none()
            && self.checked.iter().any(is_said)
            && self.areas().all(|(_, count)| count.differs == 0)
    }

    /// 0 all is the same or known, 1 it is not.
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.is_same())
    }

    /// The differences that are not known, each once, with all in which it is.
    fn told(&self) -> Vec<(&Difference, Vec<&Checked>)> {
        let mut told: Vec<(&Difference, Vec<&Checked>)> = vec![];
        for checked in &self.checked {
            let Verdict::Differs(all) = &checked.verdict else { continue };
            for (difference, _) in all.iter().filter(|(_, known)| known.is_none()) {
                match told.iter_mut().find(|(known, _)| *known == difference) {
                    Some((_, all)) => all.push(checked),
                    None => told.push((difference, vec![checked])),
                }
            }
        }
        told
    }
}
