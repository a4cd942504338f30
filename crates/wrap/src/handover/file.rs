//! The config file that is laid over all others of the child, as long as it runs.

use std::{fs, io, path::Path};

use tempfile::{Builder, TempPath};

/// In memory, where a container's root cannot be written.
const MEMORY: &str = "/dev/shm";

/// A file that only its owner reads, and that is gone with this value.
#[derive(Debug)]
pub struct ConfigFile {
    path: TempPath,
}

impl ConfigFile {
    /// An empty one, in the directory for temporary files.
    ///
    /// # Errors
    /// When there is no directory where it can be made.
    pub fn new() -> io::Result<Self> {
        let made = |dir: &Path| Builder::new().prefix("greenroom-").suffix(".yaml").tempfile_in(dir);
        let own = std::env::temp_dir();
        let file = made(&own).or_else(|error| made(Path::new(MEMORY)).map_err(|_| error));
        let unwritable = |error: io::Error| {
            let text = format!(
                "no file can be made in {}, which `backend.https` needs to be taken over ({error}): set TMPDIR to a directory that can be written",
                own.display()
            );
            io::Error::new(error.kind(), text)
        };
        Ok(Self { path: file.map_err(unwritable)?.into_temp_path() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of its text.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, text: &str) -> io::Result<()> {
        fs::write(&self.path, text)
    }
}
