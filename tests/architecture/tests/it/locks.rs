//! What the fuzz targets are built of is what the workspace is built of: a finding there is a finding here.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::read;

/// The versions of each package in a `Cargo.lock`.
fn versions(lock: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in read(lock).split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
            line.unwrap_or_else(|| panic!("no {key} in {package}")).trim_matches('"').to_owned()
        };
        all.entry(value("name")).or_default().insert(value("version"));
    }
    all
}

#[test]
fn fuzz_targets_are_built_of_the_versions_that_the_workspace_is_built_of() {
    let (workspace, fuzz) = (versions("Cargo.lock"), versions("fuzz/Cargo.lock"));
    let differing: Vec<_> = fuzz
        .iter()
        .filter_map(|(name, versions)| Some((name, versions, workspace.get(name)?)))
        .filter(|(_, fuzz, workspace)| !fuzz.is_subset(workspace))
        .map(|(name, fuzz, workspace)| {
            format!("{name}: {fuzz:?} in fuzz/, {workspace:?} in the workspace; cargo update --manifest-path fuzz/Cargo.toml -p {name} --precise <version>")
        })
        .collect();
    assert_eq!(differing, Vec::<String>::new());
    assert!(fuzz.len() > 100, "only {} packages are locked", fuzz.len());
}
