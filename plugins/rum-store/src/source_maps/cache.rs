//! Source maps that have been read, bounded in bytes. A map that several ask for at once is read once.

use std::{collections::HashMap, sync::Arc};

use greenroom::prelude::{Logger, spawn, spawn_blocking, warn};
use greenroom_plugin_app_node::SourceMapFile;
use parking_lot::Mutex;
use tokio::sync::{OnceCell, Semaphore};

use super::map::Map;

/// How many bytes are kept.
const MOST_BYTES: usize = 64 << 20;
/// What a map counts for besides itself: one that could not be read, too.
const ENTRY_BYTES: usize = 512;

/// `None` where it could not be read.
type Cell = Arc<OnceCell<Option<Arc<Map>>>>;

#[derive(Clone)]
pub(super) struct Cache(Arc<Inner>);

struct Inner {
    logger: Logger,
    most_bytes: usize,
    kept: Mutex<Kept>,
    /// One at a time: what is read takes several times the memory of the file.
    turn: Semaphore,
}

/// What is kept, by the name of the file.
#[derive(Default)]
struct Kept {
    entries: HashMap<String, Entry>,
    bytes: usize,
    /// How often something was asked for.
    asked: u64,
}

struct Entry {
    cell: Cell,
    /// 0 until it has been read.
    bytes: usize,
    /// The number of the last question for it.
    asked: u64,
}

impl Cache {
    pub(super) fn new(logger: Logger) -> Self {
        Self::with_bytes(logger, MOST_BYTES)
    }

    fn with_bytes(logger: Logger, most_bytes: usize) -> Self {
        Self(Arc::new(Inner { logger, most_bytes, kept: Mutex::default(), turn: Semaphore::new(1) }))
    }

    /// The map in this file; `None` where it cannot be read, which is told once.
    pub(super) async fn map(&self, file: SourceMapFile) -> Option<Arc<Map>> {
        let cell = self.0.kept.lock().cell(file.name());
        if let Some(known) = cell.get() {
            return known.clone();
        }
        let cache = self.0.clone();
        // Who asked and leaves does not end what others wait for.
        let work =
            spawn("read a source map", async move { cell.get_or_init(|| cache.read(file)).await.clone() });
        work.await.ok().flatten().flatten()
    }
}

impl Inner {
    async fn read(&self, file: SourceMapFile) -> Option<Arc<Map>> {
        // Nobody closes it.
        let _turn = self.turn.acquire().await;
        let name = file.name().to_owned();
        let read = spawn_blocking("read a source map", move || {
            let bytes = file.read().map_err(|error| error.to_string())?;
            Map::read(&bytes).map_err(|error| error.to_string())
        });
        let map = match read.await.unwrap_or_else(|gone| Err(gone.to_string())) {
            Ok(map) => Some(Arc::new(map)),
            Err(error) => {
                let file = &*name;
                warn!(
                    self.logger,
                    file,
                    "Frames of a script are shown as browsers send them: its source map cannot be read: {error}"
                );
                None
            }
        };
        let bytes = ENTRY_BYTES + map.as_ref().map_or(0, |map| map.bytes());
        self.kept.lock().keep(&name, bytes, self.most_bytes);
        map
    }
}

impl Kept {
    fn cell(&mut self, name: &str) -> Cell {
        self.asked += 1;
        let asked = self.asked;
        if let Some(entry) = self.entries.get_mut(name) {
            entry.asked = asked;
            return entry.cell.clone();
        }
        let cell = Cell::default();
        self.entries.insert(name.to_owned(), Entry { cell: cell.clone(), bytes: 0, asked });
        cell
    }

    /// Counts what was read, and gives up what was not asked for the longest time; a map that alone is too large, too.
    fn keep(&mut self, name: &str, bytes: usize, most: usize) {
        if let Some(entry) = self.entries.get_mut(name) {
            entry.bytes = bytes;
            self.bytes += bytes;
        }
        if bytes > most {
            self.remove(name);
        }
        while self.bytes > most {
            let read = self.entries.iter().filter(|(_, entry)| entry.bytes > 0);
            let Some(oldest) = read.min_by_key(|(_, entry)| entry.asked).map(|(name, _)| name.clone()) else {
                break;
            };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(gone) = self.entries.remove(name) {
            self.bytes -= gone.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;

    /// A map with a source of so many bytes, and how often it was read.
    fn file(name: &str, bytes: usize) -> (SourceMapFile, Arc<AtomicUsize>) {
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = reads.clone();
        let source = "x".repeat(bytes);
        let file = SourceMapFile::new(name, move || {
            counted.fetch_add(1, Relaxed);
            let map = format!(
                r#"{{"version":3,"sources":["a"],"sourcesContent":["{source}"],"names":[],"mappings":"AAAA"}}"#
            );
            Ok(map.into_bytes())
        });
        (file, reads)
    }

    fn cache(most_bytes: usize) -> Cache {
        Cache::with_bytes(Logger::noop(), most_bytes)
    }

    #[tokio::test]
    async fn a_map_that_several_ask_for_is_read_once() {
        let (map, reads) = file("a", 10);
        let cache = cache(MOST_BYTES);
        let asked = (0..8).map(|_| cache.map(map.clone()));
        assert!(futures_util::future::join_all(asked).await.iter().all(Option::is_some));
        assert!(cache.map(map).await.is_some());
        assert_eq!(reads.load(Relaxed), 1);
    }

    #[tokio::test]
    async fn what_was_not_asked_for_the_longest_time_makes_room() {
        let cache = cache(3000);
        let files = ["a", "b", "c"].map(|name| file(name, 700));
        let [(a, read_a), (b, read_b), (c, _)] = &files;
        for file in [a, b, a, c, a, b] {
            assert!(cache.map(file.clone()).await.is_some());
            assert!(cache.0.kept.lock().bytes <= 3000);
        }
        assert_eq!((read_a.load(Relaxed), read_b.load(Relaxed)), (1, 2));
    }

    #[tokio::test]
    async fn a_map_that_is_too_large_is_used_and_not_kept() {
        let cache = cache(3000);
        let (large, reads) = file("large", 4000);
        let (small, read_small) = file("small", 10);
        for file in [&small, &large, &large, &small] {
            assert!(cache.map(file.clone()).await.is_some());
        }
        assert_eq!((reads.load(Relaxed), read_small.load(Relaxed)), (2, 1));
        assert_eq!(cache.0.kept.lock().entries.len(), 1);
    }

    #[tokio::test]
    async fn a_map_that_cannot_be_read_is_tried_once() {
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = reads.clone();
        let broken = SourceMapFile::new("broken", move || {
            counted.fetch_add(1, Relaxed);
            Ok(b"{".to_vec())
        });
        let cache = cache(MOST_BYTES);
        assert!(cache.map(broken.clone()).await.is_none());
        assert!(cache.map(broken).await.is_none());
        assert_eq!(reads.load(Relaxed), 1);
    }
}
