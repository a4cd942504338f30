//! Fetches the SDK by the operator's own npm, or takes an archive that is there, and lays its files out.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use greenroom::data_dir;

use super::{
    Installed, directory,
    npm::{self, NotRun},
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

impl fmt::Display for InstallFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Npm { .. } => write!(f, "{} by npm", spec(&PINNED)),
            Self::Tarball(path) => write!(f, "{} from {}", spec(&PINNED), path.display()),
        }
    }
}

/// Why there is no SDK. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// There is no npm.
    #[error("npm is not here ({0}): install Node, or run `npm pack {package}` elsewhere and give the file to `rum sdk --from`", package = spec(&PINNED))]
    NoNpm(io::Error),
    /// npm could not fetch the package.
    #[error(
        "npm could not fetch {package}: {0}. Where npm gets nothing, run `npm pack {package}` elsewhere and give the file to `rum sdk --from`",
        package = spec(&PINNED)
    )]
    NpmFailed(String),
    /// Somebody has stopped it.
    #[error("interrupted: nothing was installed")]
    Interrupted,
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

/// Lays out the SDK in the data directory: all of it, or nothing. By npm it does so only where it is not there already.
///
/// It blocks, and is not for tasks. SIGINT, SIGTERM and SIGHUP end npm, and no longer the process, which gets an error.
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
/// Without npm, when npm fails or is interrupted, for another archive than the pinned one, where nothing can be written.
pub fn install_sdk(source: &InstallFrom, data_dir: &Path) -> Result<Installed, InstallError> {
    install(&PINNED, source, data_dir)
}

fn install(package: &Package, source: &InstallFrom, data_dir: &Path) -> Result<Installed, InstallError> {
    let (path, archive) = match source {
        InstallFrom::Tarball(path) => (path.clone(), read(path)?),
        InstallFrom::Npm { dir } => match Installed::find_package(package, data_dir) {
            Some(installed) => return Ok(installed),
            None => fetch(package, dir, "npm")?,
        },
    };
    let files = package.unpack(&archive).map_err(|unusable| match unusable {
        Unusable::OtherContent => InstallError::OtherContent(path),
        Unusable::NoArchive | Unusable::Incomplete => InstallError::NoBundle(path),
    })?;
    let dir = directory(data_dir, package.version);
    lay_out(data_dir, &dir, &files).map_err(|error| InstallError::NotWritten(dir.clone(), error))?;
    Ok(Installed { version: package.version, dir, was_here: false })
}

fn read(path: &Path) -> Result<Vec<u8>, InstallError> {
    let not_read = |error| InstallError::NotRead(path.to_owned(), error);
    let mut archive = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut archive));
    read.map_err(not_read)?;
    if archive.len() as u64 > LARGEST {
        return Err(not_read(io::Error::other("it is too large")));
    }
    Ok(archive)
}

/// It says what went wrong, and tries again once: more takes a minute where there is no network.
const NPM: [&str; 3] = ["--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=2000"];

/// The archive, and what it was called.
fn fetch(package: &Package, dir: &Path, npm: &str) -> Result<(PathBuf, Vec<u8>), InstallError> {
    let into = tempfile::tempdir().map_err(|error| InstallError::NotWritten(std::env::temp_dir(), error))?;
    let mut command = Command::new(npm);
    command.args(["pack", &spec(package), "--pack-destination"]).arg(into.path()).args(NPM).current_dir(dir);
    let output = npm::run(command).map_err(|not_run| match not_run {
        NotRun::NotStarted(error) => InstallError::NoNpm(error),
        NotRun::Interrupted => InstallError::Interrupted,
    })?;
    let packed = fs::read_dir(into.path()).into_iter().flatten().flatten().map(|entry| entry.path()).next();
    match packed.filter(|_| output.status.success()) {
        Some(path) => Ok((PathBuf::from(format!("what {npm} has fetched")), read(&path)?)),
        None => {
            let said = String::from_utf8_lossy(&output.stderr);
            let silent = || format!("it ended with {} and said nothing", output.status);
            let reason = npm::reason(&said).map_or_else(silent, |line| line.chars().take(500).collect());
            Err(InstallError::NpmFailed(greenroom::redact::text(&reason).into_owned()))
        }
    }
}

/// What runs write and set aside, until they are done with it.
const NEW: &str = ".new-";
const OLD: &str = ".old-";

/// Writes beside the place, and then puts all of it there at once.
fn lay_out(data_dir: &Path, dir: &Path, files: &BTreeMap<&'static str, Vec<u8>>) -> io::Result<()> {
    let above = dir.parent().unwrap_or(data_dir);
    data_dir::make_dir(data_dir)?;
    if !above.is_dir() {
        fs::create_dir(above)?;
        open(above, 0o755)?;
    }
    // One run at a time, until this one ends: what others have left is nobody's then.
    let at_work = fs::File::open(above)?;
    if at_work.lock().is_ok() {
        remove_left(above);
    }
    let new = tempfile::Builder::new().prefix(NEW).tempdir_in(above)?;
    for (name, content) in files {
        let path = new.path().join(name);
        let below = path.parent().unwrap_or(above);
        fs::create_dir_all(below)?;
        open(below, 0o755)?;
        fs::write(&path, content)?;
        open(&path, 0o644)?;
    }
    let old = tempfile::Builder::new().prefix(OLD).tempdir_in(above)?;
    if dir.exists() {
        fs::rename(dir, old.path().join("sdk"))?;
    }
    fs::rename(new.keep(), dir)
}

/// Removes what runs that were ended half-way have left. What cannot be removed is in nobody's way.
fn remove_left(above: &Path) {
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if [NEW, OLD].iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes())) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// What everybody's browser gets is no secret, and who installs it may be somebody else than who serves it, whatever the first
/// one's `umask`.
fn open(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::{super::package::tests::package_of, *};
    use crate::sdk::Sdk;
    use greenroom::context::spawn_thread;

    const FILES: [(&str, &str); 2] = [("datadog-rum.js", "main"), ("chunks/a-datadog-rum.js", "chunk")];

    /// A program in npm's place.
    fn npm(dir: &Path, script: &str) -> String {
        let path = dir.join("npm");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        open(&path, 0o755).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn rum_29_an_archive_is_laid_out_and_replaces_what_is_there() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = root.path().join(".greenroom");
        let (package, bytes) = package_of(&FILES, &[]);
        let tarball = root.path().join("sdk.tgz");
        fs::write(&tarball, bytes).unwrap();
        let old = data_dir.join("rum-sdk/7.16.2");
        data_dir::make_dir(&data_dir).unwrap();
        fs::create_dir_all(old.join("chunks")).unwrap();
        fs::write(old.join("chunks/old.js"), "old").unwrap();
        assert_eq!(Installed::find_package(&package, &data_dir), None, "it is another one");
        for _ in 0..2 {
            let installed = install(&package, &InstallFrom::Tarball(tarball.clone()), &data_dir).unwrap();
            assert_eq!(installed, Installed { version: "7.16.2", dir: old.clone(), was_here: false });
            assert!(Sdk::pinned(&installed.dir, &package).is_ok());
            assert!(!old.join("chunks/old.js").exists());
        }
        let left: Vec<_> =
            fs::read_dir(data_dir.join("rum-sdk")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["7.16.2"]);
        // The demo's token and a key may come to lie beside it, in a repository.
        assert_eq!(fs::read_to_string(data_dir.join(".gitignore")).unwrap(), "*\n");
    }

    #[test]
    fn rum_29_what_a_run_has_left_that_was_ended_half_way_the_next_one_removes_unless_it_is_at_work() {
        let root = tempfile::tempdir().unwrap();
        let above = root.path().join("rum-sdk");
        let (package, bytes) = package_of(&FILES, &[]);
        let tarball = root.path().join("sdk.tgz");
        fs::write(&tarball, bytes).unwrap();
        for left in [".new-a1b2c3/chunks", ".old-a1b2c3/sdk"] {
            fs::create_dir_all(above.join(left)).unwrap();
        }
        let names = || {
            let mut names: Vec<_> =
                fs::read_dir(&above).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let at_work = fs::File::open(&above).unwrap();
        at_work.lock().unwrap();
        let data_dir = root.path().to_owned();
        let from = InstallFrom::Tarball(tarball);
        let next = spawn_thread("install", move || install(&package, &from, &data_dir)).unwrap();
        assert_eq!(names(), [".new-a1b2c3", ".old-a1b2c3"]);
        at_work.unlock().unwrap();
        next.join().unwrap().unwrap();
        assert_eq!(names(), ["7.16.2"]);
    }

    /// The `umask` is of a process, not of a test: this one starts itself again with another one.
    #[test]
    fn rum_29_what_was_installed_by_one_user_is_read_by_another_one_whatever_the_umask() {
        if std::env::var_os("WITH_UMASK").is_none() {
            let name = "rum_29_what_was_installed_by_one_user_is_read_by_another_one_whatever_the_umask";
            let mut again = Command::new("sh");
            again.args(["-c", "umask 077; exec \"$0\" --exact \"$1\""]).arg(std::env::current_exe().unwrap());
            let (_, module) = module_path!().split_once("::").unwrap();
            let output = again.arg(format!("{module}::{name}")).env("WITH_UMASK", "1").output().unwrap();
            let told = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && told.contains("1 passed"), "{told}");
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let data_dir = root.path().join(".greenroom");
        let (package, bytes) = package_of(&FILES, &[]);
        let tarball = root.path().join("sdk.tgz");
        fs::write(&tarball, bytes).unwrap();
        let installed = install(&package, &InstallFrom::Tarball(tarball), &data_dir).unwrap();
        assert_eq!(mode(&data_dir), 0o711);
        for dir in [installed.dir.parent().unwrap(), &installed.dir, &installed.dir.join("chunks")] {
            assert_eq!(mode(dir), 0o755, "{}", dir.display());
        }
        for (name, _) in FILES {
            assert_eq!(mode(&installed.dir.join(name)), 0o644, "{name}");
        }
    }

    #[test]
    fn rum_29_what_is_here_already_is_not_fetched_again() {
        let root = tempfile::tempdir().unwrap();
        let (package, bytes) = package_of(&FILES, &[]);
        let tarball = root.path().join("sdk.tgz");
        fs::write(&tarball, bytes).unwrap();
        let first = install(&package, &InstallFrom::Tarball(tarball), root.path()).unwrap();
        // There no npm could be started.
        let by_npm = InstallFrom::Npm { dir: "/nowhere".into() };
        assert_eq!(install(&package, &by_npm, root.path()).unwrap(), Installed { was_here: true, ..first });
    }

    #[test]
    fn rum_29_what_went_wrong_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let told = |package: &Package, source: InstallFrom, data_dir: &Path| {
            install(package, &source, data_dir).unwrap_err().to_string()
        };
        let (package, bytes) = package_of(&FILES, &[]);
        let tarball = dir.path().join("sdk.tgz");
        fs::write(&tarball, &bytes).unwrap();
        let from = || InstallFrom::Tarball(tarball.clone());
        assert!(told(&PINNED, from(), dir.path()).contains("npm pack @datadog/browser-rum@7.16.2"));
        assert!(
            told(&package, InstallFrom::Tarball(dir.path().join("none.tgz")), dir.path())
                .contains("cannot read")
        );
        assert!(told(&package, from(), &tarball).contains("greenroom.dataDir"));
        let (empty, bytes) = package_of(&[], &[("package/x", "")]);
        fs::write(&tarball, bytes).unwrap();
        let lacking = Package { files: package.files, ..empty };
        assert!(told(&lacking, from(), dir.path()).contains("holds no bundle"));
    }

    #[test]
    fn rum_29_npm_is_run_where_its_settings_are_and_what_it_says_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (package, bytes) = package_of(&FILES, &[]);
        fs::write(dir.path().join("sdk.tgz"), &bytes).unwrap();
        let fetched = |script: &str| fetch(&package, dir.path(), &npm(dir.path(), script));
        let (_, archive) =
            fetched(r#"[ "$1 $2 $3 $5" = "pack @datadog/browser-rum@7.16.2 --pack-destination --loglevel=error" ] && cp sdk.tgz "$4""#)
                .unwrap();
        assert_eq!(archive, bytes);
        let told = |script: &str| fetched(script).unwrap_err().to_string();
        let failed = told("echo 'npm error E404 https://me:pw@registry.example/x' >&2; exit 1");
        assert!(
            failed.contains("browser-rum@7.16.2: E404 https://***@registry.example/x. Where"),
            "{failed}"
        );
        assert!(failed.ends_with("give the file to `rum sdk --from`"), "{failed}");
        let silent = told("exit 3");
        assert!(silent.contains(": it ended with exit status: 3 and said nothing."), "{silent}");
        for interrupted in ["kill -INT $$", "exit 130"] {
            assert_eq!(told(interrupted), "interrupted: nothing was installed");
        }
        let none = fetch(&package, dir.path(), "/nowhere/npm").unwrap_err().to_string();
        assert!(none.starts_with("npm is not here") && none.contains("--from"), "{none}");
    }
}
