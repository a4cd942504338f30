//! `cargo xtask follow`: locks a newer Node backend beside the others, has it say all that is recorded, and tells what
//! it says differently. The two newest versions stay; recordings of an older one that still hold pass to the next.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

mod retire;

use retire::retire;

/// What to follow to.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct Options {
    /// The version of @backstage/backend-defaults; the latest one if it is left out
    version: Option<String>,
}

const DEFAULTS: &str = "@backstage/backend-defaults";
/// What is locked beside it, in the version that it asks for.
const WITH_IT: [&str; 3] =
    ["@backstage/backend-app-api", "@backstage/backend-plugin-api", "@backstage/errors"];
/// How many versions are held.
const HELD: usize = 2;

/// `cargo xtask follow`
pub(crate) fn follow(options: &Options) -> io::Result<()> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance");
    let version = match &options.version {
        Some(version) => version.clone(),
        None => npm_view(&[DEFAULTS, "version"])?,
    };
    let minor = minor(&version)
        .ok_or_else(|| io::Error::other(format!("{version:?} is no version: 0.19.0 would be one")))?;
    lock(&package.join("peer"), &minor, &version)?;
    succeed(Command::new("sh").arg(package.join("peer/install.sh")))?;
    succeed(
        Command::new("cargo").args(["build", "--package", "greenroom-conformance"]).current_dir(&package),
    )?;
    let follow = ["run", "--quiet", "--package", "greenroom-conformance", "--bin", "follow"];
    succeed(Command::new("cargo").args(follow).current_dir(&package))?;
    for gone in retire(&package, HELD)? {
        println!(
            "{gone} is held no longer: its lock is removed, its recordings that still hold have passed on"
        );
    }
    println!(
        "What {minor} says differently is in tests/conformance/fixtures/{minor}; see it with `git diff` and `git status`.\n\
         Next: CONTRIBUTING.md, \"Following Backstage\"."
    );
    Ok(())
}

/// Locks a version in its directory; a new one begins as a copy of the newest.
fn lock(peers: &Path, minor: &str, version: &str) -> io::Result<()> {
    let directory = peers.join(minor);
    let is_new = !directory.exists();
    if is_new {
        let newest = versions(peers)?.pop().ok_or_else(|| io::Error::other("no version is locked yet"))?;
        fs::create_dir(&directory)?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(peers.join(&newest).join(file), directory.join(file))?;
        }
    }
    let locked = || {
        let mut wanted = vec![format!("{DEFAULTS}@{version}")];
        for name in WITH_IT {
            let field = format!("dependencies[{name}]");
            wanted.push(format!("{name}@{}", npm_view(&[&format!("{DEFAULTS}@{version}"), &field])?));
        }
        println!("locking {} in {}", wanted.join(", "), directory.display());
        let install =
            ["install", "--package-lock-only", "--ignore-scripts", "--save-exact", "--no-audit", "--no-fund"];
        succeed(Command::new("npm").args(install).args(wanted).current_dir(&directory))
    };
    locked().inspect_err(|_| {
        if is_new {
            let _ = fs::remove_dir_all(&directory);
        }
    })
}

/// The versions that have a directory there, the oldest first.
fn versions(parent: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(numbers) = numbers(&name).filter(|numbers| numbers.len() == 2) {
            found.push((numbers, name));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// The minor release of a version.
fn minor(version: &str) -> Option<String> {
    let numbers = numbers(version).filter(|numbers| numbers.len() == 3)?;
    Some(format!("{}.{}", numbers[0], numbers[1]))
}

fn numbers(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// What npm answers, as one line.
fn npm_view(arguments: &[&str]) -> io::Result<String> {
    let output = Command::new("npm").arg("view").args(arguments).output()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || text.is_empty() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("npm view {}: nothing found {why}", arguments.join(" "))));
    }
    Ok(text)
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let program = PathBuf::from(command.get_program());
    let failed = |why: String| io::Error::other(format!("{} {why}", program.display()));
    let status = command.status().map_err(|error| failed(format!("cannot be started: {error}")))?;
    if status.success() { Ok(()) } else { Err(failed(format!("failed ({status})"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_three_numbers_and_stands_in_the_directory_of_two() {
        assert_eq!(minor("0.19.2").as_deref(), Some("0.19"));
        for no_version in ["latest", "0.19", "0.19.0-next.1", ""] {
            assert_eq!(minor(no_version), None, "{no_version}");
        }
    }
}
