//! The workspace's programs, built if they are missing or older than their sources.
//!
//! Cargo tells tests only of their own package's programs. Those of others lie beside this test's executable.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use greenroom_examples::document::root;

/// The path of a package's program.
///
/// # Errors
/// When it is not there and cannot be built.
pub fn path(package: &str, name: &str) -> io::Result<PathBuf> {
    let test = env::current_exe()?;
    let no_profile = || io::Error::other(format!("{} is not in a target directory", test.display()));
    let profile = test.parent().and_then(Path::parent).ok_or_else(no_profile)?;
    let binary = profile.join(name);
    if is_fresh(&binary) {
        return Ok(binary);
    }
    let profile_name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let target = profile.parent().ok_or_else(no_profile)?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--profile", profile_name, "--package", package, "--bins"]);
    cargo.arg("--target-dir").arg(target).current_dir(root());
    let status = cargo.status()?;
    if status.success() {
        Ok(binary)
    } else {
        Err(io::Error::other(format!("cannot build {name}: {status}")))
    }
}

/// Whether the program is there and younger than every source that it was made of, which cargo lists in `<name>.d`.
fn is_fresh(binary: &Path) -> bool {
    let made = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    let (Ok(built), Ok(list)) = (made(binary), fs::read_to_string(binary.with_extension("d"))) else {
        return false;
    };
    let mut sources = list.split_once(": ").map_or("", |(_, sources)| sources).split_whitespace();
    // A source that is gone was another crate's of the same name, or renamed.
    sources.all(|source| made(source.as_ref()).is_ok_and(|changed| changed <= built))
}
