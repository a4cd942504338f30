//! What the last live run has counted: nothing differs without a reason. With `UPDATE_DOCS=1` the scores are put into
//! `docs/compatibility.md`.

use std::{fs, path::Path};

use greenroom_conformance::score::{self, Score};

#[test]
fn nothing_differs_from_node_without_a_reason() {
    let scores = score::scores().expect("what `--test live` has left");
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
        let page = score::page(&fs::read_to_string(&path).expect("the page"), &scores);
        fs::write(path, page).expect("the page");
    }
    let told: String = scores.iter().map(|score| format!("{}\n{score}\n", score.packages)).collect();
    assert!(!scores.is_empty() && scores.iter().all(Score::is_ok), "{told}");
}
