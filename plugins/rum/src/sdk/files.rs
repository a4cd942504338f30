//! Files of the SDK as they are served: read once, at start, and found by their names from then on.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

use bytes::Bytes;
use greenroom::context::spawn_thread;

use super::package::Package;
use crate::{init::hash, urls::SDK_FILE};

const CHUNKS: &str = "chunks";

/// How large one file may be.
pub(crate) const MOST: usize = 2 << 20;
/// How many files there may be beside the main one.
const MOST_CHUNKS: usize = 32;

/// How long all of it may take: a disk is done at once, and the system waits for a server of files for ever.
const LONGEST: Duration = Duration::from_secs(5);

/// The SDK's files, in memory.
#[derive(Clone, Debug)]
pub(crate) struct Sdk {
    version: String,
    files: BTreeMap<String, Bytes>,
}

/// Why there are none: each has a remedy of its own.
#[derive(Debug)]
pub(crate) enum Unserved {
    /// Nothing is there.
    Absent,
    /// The system does not give it: what, and why.
    Unreadable(PathBuf, io::Error),
    /// It is no SDK, or not the one that it should be.
    Damaged(String),
}

impl fmt::Display for Unserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("it is not there"),
            Self::Unreadable(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Damaged(what) => f.write_str(what),
        }
    }
}

impl Unserved {
    /// Whether it was given up, and nobody has refused it.
    pub(super) fn is_slow(&self) -> bool {
        matches!(self, Self::Unreadable(_, error) if error.kind() == io::ErrorKind::TimedOut)
    }
}

impl Sdk {
    /// Reads the files of this package, all of them as they were published. Whatever lies beside them is not served.
    pub(crate) fn pinned(dir: &Path, package: &Package) -> Result<Self, Unserved> {
        let root = root(dir)?;
        let mut files = BTreeMap::new();
        for file in package.files {
            let content = read(&root, &root.join(file.name)).map_err(|unserved| match unserved {
                Unserved::Absent => Unserved::Damaged(format!("{} is missing", file.name)),
                other => other,
            })?;
            if !file.is(&content) {
                return Err(Unserved::Damaged(format!("{} is not as Datadog has published it", file.name)));
            }
            files.insert(file.name.to_owned(), content);
        }
        Ok(Self { version: package.version.to_owned(), files })
    }

    /// Reads what lies in a directory of the operator's own, or in that of npm's package. Its content is its version.
    pub(crate) fn own(dir: &Path) -> Result<Self, Unserved> {
        let root = root(dir)?;
        let is_plain =
            root.join(SDK_FILE).try_exists().map_err(|error| barred(&root.join(SDK_FILE), error))?;
        let root = if is_plain { root } else { root.join("bundle") };
        let mut files = BTreeMap::from([(SDK_FILE.to_owned(), read(&root, &root.join(SDK_FILE))?)]);
        let below = root.join(CHUNKS);
        let chunks = match fs::read_dir(&below).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(chunks) => chunks,
            Err(error) if error.kind() == io::ErrorKind::NotFound => vec![],
            Err(error) => return Err(barred(&below, error)),
        };
        let chunks = chunks
            .into_iter()
            .filter_map(|chunk| Some((chunk.file_name().into_string().ok()?, chunk.path())));
        for (name, path) in chunks.filter(|(name, _)| is_name(name)).take(MOST_CHUNKS) {
            files.insert(format!("{CHUNKS}/{name}"), read(&root, &path)?);
        }
        let whole =
            files.iter().flat_map(|(name, text)| [name.as_bytes(), text]).collect::<Vec<_>>().concat();
        Ok(Self { version: hash(&whole), files })
    }

    /// The part of a URL that changes with the files.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn file(&self, name: &str) -> Option<&Bytes> {
        self.files.get(name)
    }
}

/// Reads this directory, and gives it up where that takes too long: a backend without the SDK is of more use than one that can
/// neither start nor stop. The thread is left behind, as nothing can end it.
pub(super) fn in_time(
    dir: &Path,
    read: impl FnOnce(&Path) -> Result<Sdk, Unserved> + Send + 'static,
) -> Result<Sdk, Unserved> {
    within(LONGEST, dir, read)
}

fn within(
    longest: Duration,
    dir: &Path,
    read: impl FnOnce(&Path) -> Result<Sdk, Unserved> + Send + 'static,
) -> Result<Sdk, Unserved> {
    let unreadable = |error| Unserved::Unreadable(dir.to_owned(), error);
    let (tell, told) = mpsc::sync_channel(1);
    let its_dir = dir.to_owned();
    // Nobody may wait for it any more.
    let started = spawn_thread("read the SDK", move || drop(tell.send(read(&its_dir))));
    started.map_err(unreadable)?;
    told.recv_timeout(longest).unwrap_or_else(|error| {
        Err(unreadable(match error {
            RecvTimeoutError::Timeout => {
                let why = format!("reading it took more than {} s", longest.as_secs());
                io::Error::new(io::ErrorKind::TimedOut, why)
            }
            RecvTimeoutError::Disconnected => io::Error::other("reading it panicked"),
        }))
    })
}

/// Whether a file in `chunks` is a script with a plain name.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.starts_with('.') && name.ends_with(".js") && name.bytes().all(is_plain)
}

fn root(dir: &Path) -> Result<PathBuf, Unserved> {
    fs::canonicalize(dir).map_err(|error| barred(dir, error))
}

/// A link may lead to another file in the same directory, and not out of it.
fn read(root: &Path, path: &Path) -> Result<Bytes, Unserved> {
    let real = fs::canonicalize(path).map_err(|error| barred(path, error))?;
    let damaged = |what: &str| Unserved::Damaged(format!("{} {what}", path.display()));
    if !real.starts_with(root) {
        return Err(damaged("is a link that leads out of it"));
    }
    // A pipe would be waited for, a device might have no end.
    if !fs::metadata(&real).map_err(|error| barred(&real, error))?.is_file() {
        return Err(damaged("is no file"));
    }
    let mut text = Vec::new();
    let read = fs::File::open(&real).and_then(|file| file.take(MOST as u64 + 1).read_to_end(&mut text));
    read.map_err(|error| barred(&real, error))?;
    if text.len() > MOST {
        return Err(damaged("is too large"));
    }
    if text.is_empty() {
        return Err(damaged("is empty"));
    }
    Ok(text.into())
}

/// Names what is in the way: the first directory that may not be entered, else the path itself.
fn barred(path: &Path, error: io::Error) -> Unserved {
    let is_denied =
        |path: &&Path| fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
    match error.kind() {
        io::ErrorKind::NotFound => Unserved::Absent,
        io::ErrorKind::PermissionDenied => {
            let beyond = path.ancestors().filter(is_denied).last();
            let barrier = beyond.and_then(Path::parent).unwrap_or(path);
            Unserved::Unreadable(barrier.to_owned(), error)
        }
        _ => Unserved::Unreadable(path.to_owned(), error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{super::package::tests::package_of, *};

    const FILES: [(&str, &str); 2] = [("datadog-rum.js", "main"), ("chunks/recorder-1.js", "chunk")];

    fn lay_out(dir: &Path) {
        fs::create_dir_all(dir.join("chunks")).unwrap();
        for (name, content) in
            FILES.into_iter().chain([("chunks/.hidden.js", "no"), ("chunks/readme.md", "no")])
        {
            fs::write(dir.join(name), content).unwrap();
        }
    }

    #[test]
    fn rum_30_files_are_found_by_name_in_either_layout() {
        let (plain, npm) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        lay_out(plain.path());
        lay_out(&npm.path().join("bundle"));
        let pinned = Sdk::pinned(plain.path(), &package_of(&FILES, &[]).0).unwrap();
        assert_eq!(pinned.version(), "7.16.2");
        let (plain, npm) = (Sdk::own(plain.path()).unwrap(), Sdk::own(npm.path()).unwrap());
        assert_eq!((plain.version(), plain.version().len()), (npm.version(), 20));
        for sdk in [pinned, plain, npm] {
            assert_eq!(sdk.file("datadog-rum.js").unwrap(), "main");
            assert_eq!(sdk.file("chunks/recorder-1.js").unwrap(), "chunk");
            for none in [
                "",
                "chunks/.hidden.js",
                "chunks/readme.md",
                "chunks/../datadog-rum.js",
                "/etc/passwd",
                "../x",
            ] {
                assert_eq!(sdk.file(none), None, "{none}");
            }
        }
    }

    #[test]
    fn rum_30_of_the_pinned_version_a_file_is_as_it_was_published_or_nothing_is_served() {
        let dir = tempfile::tempdir().unwrap();
        let sdk = dir.path().join("sdk");
        let (package, _) = package_of(&FILES, &[]);
        let told = || Sdk::pinned(&sdk, &package).unwrap_err();
        assert!(matches!(told(), Unserved::Absent));
        lay_out(&sdk);
        // Beside it may lie what anybody likes, a list of other sums too: it is not looked at.
        fs::write(sdk.join("chunks/more.js"), "more").unwrap();
        fs::write(sdk.join("SHA256SUMS"), "0  datadog-rum.js\n").unwrap();
        assert_eq!(Sdk::pinned(&sdk, &package).unwrap().file("chunks/more.js"), None);
        fs::write(sdk.join("datadog-rum.js"), "mine").unwrap();
        assert_eq!(told().to_string(), "datadog-rum.js is not as Datadog has published it");
        fs::remove_file(sdk.join("datadog-rum.js")).unwrap();
        assert_eq!(told().to_string(), "datadog-rum.js is missing");
    }

    #[test]
    fn a_directory_of_the_operators_own_may_hold_any_sdk_but_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Sdk::own(dir.path()), Err(Unserved::Absent)), "an empty directory holds none");
        lay_out(dir.path());
        fs::write(dir.path().join("datadog-rum.js"), "").unwrap();
        assert!(Sdk::own(dir.path()).unwrap_err().to_string().ends_with("datadog-rum.js is empty"));
    }

    #[test]
    fn rum_30_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        lay_out(dir.path());
        for name in ["chunks/recorder-1.js", "datadog-rum.js"] {
            let pipe = dir.path().join(name);
            fs::remove_file(&pipe).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            let told = [Sdk::own(dir.path()), Sdk::pinned(dir.path(), &package_of(&FILES, &[]).0)];
            for told in told.map(|read| read.unwrap_err().to_string()) {
                assert!(told.ends_with(&format!("{name} is no file")), "{told}");
            }
        }
    }

    #[test]
    fn a_file_has_the_size_that_it_turns_out_to_have() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(SDK_FILE), vec![b'x'; MOST]).unwrap();
        assert!(Sdk::own(dir.path()).is_ok());
        fs::write(dir.path().join(SDK_FILE), vec![b'x'; MOST + 1]).unwrap();
        assert!(Sdk::own(dir.path()).unwrap_err().to_string().ends_with("is too large"));
    }

    #[test]
    fn rum_30_a_directory_that_the_system_never_gives_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let (_open, never) = mpsc::channel::<()>();
        let hangs = move |_: &Path| {
            never.recv().ok();
            Err(Unserved::Absent)
        };
        let told = within(Duration::from_millis(1), dir.path(), hangs).unwrap_err();
        assert!(matches!(&told, Unserved::Unreadable(path, _) if path == dir.path()), "{told}");
        assert!(told.to_string().contains("reading it took more than"), "{told}");
        lay_out(dir.path());
        assert!(in_time(dir.path(), Sdk::own).is_ok());
    }

    #[test]
    fn what_the_system_does_not_give_is_named_and_is_not_absent() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let told = Sdk::own(&dir.path().join("file/sdk")).unwrap_err();
        assert!(matches!(&told, Unserved::Unreadable(..)), "{told}");
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        // Nothing on this way is denied to whoever runs the test, be it root.
        assert!(matches!(barred(dir.path(), denied()), Unserved::Unreadable(path, _) if path == dir.path()));
    }

    #[test]
    fn rum_30_a_link_that_leads_out_is_refused() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        lay_out(dir.path());
        fs::write(outside.path().join("secret.js"), "secret").unwrap();
        symlink(outside.path().join("secret.js"), dir.path().join("chunks/x.js")).unwrap();
        assert!(Sdk::own(dir.path()).unwrap_err().to_string().contains("leads out"));
        // The directory itself may be one.
        let link = outside.path().join("sdk");
        fs::remove_file(dir.path().join("chunks/x.js")).unwrap();
        symlink(dir.path(), &link).unwrap();
        assert!(Sdk::own(&link).is_ok());
    }
}
