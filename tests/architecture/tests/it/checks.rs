//! Every numbered check of the reference that this stage takes on has a test named after it, or cannot be violated.

use std::collections::BTreeSet;

use crate::repository::{files, read, root};

/// Test functions and compile-fail cases by name.
fn names() -> Vec<String> {
    let mut names = vec![];
    for path in files(&root(), ".rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        names.extend(
            text.split("fn ")
                .skip(1)
                .filter_map(|rest| rest.split(['(', '<', ' ']).next())
                .map(str::to_owned),
        );
        if path.components().any(|part| part.as_os_str() == "compile_fail") {
            names.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    names
}

/// The numbers in `p17_p18_…`, `obs_31_32_p111_…`, `core_1_c7_…`, by family.
fn numbers(family: &str) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for name in names() {
        let mut of = "";
        for word in name.split('_') {
            let digits = |word: &str| word.parse::<u32>().ok();
            if matches!(word, "obs" | "core") {
                of = if word == "obs" { "obs" } else { "" };
            } else if let Some(number) = word.strip_prefix('p').and_then(digits) {
                of = "p";
                found.extend((family == "p").then_some(number));
            } else if let Some(number) = word.strip_prefix('c').and_then(digits) {
                found.extend((family == "core_1" && name.starts_with("core_1_")).then_some(number));
            } else if let Some(number) = digits(word) {
                found.extend((of == "obs" && family == "obs").then_some(number));
            } else {
                break;
            }
        }
    }
    found
}

/// The numbers that `docs/compatibility.md` lists as impossible by type.
fn impossible(family: &str) -> BTreeSet<u32> {
    let page = read("docs/compatibility.md");
    let section = page.split("## Impossible by type").nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix(&format!("| {family} ")));
    cells
        .flat_map(|cell| cell.split(" |").next().unwrap().split([',', ' ', '*']))
        .filter_map(|n| n.parse().ok())
        .collect()
}

fn missing(family: &str, title: &str, expected: impl Iterator<Item = u32>) -> Vec<u32> {
    let held: BTreeSet<_> = numbers(family).union(&impossible(title)).copied().collect();
    expected.filter(|number| !held.contains(number)).collect()
}

#[test]
fn every_check_of_the_plugin_system_is_held() {
    // 122, 125 and 126 belong to services that are not here yet.
    let expected = (1..=126).filter(|number| ![122, 125, 126].contains(number));
    assert_eq!(missing("p", "plugin system", expected), Vec::<u32>::new());
}

#[test]
fn every_check_of_logs_health_and_http_is_held() {
    assert_eq!(missing("obs", "observability", (1..=52).chain([65])), Vec::<u32>::new());
}

#[test]
fn every_check_of_the_config_loader_is_held() {
    assert_eq!(missing("core_1", "config", 1..=32), Vec::<u32>::new());
}
