//! What is on its way to the server behind and back, by plugin, and how much of it there may be.

mod names;
mod place;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::SystemTime,
};

use greenroom_http::{Limit, Limited};
use http::{Method, StatusCode};
use parking_lot::Mutex;

use self::names::Names;
pub(crate) use self::place::Place;
use crate::{
    open::LastBegun, recent::Recent, refusals::Refusals, settings::Limits, stall::Suspect,
    status::PluginStatus,
};

/// How many plugins are told apart. What they are called is the client's to say.
const MOST_PLUGINS: usize = 200;

/// How many health checks are on their way at once; more are answered here. They have their own room: a server that has much to do is
/// not down.
const MOST_PROBES: usize = 100;

/// The same of what is as vital; more take the places of all others.
const MOST_VITAL: usize = 100;

/// How many plugins are told that may be why the server behind does not answer.
const MOST_SUSPECTS: usize = 5;

/// By what the others are told; no plugin can be called so.
pub const OTHER_PLUGINS: &str = "*";

/// By what health checks are told, which are no request of a user's.
pub const PROBES: &str = "/.backstage/health";

/// All of it.
pub(crate) struct Live {
    in_flight: Limit,
    /// Has room for all: who asks whether there is room for a probe, and then sends one, must not find it taken.
    probes: Limit,
    vital: Limit,
    uploads: Limit,
    streams: Limit,
    plugins: Mutex<Plugins>,
    /// By which plugins metrics and traces may tell.
    names: Mutex<Names>,
    /// More were found than are told apart: no backend has so many plugins, and what may be said of any name tells nothing more.
    is_crowded: AtomicBool,
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
    /// What can be no plugin at all has no name.
    id: Box<str>,
    /// It has answered as a plugin does, and its name has a place among those that are told.
    is_found: AtomicBool,
    /// It has answered as only a plugin does.
    is_certain: AtomicBool,
    /// When it was asked last, by the clock of all.
    asked: AtomicU64,
    now: [AtomicUsize; 6],
    requests: AtomicU64,
    given_up: AtomicU64,
    failures: AtomicU64,
    last_failure: Mutex<Option<(SystemTime, String, String)>>,
    recent: Recent,
    last_begun: LastBegun,
    refusals: Mutex<Refusals>,
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
    /// It is answered once, and must be however much else there is to do.
    Vital = 4,
    /// It is answered, and the rest of its body goes on.
    Upload = 5,
}

/// There is no room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Live {
    pub(crate) fn new(limits: Limits) -> Self {
        let of = |of, key: &str, most| Limit::new(of, format!("greenroom.gateway.{key}"), most);
        let (plugins, names, is_crowded, others, probed) = Default::default();
        Self {
            in_flight: of(Limited::Upstream, "maxInFlight", limits.in_flight),
            probes: of(Limited::Upstream, "probes", usize::MAX),
            vital: of(Limited::Upstream, "vital", MOST_VITAL),
            // No connection is kept beyond what was let in anyway.
            uploads: of(Limited::Upstream, "uploads", limits.in_flight),
            streams: of(Limited::Streams, "maxStreams", limits.streams),
            plugins,
            names,
            is_crowded,
            others,
            probed,
        }
    }

    /// Those of which it is told that something was refused for want of a place.
    pub(crate) fn limits(&self) -> [Limit; 2] {
        [self.in_flight.clone(), self.streams.clone()]
    }

    /// Lets a request in; its place is free again when that is dropped. `may_stream`: as far as it tells, its answer is a stream.
    pub(crate) fn enter(self: &Arc<Self>, plugin: &str, may_stream: bool) -> Result<Place, Full> {
        let is_full = may_stream && self.streams.now() >= self.streams.most();
        let place =
            if is_full { Err(&self.streams) } else { self.place(Kind::Exchange, || self.plugin(plugin)) };
        place.map_err(|full| {
            full.refuse(Some(plugin).filter(|id| self.has_found(id)));
            Full
        })
    }

    /// Whether the Node backend is known to have that plugin.
    pub(crate) fn has_found(&self, plugin: &str) -> bool {
        let is_found = |found: &Arc<Plugin>| found.is_found.load(Relaxed);
        self.plugins.lock().by_id.get(plugin).is_some_and(is_found)
    }

    /// Whether one more health check may be sent; else who asks is told what is known.
    pub(crate) fn has_room_for_probes(&self) -> bool {
        self.probes.now() < MOST_PROBES
    }

    /// Lets a request in that must be answered, however much else is on its way.
    pub(crate) fn enter_vital(self: &Arc<Self>, plugin: &str) -> Result<Place, Full> {
        self.place(Kind::Vital, || self.plugin(plugin)).or_else(|_| self.enter(plugin, false))
    }

    /// Lets a health check in, however much else is on its way.
    pub(crate) fn enter_probe(self: &Arc<Self>) -> Result<Place, Full> {
        self.place(Kind::Probe, || self.probed.clone()).map_err(|_| Full)
    }

    /// A place, or what there is none of.
    fn place(self: &Arc<Self>, kind: Kind, plugin: impl FnOnce() -> Arc<Plugin>) -> Result<Place, &Limit> {
        let room = self.room(kind);
        if !room.take() {
            return Err(room);
        }
        let plugin = plugin();
        let number = plugin.requests.fetch_add(1, Relaxed);
        plugin.now[kind as usize].fetch_add(1, Relaxed);
        Ok(Place { live: self.clone(), plugin, kind, number, has_end: AtomicBool::new(false) })
    }

    fn plugin(&self, id: &str) -> Arc<Plugin> {
        let mut plugins = self.plugins.lock();
        plugins.clock += 1;
        let known = plugins.by_id.get(id).cloned();
        let plugin = match known {
            Some(plugin) => plugin,
            None if plugins.has_room(self) => {
                plugins.by_id.entry(id.into()).or_insert_with(|| named(id)).clone()
            }
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
        let is_of_use = |status: &PluginStatus| status.requests > 0 || !status.refused.is_empty();
        known.chain(beside.filter(|(_, status)| is_of_use(status))).collect()
    }

    /// From here on, what began before the last turn has not begun lately.
    pub(crate) fn turn(&self) {
        self.plugins.lock().by_id.values().chain([&self.others]).for_each(|plugin| plugin.turn());
    }

    /// Whose requests have begun lately and have no answer: who has most comes first.
    pub(crate) fn suspects(&self) -> Vec<Suspect> {
        let plugins = self.plugins.lock();
        let known = plugins.by_id.iter().map(|(id, plugin)| (&**id, plugin));
        let waiting = known.chain([(OTHER_PLUGINS, &self.others)]);
        let waiting = waiting.map(|(id, plugin)| (id, plugin.waiting(), &plugin.last_begun));
        let mut waiting: Vec<_> = waiting.filter(|(_, requests, _)| *requests > 0).collect();
        waiting.sort_by(|(one, first, _), (other, second, _)| second.cmp(first).then(one.cmp(other)));
        let most = waiting.into_iter().take(MOST_SUSPECTS);
        let suspect = |(plugin, requests, last_begun): (&str, u64, &LastBegun)| Suspect {
            plugin: plugin.to_owned(),
            requests,
            newest: last_begun.newest(),
        };
        most.map(suspect).collect()
    }

    /// How many of a kind there are, and may be.
    fn room(&self, kind: Kind) -> &Limit {
        match kind {
            Kind::Exchange => &self.in_flight,
            Kind::Probe => &self.probes,
            Kind::Vital => &self.vital,
            Kind::Upload => &self.uploads,
            Kind::Stream | Kind::Tunnel => &self.streams,
        }
    }
}

impl Plugins {
    /// Whether one more may be told apart. In a full table the one gives way that was asked least recently of those that nobody
    /// asks now; a plugin only where all the others are plugins, too: clients can make up any number of names.
    fn has_room(&mut self, live: &Live) -> bool {
        if self.by_id.len() < MOST_PLUGINS {
            return true;
        }
        let idle = self.by_id.iter().filter(|(_, plugin)| Arc::strong_count(plugin) == 1);
        let rank = |plugin: &Plugin| (plugin.is_certain.load(Relaxed), plugin.asked.load(Relaxed));
        let Some(id) = idle.min_by_key(|(_, plugin)| rank(plugin)).map(|(id, _)| id.clone()) else {
            return false;
        };
        if let Some(plugin) = self.by_id.remove(&id) {
            live.is_crowded.fetch_or(plugin.is_found.load(Relaxed), Relaxed);
            live.others.refusals.lock().take(std::mem::take(&mut plugin.refusals.lock()));
        }
        true
    }
}

fn named(id: &str) -> Arc<Plugin> {
    Arc::new(Plugin { id: id.into(), ..Plugin::default() })
}

impl Plugin {
    fn status(&self) -> PluginStatus {
        let now = |kind: Kind| self.now[kind as usize].load(Relaxed);
        PluginStatus {
            in_flight: now(Kind::Exchange) + now(Kind::Probe) + now(Kind::Vital),
            uploads: now(Kind::Upload),
            streams: now(Kind::Stream),
            tunnels: now(Kind::Tunnel),
            is_found: self.is_found.load(Relaxed),
            requests: self.requests.load(Relaxed),
            given_up: self.given_up.load(Relaxed),
            failures: self.failures.load(Relaxed),
            last_failure: self.last_failure.lock().clone(),
            refused: self.refusals.lock().all(),
        }
    }

    /// Whether it is a plugin shows by its answers. One below 400 only a plugin gives. A refusal for who asks, and a failure, are a
    /// plugin's as a rule. All else, such as 404, 429 and what answers CORS, is said before a plugin is asked, of any name.
    fn answered(&self, method: &Method, status: StatusCode, live: &Live) {
        if self.id.is_empty() || *method == Method::OPTIONS {
            return;
        }
        let is_certain = status.as_u16() < 400;
        let is_news = match is_certain {
            true => !self.is_certain.load(Relaxed),
            false => (Refusals::is(status) || status.is_server_error()) && !self.is_found.load(Relaxed),
        };
        if is_news {
            self.is_certain.fetch_or(is_certain, Relaxed);
            let is_told = live.names.lock().has_place(&self.id, is_certain, live.is_crowded.load(Relaxed));
            self.is_found.fetch_or(is_told, Relaxed);
        }
    }

    fn turn(&self) {
        self.recent.turn(self.requests.load(Relaxed));
    }

    fn waiting(&self) -> u64 {
        self.recent.waiting(self.requests.load(Relaxed))
    }
}
