//! What rustc says of the mistakes an author can make.

#[test]
fn each_mistake_is_told_with_what_to_write() {
    // The texts are those of the pinned minimum version of Rust, which says things in another order when a closure's
    // place is short: names of files are long enough that the length of the checkout's path does not matter.
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
