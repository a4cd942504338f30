//! The rules of `docs/contract` and the rows of `docs/compatibility.md` that a test holds.

use std::fs;
use std::path::{Path, PathBuf};

/// The first cells of the rows that name one of these tests; those of a page after the page's name.
pub(super) fn of<'a>(tests: impl Iterator<Item = &'a String> + Clone) -> Vec<String> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let contract = fs::read_dir(docs.join("contract")).into_iter().flatten();
    let mut pages: Vec<PathBuf> = contract.filter_map(|entry| Some(entry.ok()?.path())).collect();
    pages.push(docs.join("compatibility.md"));
    pages.sort();
    let mut found = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap_or_default();
        let name = page.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        found.extend(rows(&text, tests.clone()).map(|first| format!("{name} {first}")));
    }
    found
}

/// The first cells of the rows of tables that name one of the tests.
fn rows<'t, 'a>(
    page: &'t str,
    tests: impl Iterator<Item = &'a String> + Clone,
) -> impl Iterator<Item = &'t str> {
    let row = page.lines().filter_map(|line| line.strip_prefix("| "));
    row.filter(move |row| tests.clone().any(|test| row.contains(&format!("`{test}`"))))
        .filter_map(|row| Some(row.split_once(" |")?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_of_a_test_that_it_names_and_of_no_other() {
        let page = "| 12 | says so | `http_unset`, `other` |\n| 13 | says more | `http_unset_server` |\ntext `http_unset`";
        let of = |test: &str| rows(page, [test.to_owned()].iter()).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(of("http_unset"), ["12"]);
        assert_eq!(of("http_unset_server"), ["13"]);
        assert!(of("http").is_empty());
    }
}
