//! Tests that need a feature, so that a plain `cargo test` says that it left them out.

#[cfg(not(feature = "node"))]
#[test]
#[ignore = "needs Node: `cargo xtask test` runs it, or `--features node`"]
fn values_are_encoded_as_json_stringify_does() {
    panic!("run `cargo test --package greenroom-logging --features node --test node`");
}
