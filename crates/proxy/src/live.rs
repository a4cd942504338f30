//! What is on its way to the server behind and back, by plugin, and how much of it there may be.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::SystemTime,
};

use http::{Method, StatusCode};
use parking_lot::Mutex;

use crate::{settings::Limits, status::PluginStatus};

/// How many plugins are told apart. What they are called is the client's to say.
const MOST_PLUGINS: usize = 200;

/// How many health checks are on their way at once. They have their own room: a server that has much to do is not down.
const MOST_PROBES: usize = 100;

/// By what the others are told; no plugin can be called so.
pub const OTHER_PLUGINS: &str = "*";

/// By what health checks are told, which are no request of a user's.
pub const PROBES: &str = "/.backstage/health";

/// All of it.
pub(crate) struct Live {
    limits: Limits,
    in_flight: AtomicUsize,
    probes: AtomicUsize,
    streams: AtomicUsize,
    plugins: Mutex<Plugins>,
    /// Those beyond [`MOST_PLUGINS`].
    others: Arc<Plugin>,
    /// Where health checks are counted.
    probed: Arc<Plugin>,
}

#[derive(Default)]
struct Plugins {
    by_id: HashMap<Box<str>, Arc<Plugin>>,
    /// Rises with each request.
    clock: u64,
}

/// What is counted of a plugin.
#[derive(Default)]
struct Plugin {
    /// It has answered as only a plugin does.
    is_known: AtomicBool,
    /// It has answered otherwise than by 404.
    is_found: AtomicBool,
    /// When it was asked last, by the clock of all.
    asked: AtomicU64,
    now: [AtomicUsize; 4],
    requests: AtomicU64,
    given_up: AtomicU64,
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
    /// It is a health check.
    Probe = 3,
}

/// There is no room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Live {
    pub(crate) fn new(limits: Limits) -> Self {
        let (in_flight, probes, streams, plugins, others, probed) = Default::default();
        Self { limits, in_flight, probes, streams, plugins, others, probed }
    }

    /// Lets a request in; its place is free again when that is dropped. `may_stream`: as far as it tells, its answer is a stream.
    pub(crate) fn enter(self: &Arc<Self>, plugin: &str, may_stream: bool) -> Result<Place, Full> {
        if may_stream && self.streams.load(Relaxed) >= self.limits.streams {
            return Err(Full);
        }
        self.place(Kind::Exchange, || self.plugin(plugin))
    }

    /// Lets a health check in, however much else is on its way.
    pub(crate) fn enter_probe(self: &Arc<Self>) -> Result<Place, Full> {
        self.place(Kind::Probe, || self.probed.clone())
    }

    fn place(self: &Arc<Self>, kind: Kind, plugin: impl FnOnce() -> Arc<Plugin>) -> Result<Place, Full> {
        self.take(kind)?;
        let plugin = plugin();
        plugin.requests.fetch_add(1, Relaxed);
        plugin.now[kind as usize].fetch_add(1, Relaxed);
        Ok(Place { live: self.clone(), plugin, kind, has_end: AtomicBool::new(false) })
    }

    fn plugin(&self, id: &str) -> Arc<Plugin> {
        let mut plugins = self.plugins.lock();
        plugins.clock += 1;
        let known = plugins.by_id.get(id).cloned();
        let plugin = match known {
            Some(plugin) => plugin,
            None if plugins.has_room() => plugins.by_id.entry(id.into()).or_default().clone(),
            None => return self.others.clone(),
        };
        plugin.asked.store(plugins.clock, Relaxed);
        plugin
    }

    pub(crate) fn status(&self) -> BTreeMap<String, PluginStatus> {
        let plugins = self.plugins.lock();
        let known = plugins.by_id.iter().map(|(id, plugin)| (id.to_string(), plugin.status()));
        let beside = [(OTHER_PLUGINS, &self.others), (PROBES, &self.probed)];
        let beside = beside.into_iter().map(|(id, plugin)| (id.to_owned(), plugin.status()));
        known.chain(beside.filter(|(_, status)| status.requests > 0)).collect()
    }

    fn take(&self, kind: Kind) -> Result<(), Full> {
        let (taken, most) = self.room(kind);
        let took = taken.fetch_update(Relaxed, Relaxed, |taken| (taken < most).then_some(taken + 1));
        took.map(drop).map_err(|_| Full)
    }

    /// How many of a kind there are, and may be.
    fn room(&self, kind: Kind) -> (&AtomicUsize, usize) {
        match kind {
            Kind::Exchange => (&self.in_flight, self.limits.in_flight),
            Kind::Probe => (&self.probes, MOST_PROBES),
            Kind::Stream | Kind::Tunnel => (&self.streams, self.limits.streams),
        }
    }
}

impl Plugins {
    /// Whether one more may be told apart. In a full table the one gives way that was asked least recently of those that nobody
    /// asks now; a plugin only where all the others are plugins, too: clients can make up any number of names.
    fn has_room(&mut self) -> bool {
        if self.by_id.len() < MOST_PLUGINS {
            return true;
        }
        let idle = self.by_id.iter().filter(|(_, plugin)| Arc::strong_count(plugin) == 1);
        let rank = |plugin: &Plugin| (plugin.is_known.load(Relaxed), plugin.asked.load(Relaxed));
        let Some(id) = idle.min_by_key(|(_, plugin)| rank(plugin)).map(|(id, _)| id.clone()) else {
            return false;
        };
        self.by_id.remove(&id);
        true
    }
}

impl Plugin {
    fn status(&self) -> PluginStatus {
        let now = |kind: Kind| self.now[kind as usize].load(Relaxed);
        PluginStatus {
            in_flight: now(Kind::Exchange) + now(Kind::Probe),
            streams: now(Kind::Stream),
            tunnels: now(Kind::Tunnel),
            is_found: self.is_found.load(Relaxed),
            requests: self.requests.load(Relaxed),
            given_up: self.given_up.load(Relaxed),
            failures: self.failures.load(Relaxed),
            last_failure: self.last_failure.lock().clone(),
        }
    }
}

/// A request's place, from its beginning to the end of its answer.
pub(crate) struct Place {
    live: Arc<Live>,
    plugin: Arc<Plugin>,
    kind: Kind,
    /// It was answered, or has failed: its client has not given it up.
    has_end: AtomicBool,
}

impl Place {
    /// It turns out to be that.
    pub(crate) fn becomes(&mut self, kind: Kind) -> Result<(), Full> {
        self.live.take(kind)?;
        self.leave();
        self.plugin.now[kind as usize].fetch_add(1, Relaxed);
        self.kind = kind;
        Ok(())
    }

    /// Its plugin has answered so, or whoever answers where there is no plugin: what is refused, or asked by CORS, may be either.
    pub(crate) fn answered(&self, method: &Method, status: StatusCode, request: &str) {
        let is_plugins = status.as_u16() < 400 && *method != Method::OPTIONS;
        if is_plugins && !self.plugin.is_known.load(Relaxed) {
            self.plugin.is_known.store(true, Relaxed);
        }
        let is_found = status != StatusCode::NOT_FOUND && *method != Method::OPTIONS;
        if is_found && !self.plugin.is_found.load(Relaxed) {
            self.plugin.is_found.store(true, Relaxed);
        }
        self.has_end.store(true, Relaxed);
        if status.is_server_error() {
            self.failed(status.as_str(), request);
        }
    }

    /// Its plugin has failed.
    pub(crate) fn failed(&self, code: &str, request: &str) {
        self.has_end.store(true, Relaxed);
        self.plugin.failures.fetch_add(1, Relaxed);
        *self.plugin.last_failure.lock() = Some((SystemTime::now(), code.to_owned(), request.to_owned()));
    }

    fn leave(&self) {
        self.live.room(self.kind).0.fetch_sub(1, Relaxed);
        self.plugin.now[self.kind as usize].fetch_sub(1, Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
        if !*self.has_end.get_mut() {
            self.plugin.given_up.fetch_add(1, Relaxed);
        }
    }
}
