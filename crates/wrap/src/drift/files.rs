//! Which files a child has read, and whether one of them is still what it was.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hasher},
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use greenroom_config::ConfigSources;

use super::DriftKind;
use crate::ChildCommand;

/// What package managers write down what they have installed in.
const LOCKFILES: [&str; 3] = ["yarn.lock", "package-lock.json", "pnpm-lock.yaml"];

/// The package that a backend starts in is a few levels below the one that has the lockfile.
const MOST_LEVELS: usize = 5;

/// So many files are looked at.
const MOST_FILES: usize = 50;

/// A file that is longer is judged by its size and time alone.
const LONGEST: u64 = 16 << 20;

/// The files of its config, and its lockfile. Blocks: on files.
pub(super) fn of(command: &ChildCommand) -> Vec<(PathBuf, DriftKind)> {
    let sources = ConfigSources::find(&command.config_options());
    let config = sources.map(|sources| sources.files().to_vec()).unwrap_or_default();
    let config = config.into_iter().take(MOST_FILES - 1).map(|file| (file, DriftKind::Config));
    config.chain(lockfile(&command.cwd).map(|file| (file, DriftKind::Lockfile))).collect()
}

fn lockfile(below: &Path) -> Option<PathBuf> {
    let directories = below.ancestors().take(MOST_LEVELS);
    directories.flat_map(|dir| LOCKFILES.map(|name| dir.join(name))).find(|file| file.is_file())
}

/// One of them, as it was.
pub(super) struct Seen {
    pub(super) path: PathBuf,
    pub(super) kind: DriftKind,
    pub(super) is_told: bool,
    /// What it held; nothing, if it was not there.
    content: Option<u64>,
    /// When that was looked at.
    at: SystemTime,
    /// As it was looked at last, with what it held then.
    last: (Option<Stamp>, Option<u64>),
}

/// What changes with a file's content, as a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Seen {
    pub(super) fn of(path: PathBuf, kind: DriftKind) -> Self {
        let at = SystemTime::now();
        // In this order: what is changed in between is found by its time.
        let stamp = stamp(&path);
        let content = content(&path, stamp);
        Self { path, kind, is_told: false, content, at, last: (stamp, content) }
    }

    /// When it was changed, if it holds something else now. It is read only if its size or its time has changed.
    pub(super) fn changed_since(&mut self) -> Option<SystemTime> {
        let now = stamp(&self.path);
        if now != self.last.0 {
            self.last = (now, content(&self.path, now));
        }
        if self.last.1 == self.content {
            return None;
        }
        // It may have come from elsewhere, with the time that it had there.
        let modified = now.and_then(|stamp| stamp.modified).filter(|modified| *modified >= self.at);
        Some(modified.unwrap_or_else(SystemTime::now))
    }
}

/// `None` for what is no file, or not there.
fn stamp(path: &Path) -> Option<Stamp> {
    let known = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Stamp { modified: known.modified().ok(), length: known.len() })
}

/// In a number: nobody needs to know what it is.
fn content(path: &Path, stamp: Option<Stamp>) -> Option<u64> {
    let Stamp { modified, length } = stamp?;
    let mut hash = DefaultHasher::new();
    let read = if length > LONGEST { Err(io::ErrorKind::FileTooLarge.into()) } else { read(path, &mut hash) };
    if read.is_err() {
        let modified = modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        hash.write_u64(length);
        hash.write_u128(modified.unwrap_or_default().as_nanos());
    }
    Some(hash.finish())
}

fn read(path: &Path, into: &mut DefaultHasher) -> io::Result<()> {
    let (mut file, mut piece) = (File::open(path)?.take(LONGEST), vec![0; 64 << 10]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            length => into.write(&piece[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn touch(path: &Path, text: &str, at: SystemTime) {
        fs::write(path, text).unwrap();
        File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    }

    #[test]
    fn a_file_has_changed_when_it_holds_something_else_and_not_by_its_time_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app-config.yaml");
        let at = |seconds| SystemTime::now() + Duration::from_secs(seconds);
        touch(&path, "a: 1", SystemTime::now());
        let mut seen = Seen::of(path.clone(), DriftKind::Config);
        assert_eq!(seen.changed_since(), None);
        touch(&path, "a: 1", at(10));
        assert_eq!(seen.changed_since(), None, "it was only touched");
        let changed = at(20);
        touch(&path, "a: 2", changed);
        assert_eq!(seen.changed_since(), Some(changed));
        assert_eq!(seen.changed_since(), Some(changed));
        touch(&path, "a: 1", at(30));
        assert_eq!(seen.changed_since(), None, "it is what it was");
        let long_ago = SystemTime::UNIX_EPOCH;
        touch(&path, "a: 3", long_ago);
        assert!(seen.changed_since().unwrap() > long_ago, "it was found now");
        fs::remove_file(&path).unwrap();
        assert!(seen.changed_since().is_some(), "it is gone");
    }

    #[test]
    fn one_that_was_not_there_has_changed_when_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let mut seen = Seen::of(dir.path().join("app-config.yaml"), DriftKind::Config);
        assert_eq!(seen.changed_since(), None);
        fs::write(&seen.path, "").unwrap();
        assert!(seen.changed_since().is_some());
    }

    #[test]
    fn the_lockfile_is_that_of_the_package_around() {
        let dir = tempfile::tempdir().unwrap();
        let package = dir.path().join("packages/backend");
        fs::create_dir_all(&package).unwrap();
        let lock = dir.path().join("yarn.lock");
        fs::write(&lock, "").unwrap();
        assert_eq!(lockfile(&package), Some(lock));
        let own = package.join("package-lock.json");
        fs::write(&own, "").unwrap();
        assert_eq!(lockfile(&package), Some(own));
    }
}
