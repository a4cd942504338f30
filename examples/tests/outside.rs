//! The guide's plugin as a crate of its own, outside of this workspace: what somebody else's repository does.
//!
//! Only `cargo xtask test` runs it, because it compiles the framework once more.

use std::{fs, path::Path, process::Command};

use greenroom_examples::document::{blocks, root};

#[test]
fn the_guides_plugin_builds_and_its_tests_pass_in_a_repository_of_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let guide = root().join("examples/guide");
    // Whoever pastes the guide's blocks gets a crate that compiles.
    let document = fs::read_to_string(root().join("docs/plugin-guide.md")).expect("the guide");
    fs::create_dir_all(directory.path().join("src")).expect("a directory");
    for file in ["src/lib.rs", "src/guests.rs"] {
        let mark = format!("guide/{file}#");
        let parts = blocks(&document).into_iter().filter(|block| block.mark.contains(&mark));
        let whole = parts.map(|block| block.text).collect::<Vec<_>>().join("\n");
        fs::write(directory.path().join(file), whole).expect("a source");
    }
    for file in [
        "src/main.rs",
        "tests/greetings.rs",
        "tests/guests.rs",
        "config.schema.json",
        "guests.schema.json",
        "app-config.yaml",
    ] {
        copy(&guide.join(file), &directory.path().join(file));
    }
    // The versions that are tested here, and no network.
    copy(&root().join("Cargo.lock"), &directory.path().join("Cargo.lock"));
    let manifest = fs::read_to_string(guide.join("outside.toml")).expect("the manifest of the guide");
    let beside = "../greenroom/";
    assert_eq!(manifest.matches(beside).count(), 4, "the paths of the guide");
    let here = format!("{}/", root().display());
    fs::write(directory.path().join("Cargo.toml"), manifest.replace(beside, &here)).expect("a manifest");

    let (out, _) = cargo(directory.path(), "test", &[]);
    for file in ["tests/greetings.rs", "tests/guests.rs"] {
        let tests = fs::read_to_string(guide.join(file)).expect("tests").matches("#[tokio::test]").count();
        assert!(out.contains(&format!("test result: ok. {tests} passed")), "{file}: {out}");
    }
    // Its config is the guide's.
    let (out, err) = cargo(directory.path(), "run", &["--", "config", "check"]);
    assert!(out.contains("The configuration is fine"), "{out}{err}");
}

/// What it says on stdout and stderr.
fn cargo(directory: &Path, command: &str, arguments: &[&str]) -> (String, String) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([command, "--offline", "--quiet"]).current_dir(directory).env("DOOR_KEY", "open-sesame");
    // What this workspace's profile says, so that what is compiled already is used.
    cargo.args(["--config", "profile.dev.debug='line-tables-only'"]);
    cargo.args(["--config", "profile.dev.package.'*'.debug=false"]);
    cargo.arg("--target-dir").arg(target()).args(arguments);
    let output = cargo.output().expect("cargo");
    let told = [output.stdout, output.stderr].map(|told| String::from_utf8_lossy(&told).into_owned());
    assert!(output.status.success(), "{told:?}");
    told.into()
}

fn copy(from: &Path, to: &Path) {
    let parent = to.parent().expect("a directory");
    fs::create_dir_all(parent).and_then(|()| fs::copy(from, to)).unwrap_or_else(|error| {
        panic!("{} to {}: {error}", from.display(), to.display());
    });
}

/// The target directory of this test.
fn target() -> std::path::PathBuf {
    let test = std::env::current_exe().expect("this test");
    test.ancestors().nth(3).expect("target/<profile>/deps").to_owned()
}
