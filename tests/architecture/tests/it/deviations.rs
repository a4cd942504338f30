//! Each deviation from Node names a test that exists.

use std::collections::BTreeSet;

use crate::repository::{files, read, root};

/// The names of all test functions.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in files(&root(), ".rs") {
        let text = std::fs::read_to_string(path).unwrap();
        let called = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<', ' ']).next());
        names.extend(called.map(str::to_owned));
    }
    names
}

#[test]
fn each_row_of_the_compatibility_page_names_a_test_that_exists() {
    let (page, tests) = (read("docs/compatibility.md"), tests());
    let mut wrong = vec![];
    let mut rows = 0;
    let mut in_deviations = false;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        if cells.iter().all(|cell| cell.starts_with("---")) {
            continue;
        }
        if !row.contains('`') && cells.len() > 1 && matches!(cells[0], "Node does" | "rule" | "area") {
            in_deviations = cells[0] == "Node does";
            continue;
        }
        if !in_deviations {
            continue;
        }
        if cells.len() != 4 {
            wrong.push(format!("not four cells: {row}"));
            continue;
        }
        rows += 1;
        let named: Vec<_> = cells[3].split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            wrong.push(format!("names no test: {}", cells[0]));
        }
        wrong.extend(
            named.into_iter().filter(|name| !tests.contains(*name)).map(|name| format!("no test `{name}`")),
        );
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(rows > 20, "only {rows} rows were read");
}
