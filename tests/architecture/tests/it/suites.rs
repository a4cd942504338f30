//! Tests that need more than Rust are targets that no plain `cargo test` runs; xtask does.

use crate::repository::{packages, read};

#[test]
fn each_target_that_needs_more_than_rust_is_run_and_linted_by_a_suite_of_xtask() {
    let suites = read("xtask/src/suites.rs");
    let mut found = 0;
    for package in packages() {
        let manifest = std::fs::read_to_string(package.dir.join("Cargo.toml")).unwrap();
        for target in manifest.split("[[test]]").skip(1).filter(|target| target.contains("test = false")) {
            found += 1;
            let name = target.split('"').nth(1).unwrap();
            let asked = suites.matches(&format!("\"{name}\"")).count();
            assert!(asked >= 2, "{}: {name}", package.name);
        }
    }
    assert!(found > 0, "no test needs more than Rust: has the spelling changed?");
}

#[test]
fn a_suite_compiles_what_the_others_do() {
    let suites = read("xtask/src/suites.rs");
    assert!(!suites.contains("\"--package\"") && !suites.contains("\"--features\""));
}
