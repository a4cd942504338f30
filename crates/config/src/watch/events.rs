//! The file system's own events, of the directories that the files are in.
//!
//! Directories, not files: editors put a new file in the old one's place, and Kubernetes swaps a link beside it.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

use super::{fingerprint::Fingerprint, signal::Signal};

pub(crate) struct Events {
    signal: Arc<Signal>,
    /// `None` where there are no events, and why.
    watcher: Result<RecommendedWatcher, String>,
    /// The directories asked for, and which they were then: one that was replaced is asked for again.
    dirs: HashMap<PathBuf, Option<(u64, u64)>>,
    /// Other names of files: where their links lead.
    real: HashMap<PathBuf, PathBuf>,
    told: HashSet<String>,
}

impl Events {
    pub(crate) fn new(signal: Arc<Signal>) -> Self {
        let to = signal.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
            Err(_) => to.all_may_have_happened(),
            Ok(event) if event.need_rescan() => to.all_may_have_happened(),
            // Reading is what we do ourselves.
            Ok(event) => match event.kind {
                EventKind::Access(AccessKind::Close(AccessMode::Write)) => to.happened(paths(&event)),
                EventKind::Access(_) => {}
                _ => to.happened(paths(&event)),
            },
        });
        Self::with(signal, watcher.map_err(|error| error.to_string()))
    }

    #[cfg(test)]
    pub(crate) fn none(signal: Arc<Signal>, reason: &str) -> Self {
        Self::with(signal, Err(reason.to_owned()))
    }

    fn with(signal: Arc<Signal>, watcher: Result<RecommendedWatcher, String>) -> Self {
        Self { signal, watcher, dirs: HashMap::new(), real: HashMap::new(), told: HashSet::new() }
    }

    /// Whether an event's name is a name of the file.
    pub(crate) fn is_name_of(&self, name: &Path, file: &Path) -> bool {
        name == file || self.real.get(file).is_some_and(|real| real == name)
    }

    /// Follows these files and no others. Tells what went wrong, once.
    pub(crate) fn follow(&mut self, files: &[PathBuf]) -> Option<String> {
        let real = |file: &PathBuf| Some((file.clone(), file.canonicalize().ok()?));
        self.real = files.iter().filter_map(real).collect();
        let names: HashSet<PathBuf> = files.iter().chain(self.real.values()).cloned().collect();
        let dirs: HashMap<PathBuf, _> = names
            .iter()
            .filter_map(|name| name.parent())
            .map(|dir| (dir.to_owned(), Fingerprint::of(dir)))
            .filter(|(_, is)| !is.is_missing())
            .map(|(dir, is)| (dir, is.identity()))
            .collect();
        self.signal.know(names);
        let failed = match &mut self.watcher {
            Err(reason) => Some(reason.clone()),
            Ok(watcher) => {
                for gone in self.dirs.keys().filter(|dir| dirs.get(*dir) != self.dirs.get(*dir)) {
                    // It may have ended with the directory already.
                    let _ = watcher.unwatch(gone);
                }
                self.dirs.retain(|dir, is| dirs.get(dir) == Some(is));
                let mut failed = None;
                for (dir, is) in dirs {
                    if self.dirs.contains_key(&dir) {
                        continue;
                    }
                    match watcher.watch(&dir, RecursiveMode::NonRecursive) {
                        Ok(()) => {
                            self.dirs.insert(dir, is);
                        }
                        Err(error) => failed = Some(error.to_string()),
                    }
                }
                failed
            }
        };
        failed.filter(|reason| self.told.len() < 16 && self.told.insert(reason.clone()))
    }
}

fn paths(event: &notify::Event) -> impl Iterator<Item = &Path> {
    event.paths.iter().map(PathBuf::as_path)
}
