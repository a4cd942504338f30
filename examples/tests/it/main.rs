//! The documents show the code that is compiled here.

mod doors;
mod names;
mod notes;

use greenroom_examples::document::{blocks, included, root, settle};

#[track_caller]
fn check(document: &str) {
    let text = std::fs::read_to_string(root().join(document)).expect("the document is there");
    let mut expected = vec![];
    for (number, block) in blocks(&text).iter().enumerate() {
        if let Some(text) = included(&block.mark) {
            let text = text.unwrap_or_else(|error| panic!("{document}: {}: {error}", block.mark));
            expected.push((number, text));
        }
    }
    assert!(!expected.is_empty(), "{document} includes nothing");
    settle(document, &expected).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_observability_page_shows_compiled_code() {
    check("docs/observability.md");
}

#[test]
fn the_plugin_guide_shows_compiled_code() {
    check("docs/plugin-guide.md");
}
