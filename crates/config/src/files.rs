//! Reads files for one source and remembers them, so that a watcher knows what the source depends on.
//!
//! Must not know what the files hold.

use std::{
    collections::HashMap,
    fmt,
    fs::File,
    io::{self, Read},
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use crate::{live::lock, place::Text};

/// Editors truncate before they write: an empty file is looked at once more after this.
const SECOND_LOOK: Duration = Duration::from_millis(10);
/// Longer ones are refused; `/dev/zero` has no end.
const MAX_BYTES: u64 = 64 << 20;

/// The texts of what can be read but once, such as a pipe: they stand for it from then on.
#[derive(Clone, Default)]
pub(crate) struct ReadOnce(Arc<Mutex<HashMap<PathBuf, Arc<Text>>>>);

impl ReadOnce {
    fn get(&self, path: &Path) -> Option<Arc<Text>> {
        lock(&self.0).get(path).cloned()
    }
}

impl fmt::Debug for ReadOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The texts may hold secrets.
        f.debug_set().entries(lock(&self.0).keys()).finish()
    }
}

/// The files of one source.
pub(crate) struct Files<'a> {
    cwd: &'a Path,
    once: &'a ReadOnce,
    /// The backend runs: a pipe that is new would be waited for, with no start to give up.
    is_reload: bool,
    read: Vec<PathBuf>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(cwd: &'a Path, once: &'a ReadOnce, is_reload: bool) -> Self {
        Self { cwd, once, is_reload, read: Vec::new() }
    }

    /// The text of a file; `None` when there is none. A byte order mark is dropped, as are bytes that are no UTF-8.
    pub(crate) fn read(&mut self, path: &Path) -> io::Result<Option<Arc<Text>>> {
        if !self.read.iter().any(|known| known == path) {
            self.read.push(path.to_owned());
        }
        if let Some(text) = self.once.get(path) {
            return Ok(Some(text));
        }
        match self.read_now(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    fn read_now(&self, path: &Path) -> io::Result<Arc<Text>> {
        let is_file = std::fs::metadata(path)?.is_file();
        if self.is_reload && !is_file {
            return Err(io::Error::other("it is no file, and pipes are read at the start alone"));
        }
        let mut bytes = contents(path)?;
        if bytes.is_empty() && is_file {
            thread::sleep(SECOND_LOOK);
            bytes = contents(path)?;
        }
        let body = String::from_utf8_lossy(&bytes);
        let text = Text::new(self.shown(path), body.strip_prefix('\u{feff}').unwrap_or(&body));
        if !is_file {
            lock(&self.once.0).insert(path.to_owned(), text.clone());
        }
        Ok(text)
    }

    /// Everything asked for so far that may change, missing files included.
    pub(crate) fn into_read(mut self) -> Vec<PathBuf> {
        self.read.retain(|path| self.once.get(path).is_none());
        self.read
    }

    pub(crate) fn count(&self) -> usize {
        self.read.len()
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.cwd).unwrap_or(path).display().to_string()
    }
}

fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it is longer than {} MiB", MAX_BYTES >> 20)));
    }
    Ok(bytes)
}

/// Joins and removes `.` and `..` by text alone, as Node's `path.resolve` does: links are not followed.
pub(crate) fn resolve(dir: &Path, path: impl AsRef<Path>) -> PathBuf {
    let mut out = PathBuf::new();
    for part in dir.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
