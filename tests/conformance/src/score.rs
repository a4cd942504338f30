//! How much is the same: each run leaves its counts under the target directory, and [`page`] puts their sums at the top of
//! `docs/compatibility.md`, for each version of Node.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::peer;
use crate::version::Version;

/// What is counted, in the order of the table.
pub const AREAS: &[&str] = &[
    "recorded exchanges",
    "recorded logs",
    "starts, failures, drains and stops",
    "over TLS",
    "generated requests",
    "access lines of generated requests",
    "generated log calls",
];

const BEGIN: &str = "<!-- score: rewritten by `UPDATE_DOCS=1 cargo test --workspace --test score` -->";
const END: &str = "<!-- end of score -->";
const INTRODUCTION: &str = "Counted in one run of the suites: recorded ones against what that version once said, the others beside it as it runs.\n\
     The newest version is what \"Node\" means on this page; Greenroom is compared with the one before under the\n\
     `greenroom.compatibility` that it takes for that. What differs otherwise fails the run.";

/// Counts of one run or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many things were compared.
    pub compared: usize,
    /// How many differ in a way that has a row on the page.
    pub deviating: usize,
    /// How many differ otherwise.
    pub unexplained: usize,
}

impl Count {
    /// How many do not differ.
    pub fn same(&self) -> usize {
        self.compared.saturating_sub(self.deviating + self.unexplained)
    }

    fn add(&mut self, other: Self) {
        self.compared += other.compared;
        self.deviating += other.deviating;
        self.unexplained += other.unexplained;
    }
}

/// Where the counts of an area are, for a version of Node.
fn directory(version: Version, area: &str) -> PathBuf {
    let area = area.replace([' ', ','], "-");
    peer::target().join("compatibility").join(version.to_string()).join(area)
}

/// Leaves the counts of one part of an area, in place of those of an earlier run.
pub fn leave(version: Version, area: &str, part: &str, count: Count) -> io::Result<()> {
    assert!(AREAS.contains(&area), "an area of the table, not {area:?}");
    let directory = directory(version, area);
    fs::create_dir_all(&directory)?;
    let Count { compared, deviating, unexplained } = count;
    fs::write(directory.join(part), format!("{compared} {deviating} {unexplained}\n"))
}

/// How Greenroom compares with one version of Node.
#[derive(Clone, Debug)]
pub struct Score {
    /// The version and its packages: `backend-defaults 0.19.0, …`.
    pub packages: String,
    /// The counts of each area that has been run.
    pub sums: BTreeMap<&'static str, Count>,
}

impl Score {
    /// What runs have left for a version.
    pub fn of(version: Version) -> io::Result<Self> {
        let mut sums = BTreeMap::new();
        for area in AREAS {
            let Ok(parts) = fs::read_dir(directory(version, area)) else { continue };
            let mut sum = Count::default();
            for part in parts {
                let text = fs::read_to_string(part?.path())?;
                let numbers: Vec<usize> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
                if let [compared, deviating, unexplained] = numbers[..] {
                    sum.add(Count { compared, deviating, unexplained });
                }
            }
            sums.insert(*area, sum);
        }
        Ok(Self { packages: version.packages()?, sums })
    }

    /// All areas were run, and nothing differs but what is meant to.
    pub fn is_ok(&self) -> bool {
        self.sums.len() == AREAS.len() && self.sums.values().all(|count| count.unexplained == 0)
    }
}

impl fmt::Display for Score {
    /// The table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| area | compared | the same | differ by a row below | differ otherwise |")?;
        writeln!(f, "| --- | --- | --- | --- | --- |")?;
        for (area, count) in AREAS.iter().filter_map(|area| Some((area, self.sums.get(area)?))) {
            let Count { compared, deviating, unexplained } = count;
            writeln!(f, "| {area} | {compared} | {} | {deviating} | {unexplained} |", count.same())?;
        }
        Ok(())
    }
}

/// The scores of all versions, the newest first.
pub fn scores() -> io::Result<Vec<Score>> {
    Version::held().into_iter().map(Score::of).collect()
}

/// What is wrong with the scores of a page: without its marks, a version, or an area of one; or something differs that has
/// no row. Only the versions of `expected` count, not its sums.
pub fn faults(page: &str, expected: &[Score]) -> Vec<String> {
    let section = page.split_once(BEGIN).and_then(|(_, rest)| Some(rest.split_once(END)?.0));
    let Some(section) = section else { return vec!["the page has no score".to_owned()] };
    let mut faults = Vec::new();
    for packages in expected.iter().map(|score| &score.packages) {
        let part = section.split("### ").find(|part| part.lines().next() == Some(packages));
        let Some(part) = part else {
            faults.push(format!("no score of {packages}"));
            continue;
        };
        for area in AREAS {
            let row = part.lines().find_map(|line| line.strip_prefix(&format!("| {area} | ")));
            let cells: Vec<Option<usize>> = row
                .map(|row| row.trim_end_matches(" |").split(" | ").map(|cell| cell.parse().ok()).collect())
                .unwrap_or_default();
            match cells[..] {
                [Some(compared), Some(same), Some(deviating), Some(0)]
                    if compared > 0 && compared == same + deviating => {}
                _ => faults.push(format!("{packages}: {area}: {row:?}")),
            }
        }
    }
    faults
}

/// The page with these scores, which stand before its first heading of a section.
pub fn page(page: &str, scores: &[Score]) -> String {
    let mut section = format!("{BEGIN}\n## Score\n\n{INTRODUCTION}\n");
    for score in scores {
        let _ = write!(section, "\n### {}\n\n{score}", score.packages);
    }
    section.push_str(&format!("{END}\n"));
    if let (Some(begin), Some(end)) = (page.find(BEGIN), page.find(END)) {
        let after = page[end + END.len()..].trim_start_matches('\n');
        return format!("{}{section}\n{after}", &page[..begin]);
    }
    let at = page.find("\n## ").map_or(page.len(), |at| at + 1);
    format!("{}{section}\n{}", &page[..at], &page[at..])
}
