//! The current reading of all sources, and how it changes: read again, swapped, told.
//!
//! Must not know when to read again: a watcher or a caller says so.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;
use greenroom_context::catch_panic_in;

use crate::{
    ConfigError, ConfigSources, Visibilities,
    snapshot::{Layer, Snapshot, same},
    sources::Reading,
};

type Subscriber = Arc<dyn Fn() + Send + Sync>;

/// What all handles of one config share.
pub(crate) struct Live {
    current: ArcSwap<Snapshot>,
    /// Where it was read from; `None` for what was made in code.
    sources: Option<ConfigSources>,
    declarations: Mutex<Option<Arc<dyn Visibilities>>>,
    /// One change at a time.
    changing: Mutex<()>,
    subscribers: Mutex<Vec<(u64, Subscriber)>>,
    next: AtomicU64,
}

/// What came of reading again.
#[derive(Default)]
pub(crate) struct Reread {
    /// Whether the merged value is another one.
    pub(crate) changed: bool,
    /// The sources that could not be read, which keep what they said before.
    pub(crate) failed: Vec<(PathBuf, ConfigError)>,
}

impl Live {
    pub(crate) fn new(snapshot: Snapshot, sources: Option<ConfigSources>) -> Arc<Self> {
        Arc::new(Self {
            current: ArcSwap::from_pointee(snapshot),
            sources,
            declarations: Mutex::default(),
            changing: Mutex::default(),
            subscribers: Mutex::default(),
            next: AtomicU64::new(0),
        })
    }

    pub(crate) fn current(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.current.load()
    }

    pub(crate) fn current_full(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    pub(crate) fn sources(&self) -> Option<&ConfigSources> {
        self.sources.as_ref()
    }

    pub(crate) fn has_sources(&self) -> bool {
        self.sources.is_some()
    }

    pub(crate) fn watches_by_default(&self) -> bool {
        self.sources.as_ref().is_some_and(ConfigSources::watches_by_default)
    }

    /// Lets schemas say what is secret, besides the built-in table, now and after each change.
    pub(crate) fn declare(&self, declarations: Arc<dyn Visibilities>) {
        let _one = lock(&self.changing);
        let now = self.current_full();
        self.current.store(Arc::new(now.with(now.layers.clone(), Some(&*declarations))));
        *lock(&self.declarations) = Some(declarations);
    }

    pub(crate) fn declarations(&self) -> Option<Arc<dyn Visibilities>> {
        lock(&self.declarations).clone()
    }

    /// Reads the wanted files again and swaps. Subscribers are not called yet.
    pub(crate) fn reread(&self, wanted: impl Fn(&Layer) -> bool) -> Reread {
        let Some(sources) = &self.sources else { return Reread::default() };
        let _one = lock(&self.changing);
        let before = self.current_full();
        let mut out = Reread::default();
        let again = |layer: &Arc<Layer>| {
            let Some(path) = layer.source.as_deref().filter(|_| wanted(layer)) else { return layer.clone() };
            let Reading { files, unset, root } = sources.file(path);
            let root = root.unwrap_or_else(|error| {
                out.failed.push((path.to_owned(), error));
                layer.root.clone()
            });
            Arc::new(Layer {
                context: layer.context.clone(),
                root,
                source: layer.source.clone(),
                files,
                unset,
            })
        };
        let mut layers: Vec<_> = before.layers.iter().map(again).collect();
        if layers.iter().all(|layer| layer.root.is_none()) {
            let emptied =
                before.layers.iter().find_map(|layer| layer.root.as_ref().and(layer.source.clone()));
            out.failed.push((emptied.unwrap_or_default(), crate::sources::nothing_said()));
            layers = before.layers.clone();
        }
        let after = before.with(layers, lock(&self.declarations).as_deref());
        out.changed = match (before.merged(), after.merged()) {
            (Some(a), Some(b)) => !same(&a, &b),
            (a, b) => a.is_some() != b.is_some(),
        };
        self.current.store(Arc::new(after));
        out
    }

    /// Calls every subscriber; the messages of those that panicked are returned.
    pub(crate) fn tell(&self) -> Vec<String> {
        // Called without the lock: a subscriber may subscribe, or end a subscription.
        let subscribers: Vec<_> = lock(&self.subscribers).iter().map(|(_, f)| f.clone()).collect();
        let call = |f: Subscriber| catch_panic_in(|| f()).err().map(|panic| panic.text);
        subscribers.into_iter().filter_map(call).collect()
    }

    pub(crate) fn subscribe(self: &Arc<Self>, f: Subscriber) -> Subscription {
        let id = self.next.fetch_add(1, Relaxed);
        lock(&self.subscribers).push((id, f));
        Subscription { live: Arc::downgrade(self), id }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
    }
}

/// Ends the subscription when dropped. A call that has begun is not waited for.
#[must_use = "the subscription ends when this is dropped"]
#[derive(Debug)]
pub struct Subscription {
    live: Weak<Live>,
    id: u64,
}

impl Subscription {
    /// Keeps it for as long as the config lives.
    pub fn forever(mut self) {
        self.live = Weak::new();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(live) = self.live.upgrade() {
            // What the subscriber holds is dropped after the lock is given back: it may be a subscription itself.
            let ended: Vec<_> = {
                let mut subscribers = lock(&live.subscribers);
                let at = subscribers.iter().position(|(id, _)| *id == self.id);
                at.map(|at| subscribers.remove(at)).into_iter().collect()
            };
            drop(ended);
        }
    }
}

/// A panic elsewhere must not stop the config.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Layer {
    /// Whether this source was read from, or looked for, any of these.
    pub(crate) fn is_made_of(&self, is_one: impl Fn(&Path) -> bool) -> bool {
        self.files.iter().any(|file| is_one(file))
    }
}
