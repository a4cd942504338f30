//! What is on its way to the server behind and back, by plugin, and how much of it there may be.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::SystemTime,
};

use parking_lot::Mutex;

use crate::{settings::Limits, status::PluginStatus};

/// How many plugins are told apart. What they are called is the client's to say.
const MOST_PLUGINS: usize = 200;

/// By what the others are told; no plugin can be called so.
pub const OTHER_PLUGINS: &str = "*";

/// All of it.
pub(crate) struct Live {
    limits: Limits,
    in_flight: AtomicUsize,
    streams: AtomicUsize,
    plugins: Mutex<HashMap<Box<str>, Arc<Plugin>>>,
}

/// What is counted of a plugin.
#[derive(Default)]
struct Plugin {
    /// It has answered by something else than that there is no such thing.
    is_known: AtomicBool,
    now: [AtomicUsize; 3],
    requests: AtomicU64,
    failures: AtomicU64,
    last_failure: Mutex<Option<(SystemTime, String, String)>>,
}

/// What a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is answered once.
    Exchange = 0,
    /// Its answer is a stream of events.
    Stream = 1,
    /// It has left HTTP.
    Tunnel = 2,
}

/// There is no room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Live {
    pub(crate) fn new(limits: Limits) -> Self {
        let (in_flight, streams, plugins) = Default::default();
        Self { limits, in_flight, streams, plugins }
    }

    /// Lets a request in; its place is free again when that is dropped. `may_stream`: as far as it tells, its answer is a stream.
    pub(crate) fn enter(self: &Arc<Self>, plugin: &str, may_stream: bool) -> Result<Place, Full> {
        if may_stream && self.streams.load(Relaxed) >= self.limits.streams {
            return Err(Full);
        }
        take(&self.in_flight, self.limits.in_flight)?;
        let plugin = self.plugin(plugin);
        plugin.requests.fetch_add(1, Relaxed);
        plugin.now[Kind::Exchange as usize].fetch_add(1, Relaxed);
        Ok(Place { live: self.clone(), plugin, kind: Kind::Exchange })
    }

    fn plugin(&self, id: &str) -> Arc<Plugin> {
        let mut plugins = self.plugins.lock();
        if let Some(plugin) = plugins.get(id) {
            return plugin.clone();
        }
        if plugins.len() >= MOST_PLUGINS {
            // A name that was made up makes room.
            plugins.retain(|_, plugin| plugin.is_known.load(Relaxed) || Arc::strong_count(plugin) > 1);
        }
        let id = if plugins.len() >= MOST_PLUGINS { OTHER_PLUGINS } else { id };
        plugins.entry(id.into()).or_default().clone()
    }

    pub(crate) fn status(&self) -> BTreeMap<String, PluginStatus> {
        let plugins = self.plugins.lock();
        plugins.iter().map(|(id, plugin)| (id.to_string(), plugin.status())).collect()
    }

    fn of(&self, kind: Kind) -> &AtomicUsize {
        if kind == Kind::Exchange { &self.in_flight } else { &self.streams }
    }
}

impl Plugin {
    fn status(&self) -> PluginStatus {
        let now = |kind: Kind| self.now[kind as usize].load(Relaxed);
        PluginStatus {
            in_flight: now(Kind::Exchange),
            streams: now(Kind::Stream),
            tunnels: now(Kind::Tunnel),
            requests: self.requests.load(Relaxed),
            failures: self.failures.load(Relaxed),
            last_failure: self.last_failure.lock().clone(),
        }
    }
}

fn take(places: &AtomicUsize, most: usize) -> Result<(), Full> {
    let taken = places.fetch_update(Relaxed, Relaxed, |taken| (taken < most).then_some(taken + 1));
    taken.map(drop).map_err(|_| Full)
}

/// A request's place, from its beginning to the end of its answer.
pub(crate) struct Place {
    live: Arc<Live>,
    plugin: Arc<Plugin>,
    kind: Kind,
}

impl Place {
    /// It turns out to be that.
    pub(crate) fn becomes(&mut self, kind: Kind) -> Result<(), Full> {
        take(&self.live.streams, self.live.limits.streams)?;
        self.leave();
        self.plugin.now[kind as usize].fetch_add(1, Relaxed);
        self.kind = kind;
        Ok(())
    }

    /// Its plugin has answered so.
    pub(crate) fn answered(&self, status: http::StatusCode, request: &str) {
        if status != http::StatusCode::NOT_FOUND && !self.plugin.is_known.load(Relaxed) {
            self.plugin.is_known.store(true, Relaxed);
        }
        if status.is_server_error() {
            self.failed(status.as_str(), request);
        }
    }

    /// Its plugin has failed.
    pub(crate) fn failed(&self, code: &str, request: &str) {
        self.plugin.failures.fetch_add(1, Relaxed);
        *self.plugin.last_failure.lock() = Some((SystemTime::now(), code.to_owned(), request.to_owned()));
    }

    fn leave(&self) {
        self.live.of(self.kind).fetch_sub(1, Relaxed);
        self.plugin.now[self.kind as usize].fetch_sub(1, Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}
