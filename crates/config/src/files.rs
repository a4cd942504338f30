//! Reads files for one source and remembers them, so that a watcher knows what the source depends on.
//!
//! Must not know what the files hold.

use std::{
    io,
    path::{Component, Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use crate::place::Text;

/// Editors truncate before they write: an empty file is looked at once more after this.
const SECOND_LOOK: Duration = Duration::from_millis(10);

/// The files of one source.
pub(crate) struct Files<'a> {
    cwd: &'a Path,
    read: Vec<PathBuf>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(cwd: &'a Path) -> Self {
        Self { cwd, read: Vec::new() }
    }

    /// The text of a file; `None` when there is none. A byte order mark is dropped, as are bytes that are no UTF-8.
    pub(crate) fn read(&mut self, path: &Path) -> io::Result<Option<Arc<Text>>> {
        if !self.read.iter().any(|known| known == path) {
            self.read.push(path.to_owned());
        }
        let mut bytes = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        if bytes.is_empty() {
            thread::sleep(SECOND_LOOK);
            bytes = match std::fs::read(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                other => other?,
            };
        }
        let body = String::from_utf8_lossy(&bytes);
        Ok(Some(Text::new(self.shown(path), body.strip_prefix('\u{feff}').unwrap_or(&body))))
    }

    /// Everything asked for so far, missing files included.
    pub(crate) fn into_read(self) -> Vec<PathBuf> {
        self.read
    }

    pub(crate) fn count(&self) -> usize {
        self.read.len()
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.cwd).unwrap_or(path).display().to_string()
    }
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
