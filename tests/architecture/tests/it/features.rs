//! Tests that need more than Rust are turned on by xtask.

use crate::repository::{packages, read};

#[test]
fn each_test_that_needs_a_feature_is_in_a_suite_of_xtask() {
    let suites = read("xtask/src/suites.rs");
    let mut needed = 0;
    for package in packages() {
        let manifest = std::fs::read_to_string(package.dir.join("Cargo.toml")).unwrap();
        for line in manifest.lines().filter(|line| line.starts_with("required-features")) {
            for feature in line.split('"').skip(1).step_by(2) {
                needed += 1;
                assert!(suites.contains(&format!("\"{feature}\"")), "{}: {feature}", package.name);
            }
        }
    }
    assert!(needed > 0, "no test needs a feature: has their spelling changed?");
}
