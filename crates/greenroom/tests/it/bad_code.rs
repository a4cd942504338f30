//! What rustc says of the mistakes in a handler, once it has `#[debug_handler]`.

#[test]
fn each_mistake_in_a_handler_is_named_where_it_is_made() {
    // The texts are those of the pinned minimum version of Rust, and names of files are long, as in `greenroom-core`.
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
