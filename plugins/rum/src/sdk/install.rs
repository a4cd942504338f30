//! Fetches the SDK by the operator's own npm, or takes an archive that is there, and lays its files out.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    directory,
    files::Sdk,
    package::{LARGEST, PINNED, Package, Unusable},
};

/// Where the SDK's package comes from.
#[derive(Clone, Debug)]
pub enum InstallFrom {
    /// `npm pack`, run in this directory: whatever registry and proxy npm is set up for there is used.
    Npm {
        /// The working directory.
        dir: PathBuf,
    },
    /// A file that `npm pack` has made, perhaps on another machine.
    Tarball(PathBuf),
}

/// What is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The SDK's version.
    pub version: &'static str,
    /// Where its files are.
    pub dir: PathBuf,
}

/// Why there is no SDK. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// There is no npm.
    #[error("npm is not here ({0}): install Node, or run `npm pack {package}` elsewhere and give the file to --from", package = spec(&PINNED))]
    NoNpm(io::Error),
    /// npm could not fetch the package.
    #[error("npm could not fetch {package}: {0}", package = spec(&PINNED))]
    NpmFailed(String),
    /// The archive cannot be read.
    #[error("cannot read {path}: {error}", path = .0.display(), error = .1)]
    NotRead(PathBuf, io::Error),
    /// It is another archive.
    #[error(
        "{path} is not {package} as npm has it: its SHA-512 is another one. Fetch it with `npm pack {package}`; where a \
         registry of your own packs it anew, take the file from registry.npmjs.org",
        path = .0.display(), package = spec(&PINNED)
    )]
    OtherContent(PathBuf),
    /// It holds no SDK.
    #[error("{path} holds no bundle of the SDK", path = .0.display())]
    NoBundle(PathBuf),
    /// The files cannot be written.
    #[error("cannot write to {path}: {error}. Make it writable, or choose another place in greenroom.dataDir", path = .0.display(), error = .1)]
    NotWritten(PathBuf, io::Error),
}

fn spec(package: &Package) -> String {
    format!("{}@{}", package.name, package.version)
}

/// Lays out the SDK in the data directory: all of it, or nothing. It blocks.
///
/// ```no_run
/// use std::path::Path;
/// use greenroom_plugin_rum::{InstallError, InstallFrom, install_sdk};
///
/// let data_dir = Path::new("/var/lib/greenroom");
/// // By npm, as it is set up for the portal's directory; or from what `npm pack` has made elsewhere.
/// let by_npm = InstallFrom::Npm { dir: "/srv/portal".into() };
/// let from_a_file = InstallFrom::Tarball("datadog-browser-rum-7.16.2.tgz".into());
/// let installed = install_sdk(&by_npm, data_dir).or_else(|_| install_sdk(&from_a_file, data_dir))?;
/// assert!(installed.dir.starts_with(data_dir));
/// # Ok::<_, InstallError>(())
/// ```
///
/// # Errors
/// Without npm, when npm fails, for another archive than the pinned one, where nothing can be written.
pub fn install_sdk(source: &InstallFrom, data_dir: &Path) -> Result<Installed, InstallError> {
    install(&PINNED, source, data_dir)
}

fn install(package: &Package, source: &InstallFrom, data_dir: &Path) -> Result<Installed, InstallError> {
    let (path, archive) = match source {
        InstallFrom::Tarball(path) => (path.clone(), read(path)?),
        InstallFrom::Npm { dir } => fetch(package, dir, "npm")?,
    };
    let files = package.files(&archive).map_err(|unusable| match unusable {
        Unusable::OtherContent => InstallError::OtherContent(path),
        Unusable::NoArchive | Unusable::Incomplete => InstallError::NoBundle(path),
    })?;
    let dir = directory(data_dir, package.version);
    lay_out(&dir, files).map_err(|error| InstallError::NotWritten(dir.clone(), error))?;
    Ok(Installed { version: package.version, dir })
}

fn read(path: &Path) -> Result<Vec<u8>, InstallError> {
    let not_read = |error| InstallError::NotRead(path.to_owned(), error);
    let length = fs::metadata(path).map_err(not_read)?.len();
    if length > LARGEST {
        return Err(not_read(io::Error::other("it is too large")));
    }
    fs::read(path).map_err(not_read)
}

/// The archive, and what it was called.
fn fetch(package: &Package, dir: &Path, npm: &str) -> Result<(PathBuf, Vec<u8>), InstallError> {
    let into = tempfile::tempdir().map_err(|error| InstallError::NotWritten(std::env::temp_dir(), error))?;
    let output = Command::new(npm)
        .args(["pack", &spec(package), "--silent", "--pack-destination"])
        .arg(into.path())
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .map_err(InstallError::NoNpm)?;
    let said = || {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        let said = if said.is_empty() { "it says nothing; run the same without --silent" } else { said };
        said.chars().take(2000).collect::<String>()
    };
    let packed = fs::read_dir(into.path()).into_iter().flatten().flatten().map(|entry| entry.path()).next();
    match packed.filter(|_| output.status.success()) {
        Some(path) => Ok((PathBuf::from(format!("what {npm} has fetched")), read(&path)?)),
        None => Err(InstallError::NpmFailed(greenroom::redact::text(&said()).into_owned())),
    }
}

/// Writes beside the place, and then puts all of it there at once.
fn lay_out(dir: &Path, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> io::Result<()> {
    let above = dir.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(above)?;
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(above)?;
    for (name, content) in files {
        let path = new.path().join(&name);
        fs::create_dir_all(path.parent().unwrap_or(above))?;
        fs::write(path, content)?;
    }
    // What cannot be read back is not put there.
    Sdk::read(new.path(), None)?;
    let old = tempfile::Builder::new().prefix(".old-").tempdir_in(above)?;
    if dir.exists() {
        fs::rename(dir, old.path().join("sdk"))?;
    }
    fs::rename(new.keep(), dir)?;
    readable(dir)
}

/// A temporary directory is its owner's alone; this one may be filled by somebody else than who serves it.
fn readable(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{super::package::tests::archive, *};

    const FILES: [(&str, &str); 2] =
        [("package/bundle/datadog-rum.js", "main"), ("package/bundle/chunks/a-datadog-rum.js", "chunk")];

    #[test]
    fn rum_29_an_archive_is_laid_out_and_replaces_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let (package, bytes) = archive(&FILES);
        let tarball = dir.path().join("sdk.tgz");
        fs::write(&tarball, bytes).unwrap();
        let old = dir.path().join("rum-sdk/7.16.2");
        fs::create_dir_all(old.join("chunks")).unwrap();
        fs::write(old.join("chunks/old.js"), "old").unwrap();
        for _ in 0..2 {
            let installed = install(&package, &InstallFrom::Tarball(tarball.clone()), dir.path()).unwrap();
            assert_eq!(installed, Installed { version: "7.16.2", dir: old.clone() });
            let sdk = Sdk::read(&installed.dir, Some("7.16.2")).unwrap();
            assert_eq!(sdk.file("chunks/a-datadog-rum.js").unwrap(), "chunk");
            assert_eq!(sdk.file("chunks/old.js"), None);
        }
        let left: Vec<_> = fs::read_dir(dir.path().join("rum-sdk"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["7.16.2"]);
        assert_eq!(fs::metadata(old).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn rum_29_what_went_wrong_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let told = |package: &Package, source: InstallFrom, data_dir: &Path| {
            install(package, &source, data_dir).unwrap_err().to_string()
        };
        let (package, bytes) = archive(&FILES);
        let tarball = dir.path().join("sdk.tgz");
        fs::write(&tarball, &bytes).unwrap();
        let from = || InstallFrom::Tarball(tarball.clone());
        assert!(told(&PINNED, from(), dir.path()).contains("npm pack @datadog/browser-rum@7.16.2"));
        assert!(
            told(&package, InstallFrom::Tarball(dir.path().join("none.tgz")), dir.path())
                .contains("cannot read")
        );
        assert!(told(&package, from(), &tarball).contains("greenroom.dataDir"));
        let (empty, bytes) = archive(&[("package/x", "")]);
        fs::write(&tarball, bytes).unwrap();
        assert!(told(&empty, from(), dir.path()).contains("holds no bundle"));
    }

    #[test]
    fn rum_29_npm_is_run_where_its_settings_are_and_what_it_says_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (package, bytes) = archive(&FILES);
        fs::write(dir.path().join("sdk.tgz"), &bytes).unwrap();
        let npm = |script: &str| {
            let path = dir.path().join("npm");
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            fetch(&package, dir.path(), path.to_str().unwrap())
        };
        let (_, fetched) =
            npm(r#"[ "$1 $2 $3" = "pack @datadog/browser-rum@7.16.2 --silent" ] && cp sdk.tgz "$5""#)
                .unwrap();
        assert_eq!(fetched, bytes);
        let told = npm("echo 'E404 https://me:pw@registry.example/x' >&2; exit 1").unwrap_err().to_string();
        assert!(told.contains("E404 https://***@registry.example/x"), "{told}");
        assert!(npm("exit 0").unwrap_err().to_string().contains("says nothing"));
        let none = fetch(&package, dir.path(), "/nowhere/npm").unwrap_err().to_string();
        assert!(none.starts_with("npm is not here") && none.contains("--from"), "{none}");
    }
}
