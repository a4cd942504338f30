//! The recordings of this package.

use std::path::PathBuf;

use greenroom_conformance::transcript::Transcript;

pub(crate) fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/http")
}

pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory())
        .expect("the directory of recordings")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| path.file_stem().expect("a file name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() > 100, "only {} recordings found", names.len());
    names
}

pub(crate) async fn load(name: &str) -> Transcript {
    Transcript::load(&directory(), name).await.unwrap_or_else(|error| panic!("{error}"))
}
