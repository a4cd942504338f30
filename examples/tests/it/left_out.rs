//! Tests that need a feature, so that a plain `cargo test` says that it left them out.

#[cfg(not(feature = "outside"))]
#[test]
#[ignore = "builds a crate outside of the workspace: `cargo xtask test` runs it, or `--features outside`"]
fn a_plugin_in_a_repository_of_its_own() {
    panic!("run `cargo test --package greenroom-examples --features outside --test outside`");
}
