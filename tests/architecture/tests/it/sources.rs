//! What every source file keeps to.

use crate::repository::{files, packages, root};

#[test]
fn a_file_has_at_most_400_lines() {
    let long: Vec<_> = [".rs", ".js"]
        .into_iter()
        .flat_map(|ending| files(&root(), ending))
        .filter_map(|path| {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            (lines > 400).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn a_module_says_in_its_first_line_what_it_is_for() {
    let silent: Vec<_> = packages()
        .iter()
        .flat_map(|package| files(&package.dir, ".rs"))
        .filter(|path| {
            path.components().any(|part| part.as_os_str() == "src") || path.ends_with("it/main.rs")
        })
        .filter(|path| !std::fs::read_to_string(path).unwrap().starts_with("//! "))
        .collect();
    assert_eq!(silent, Vec::<std::path::PathBuf>::new());
}

#[test]
fn nothing_is_left_unfinished_and_no_test_is_switched_off_without_a_reason() {
    // Spelled so that this file does not find itself.
    let marks = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("FIX", "ME"),
        concat!("#[ign", "ore]"),
    ];
    let mut found = vec![];
    for path in files(&root(), ".rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        for mark in marks.iter().filter(|mark| text.contains(**mark)) {
            found.push(format!("{}: {mark}", path.display()));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn calls_go_out_by_the_one_client_and_by_that_of_the_test_kit() {
    let mut callers: Vec<_> = packages()
        .iter()
        .filter(|package| ["crates", "plugins"].iter().any(|dir| package.dir.starts_with(root().join(dir))))
        .filter(|package| {
            let has_client = |path: &std::path::PathBuf| {
                let text = std::fs::read_to_string(path).unwrap();
                ["hyper::client", "hyper_util::client", "client::conn", "client::legacy", "TlsConnector"]
                    .iter()
                    .any(|path| text.contains(path))
            };
            // It looks at handshakes and certificates, which no client shows.
            let is_exception = |path: &std::path::PathBuf| path.ends_with("look/src/web/raw.rs");
            files(&package.dir.join("src"), ".rs").iter().any(|path| has_client(path) && !is_exception(path))
        })
        .map(|package| package.name.clone())
        .collect();
    callers.sort();
    // The proxy makes no calls: it passes on those of its clients, to the one server behind.
    assert_eq!(callers, ["greenroom-http-client", "greenroom-proxy", "greenroom-test"]);
}
