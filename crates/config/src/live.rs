//! The current reading of all sources, and how it changes: read again, judged, swapped, told.
//!
//! Must not know when to read again: a watcher or a caller says so.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;
use greenroom_errors::Error;

use crate::{
    ConfigError, ConfigSources, RootConfig, Visibilities,
    listeners::Listeners,
    snapshot::{Layer, Snapshot, same},
    trace::Trace,
};

/// What all handles of one config share.
pub(crate) struct Live {
    current: ArcSwap<Snapshot>,
    /// Where it was read from; `None` for what was made in code.
    sources: Option<ConfigSources>,
    declarations: Mutex<Option<Arc<dyn Visibilities>>>,
    /// One change at a time.
    changing: Mutex<()>,
    /// Whether what is in force is older than the files: all of them are read the next time.
    is_behind: AtomicBool,
    pub(crate) listeners: Listeners,
}

/// What came of reading again.
#[derive(Default)]
pub(crate) struct Reread {
    /// Whether the merged value is another one.
    pub(crate) changed: bool,
    /// The sources that could not be read, which keep what they said before.
    pub(crate) failed: Vec<(PathBuf, ConfigError)>,
    /// What speaks against the change as a whole, which is not in force then.
    pub(crate) refused: Vec<Error>,
}

impl Live {
    pub(crate) fn new(snapshot: Snapshot, sources: Option<ConfigSources>) -> Arc<Self> {
        Self::with(Arc::new(snapshot), sources, None)
    }

    fn with(
        snapshot: Arc<Snapshot>,
        sources: Option<ConfigSources>,
        declarations: Option<Arc<dyn Visibilities>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            current: ArcSwap::new(snapshot),
            sources,
            declarations: Mutex::new(declarations),
            changing: Mutex::default(),
            is_behind: AtomicBool::default(),
            listeners: Listeners::default(),
        })
    }

    /// The config as it is now, which follows nothing.
    pub(crate) fn frozen(&self, trace: Option<Arc<Trace>>) -> Arc<Self> {
        let mut now = self.current_full();
        if trace.is_some() {
            Arc::make_mut(&mut now).trace = trace;
        }
        Self::with(now, None, self.declarations())
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

    /// Reads the wanted files again and swaps, unless a listener refuses what they say. Those who are told of a change
    /// are not called yet.
    pub(crate) fn reread(&self, wanted: impl Fn(&Layer) -> bool) -> Reread {
        let Some(sources) = &self.sources else { return Reread::default() };
        let _one = lock(&self.changing);
        let before = self.current_full();
        let is_behind = self.is_behind.load(Relaxed);
        let mut out = Reread::default();
        let again = |layer: &Arc<Layer>| {
            let wanted = is_behind || wanted(layer);
            let Some(path) = layer.source.as_deref().filter(|_| wanted) else { return layer.clone() };
            let (layer, error) = sources.layer(path, Some(layer));
            out.failed.extend(error.map(|error| (path.to_owned(), error)));
            Arc::new(layer)
        };
        let mut layers: Vec<_> = before.layers.iter().map(again).collect();
        if layers.iter().all(|layer| layer.root.is_none()) {
            let emptied = before.layers.iter().find(|layer| layer.root.is_some() && layer.source.is_some());
            let emptied = emptied.and_then(|layer| layer.source.clone()).unwrap_or_default();
            out.failed.push((emptied.clone(), sources.says_nothing(&emptied)));
            layers = before.layers.clone();
        }
        let declarations = self.declarations();
        let after = Arc::new(before.with(layers, declarations.as_deref()));
        out.changed = match (before.merged(), after.merged()) {
            (Some(a), Some(b)) => !same(&a, &b),
            (a, b) => a.is_some() != b.is_some(),
        };
        if out.changed {
            let next = Self::with(after.clone(), self.sources.clone(), declarations);
            out.refused = self.listeners.objections(&RootConfig::from_live(next));
        }
        let is_refused = !out.refused.is_empty();
        self.is_behind.store(is_refused, Relaxed);
        if is_refused {
            out.changed = false;
            self.current.store(Arc::new(before.watching(&after)));
        } else {
            self.current.store(after);
        }
        out
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
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
