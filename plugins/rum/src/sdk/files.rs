//! Files of the SDK as they are served: read once, at start, and found by their names from then on.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use crate::{init::hash, urls::SDK_FILE};

const CHUNKS: &str = "chunks";

/// How large one file may be.
pub(crate) const MOST: usize = 2 << 20;
/// How many files there may be beside the main one.
const MOST_CHUNKS: usize = 32;

/// The SDK's files, in memory.
#[derive(Clone, Debug)]
pub(crate) struct Sdk {
    version: String,
    files: BTreeMap<String, Bytes>,
}

impl Sdk {
    /// Reads what lies in this directory, or in that of npm's package. Without a version its content is one.
    pub(crate) fn read(dir: &Path, version: Option<&str>) -> io::Result<Self> {
        let root = fs::canonicalize(dir)?;
        let root = if root.join(SDK_FILE).exists() { root } else { root.join("bundle") };
        let mut files = BTreeMap::from([(SDK_FILE.to_owned(), read(&root, &root.join(SDK_FILE))?)]);
        let chunks = match fs::read_dir(root.join(CHUNKS)) {
            Ok(chunks) => chunks.collect::<io::Result<Vec<_>>>()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => vec![],
            Err(error) => return Err(error),
        };
        let chunks = chunks
            .into_iter()
            .filter_map(|chunk| Some((chunk.file_name().into_string().ok()?, chunk.path())));
        for (name, path) in chunks.filter(|(name, _)| is_name(name)).take(MOST_CHUNKS) {
            files.insert(format!("{CHUNKS}/{name}"), read(&root, &path)?);
        }
        let whole =
            || files.iter().flat_map(|(name, text)| [name.as_bytes(), text]).collect::<Vec<_>>().concat();
        let version = version.map_or_else(|| hash(&whole()), str::to_owned);
        Ok(Self { version, files })
    }

    /// The part of a URL that changes with the files.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn file(&self, name: &str) -> Option<&Bytes> {
        self.files.get(name)
    }
}

/// Whether a file in `chunks` is a script with a plain name.
pub(crate) fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.starts_with('.') && name.ends_with(".js") && name.bytes().all(is_plain)
}

/// A link may lead to another file in the same directory, and not out of it.
fn read(root: &Path, path: &Path) -> io::Result<Bytes> {
    let real: PathBuf = fs::canonicalize(path)?;
    if !real.starts_with(root) {
        return Err(io::Error::other(format!("{} is a link that leads out of it", path.display())));
    }
    if fs::metadata(&real)?.len() > MOST as u64 {
        return Err(io::Error::other(format!("{} is too large", path.display())));
    }
    Ok(fs::read(real)?.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn lay_out(dir: &Path) {
        fs::create_dir_all(dir.join("chunks")).unwrap();
        fs::write(dir.join("datadog-rum.js"), "main").unwrap();
        fs::write(dir.join("chunks/recorder-1.js"), "chunk").unwrap();
        fs::write(dir.join("chunks/.hidden.js"), "no").unwrap();
        fs::write(dir.join("chunks/readme.md"), "no").unwrap();
    }

    #[test]
    fn rum_30_files_are_found_by_name_in_either_layout() {
        let (plain, npm) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        lay_out(plain.path());
        lay_out(&npm.path().join("bundle"));
        let (plain, npm) = (Sdk::read(plain.path(), None).unwrap(), Sdk::read(npm.path(), None).unwrap());
        assert_eq!((plain.version(), plain.version().len()), (npm.version(), 20));
        assert_eq!(plain.file("datadog-rum.js").unwrap(), "main");
        assert_eq!(plain.file("chunks/recorder-1.js").unwrap(), "chunk");
        for none in
            ["", "chunks/.hidden.js", "chunks/readme.md", "chunks/../datadog-rum.js", "/etc/passwd", "../x"]
        {
            assert_eq!(plain.file(none), None, "{none}");
        }
    }

    #[test]
    fn rum_30_a_link_that_leads_out_is_refused() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        lay_out(dir.path());
        fs::write(outside.path().join("secret.js"), "secret").unwrap();
        symlink(outside.path().join("secret.js"), dir.path().join("chunks/x.js")).unwrap();
        assert!(Sdk::read(dir.path(), None).unwrap_err().to_string().contains("leads out"));
        // The directory itself may be one.
        let link = outside.path().join("sdk");
        fs::remove_file(dir.path().join("chunks/x.js")).unwrap();
        symlink(dir.path(), &link).unwrap();
        assert_eq!(Sdk::read(&link, Some("7.16.2")).unwrap().version(), "7.16.2");
    }
}
