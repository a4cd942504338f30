//! What rustc says of the mistakes an author can make (contract: plugin-22, plugin-51, plugin-67 and others).

#[test]
fn each_mistake_is_named_where_it_is_made() {
    // The texts are those of the pinned minimum version of Rust, which says things in another order when a closure's
    // place is short: names of files are long enough that the length of the checkout's path does not matter.
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
