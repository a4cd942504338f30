//! All files of a bundle, found once: what is not found here is never served.

use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// How many files a bundle may have. The stock one has 823.
const MOST_FILES: usize = 100_000;
/// How many bytes they may have together.
const MOST_BYTES: u64 = 4 << 30;
/// How deep directories may nest.
const MOST_DEPTH: usize = 64;

/// What is in a directory and below it, by name relative to it, with single slashes between.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: BTreeMap<String, Seen>,
    pub(crate) directories: Vec<String>,
    /// Links that are not followed.
    pub(crate) refused: Vec<String>,
    pub(crate) bytes: u64,
}

/// A file as it was when it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Where it is, all links resolved.
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    /// Milliseconds since 1970, rounded as Node rounds them.
    pub(crate) modified: i64,
    /// What tells it from every other file.
    pub(crate) identity: (u64, u64),
}

impl Seen {
    /// A file of that path, all links resolved.
    pub(crate) fn of(path: PathBuf, metadata: &Metadata) -> Self {
        let modified = metadata.mtime().saturating_mul(1000) + (metadata.mtime_nsec() + 500_000) / 1_000_000;
        Self { path, size: metadata.len(), modified, identity: (metadata.dev(), metadata.ino()) }
    }
}

/// Looks through a directory whose path has no links in it.
///
/// A link is followed where it leads to something within; names that are no UTF-8, pipes, sockets and devices are passed
/// over.
pub(crate) fn walk(root: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    let mut open = vec![root.to_owned()];
    directory(root, "", &mut open, &mut found)?;
    Ok(found)
}

/// `above` are the directories that lead here.
fn directory(at: &Path, name: &str, above: &mut Vec<PathBuf>, found: &mut Found) -> io::Result<()> {
    let context = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", at.display()));
    let mut entries = fs::read_dir(at).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(context)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let Ok(own) = entry.file_name().into_string() else { continue };
        let name = if name.is_empty() { own } else { format!("{name}/{own}") };
        let kind = entry.file_type().map_err(context)?;
        let path = if kind.is_symlink() {
            let within = entry.path().canonicalize().ok().filter(|path| path.starts_with(&above[0]));
            let Some(path) = within else {
                found.refused.push(name);
                continue;
            };
            path
        } else {
            entry.path()
        };
        let metadata = fs::metadata(&path).map_err(context)?;
        if metadata.is_file() {
            found.bytes += metadata.len();
            found.files.insert(name, Seen::of(path, &metadata));
            within_bounds(found)?;
        } else if metadata.is_dir() && !above.contains(&path) {
            if above.len() >= MOST_DEPTH {
                return Err(io::Error::other(format!("{name} lies more than {MOST_DEPTH} directories deep")));
            }
            found.directories.push(name.clone());
            above.push(path.clone());
            directory(&path, &name, above, found)?;
            above.pop();
        }
    }
    Ok(())
}

fn within_bounds(found: &Found) -> io::Result<()> {
    if found.files.len() > MOST_FILES {
        return Err(io::Error::other(format!("it holds more than {MOST_FILES} files")));
    }
    if found.bytes > MOST_BYTES {
        return Err(io::Error::other(format!("it holds more than {} GiB", MOST_BYTES >> 30)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(found: &Found) -> Vec<&str> {
        found.files.keys().map(String::as_str).collect()
    }

    #[test]
    fn links_are_followed_within_and_refused_where_they_leave() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        let root = dir.path().join("dist");
        fs::create_dir_all(root.join("static/sub")).unwrap();
        fs::create_dir(&outside).unwrap();
        for file in ["outside/secret", "dist/a.js", "dist/static/b.js", "dist/static/sub/c.js"] {
            fs::write(dir.path().join(file), file).unwrap();
        }
        symlink("../a.js", root.join("static/inside.js")).unwrap();
        symlink("static/sub", root.join("linked")).unwrap();
        symlink("..", root.join("static/round")).unwrap();
        symlink(&outside, root.join("static/out")).unwrap();
        symlink(outside.join("secret"), root.join("leak.js")).unwrap();
        symlink("nowhere", root.join("broken.js")).unwrap();
        let found = walk(&root.canonicalize().unwrap()).unwrap();
        let files = ["a.js", "linked/c.js", "static/b.js", "static/inside.js", "static/sub/c.js"];
        assert_eq!(names(&found), files);
        assert_eq!(found.refused, ["broken.js", "leak.js", "static/out"]);
        assert_eq!(found.directories, ["linked", "static", "static/sub"]);
        assert_eq!(found.files["a.js"].identity, found.files["static/inside.js"].identity);
    }

    #[test]
    fn a_directory_that_is_no_bundle_is_given_up() {
        let found = |files: usize, bytes| {
            let seen = Seen { path: PathBuf::new(), size: 0, modified: 0, identity: (0, 0) };
            let files = (0..files).map(|at| (at.to_string(), seen.clone())).collect();
            within_bounds(&Found { files, bytes, ..Found::default() }).map_err(|error| error.to_string())
        };
        assert_eq!(found(MOST_FILES, MOST_BYTES), Ok(()));
        assert_eq!(found(MOST_FILES + 1, 0), Err("it holds more than 100000 files".to_owned()));
        assert_eq!(found(1, MOST_BYTES + 1), Err("it holds more than 4 GiB".to_owned()));
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("d/".repeat(MOST_DEPTH))).unwrap();
        let deep = walk(&dir.path().canonicalize().unwrap()).unwrap_err().to_string();
        assert!(deep.ends_with("lies more than 64 directories deep"), "{deep}");
    }
}
