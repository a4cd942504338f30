//! What is on its way to the server behind and back, by plugin, and how much of it there may be.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::SystemTime,
};

use greenroom_context::{Request as Named, spawn};
use http::{Method, StatusCode, Uri};
use parking_lot::Mutex;

use crate::{
    open::LastBegun, recent::Recent, refusals::Refusals, settings::Limits, stall::Suspect,
    status::PluginStatus,
};

/// How many plugins are told apart. What they are called is the client's to say.
const MOST_PLUGINS: usize = 200;

/// How many health checks are on their way at once. They have their own room: a server that has much to do is not down.
const MOST_PROBES: usize = 100;

/// How many plugins are told that may be why the server behind does not answer.
const MOST_SUSPECTS: usize = 5;

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
            None if plugins.has_room(&self.others) => plugins.by_id.entry(id.into()).or_default().clone(),
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
    fn has_room(&mut self, others: &Plugin) -> bool {
        if self.by_id.len() < MOST_PLUGINS {
            return true;
        }
        let idle = self.by_id.iter().filter(|(_, plugin)| Arc::strong_count(plugin) == 1);
        let rank = |plugin: &Plugin| (plugin.is_known.load(Relaxed), plugin.asked.load(Relaxed));
        let Some(id) = idle.min_by_key(|(_, plugin)| rank(plugin)).map(|(id, _)| id.clone()) else {
            return false;
        };
        if let Some(plugin) = self.by_id.remove(&id) {
            others.refusals.lock().take(std::mem::take(&mut plugin.refusals.lock()));
        }
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
            refused: self.refusals.lock().all(),
        }
    }

    fn turn(&self) {
        self.recent.turn(self.requests.load(Relaxed));
    }

    fn waiting(&self) -> u64 {
        self.recent.waiting(self.requests.load(Relaxed))
    }
}

/// A request's place, from its beginning to the end of its answer.
pub(crate) struct Place {
    live: Arc<Live>,
    plugin: Arc<Plugin>,
    kind: Kind,
    /// How many of its plugin's came before.
    number: u64,
    /// It was answered, or has failed: its client has not given it up.
    has_end: AtomicBool,
}

impl Place {
    /// It is for that request.
    pub(crate) fn is_for(&self, uri: &Uri, named: &Named) {
        self.plugin.last_begun.begins(self.number, uri, named);
    }

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
        self.ends();
        // Of a health check, 503 is an answer: it is not ready.
        let is_failure = self.kind != Kind::Probe || status != StatusCode::SERVICE_UNAVAILABLE;
        if status.is_server_error() && is_failure {
            self.failed(status.as_str(), request);
        }
    }

    /// Its plugin has failed.
    pub(crate) fn failed(&self, code: &str, request: &str) {
        self.ends();
        self.plugin.failures.fetch_add(1, Relaxed);
        *self.plugin.last_failure.lock() = Some((SystemTime::now(), code.to_owned(), request.to_owned()));
    }

    /// Its plugin has answered so, for that reason.
    pub(crate) fn refused(&self, status: StatusCode, reason: &'static str) {
        self.plugin.refusals.lock().note(status, reason);
    }

    /// The same, for a reason that is not known yet.
    pub(crate) fn refused_later(
        &self,
        status: StatusCode,
        reason: impl Future<Output = &'static str> + Send + 'static,
    ) {
        let plugin = self.plugin.clone();
        drop(spawn("why it was refused", async move {
            let reason = reason.await;
            plugin.refusals.lock().note(status, reason);
        }));
    }

    fn ends(&self) {
        // One task has it at a time.
        if !self.has_end.load(Relaxed) {
            self.has_end.store(true, Relaxed);
            self.plugin.recent.ends(self.number);
            self.plugin.last_begun.ends(self.number);
        }
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
            self.plugin.recent.ends(self.number);
            self.plugin.last_begun.ends(self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_ten_thousand_names_few_are_told_apart_and_no_refusal_is_lost() {
        const NAMES: u64 = 10_000;
        let live = Arc::new(Live::new(Limits::default()));
        for name in 0..NAMES {
            let place = live.enter(&format!("p{name}"), false).unwrap();
            place.answered(&Method::GET, StatusCode::UNAUTHORIZED, "id");
            place.refused(StatusCode::UNAUTHORIZED, "missing");
        }
        let plugins = live.status();
        assert_eq!(plugins.len(), MOST_PLUGINS + 1);
        let refused = plugins.values().flat_map(|plugin| &plugin.refused);
        assert_eq!(refused.map(|refused| refused.count).sum::<u64>(), NAMES);
        let [others] = &plugins[OTHER_PLUGINS].refused[..] else { panic!("{plugins:?}") };
        assert_eq!(
            (others.status, others.reason, others.count),
            (401, "missing", NAMES - MOST_PLUGINS as u64)
        );
        // One of them comes back: what it was refused before stays with the others.
        let place = live.enter("p0", false).unwrap();
        place.answered(&Method::GET, StatusCode::UNAUTHORIZED, "id");
        place.refused(StatusCode::UNAUTHORIZED, "missing");
        drop(place);
        let plugins = live.status();
        let counts = ["p0", OTHER_PLUGINS].map(|id| plugins[id].refused[0].count);
        assert_eq!(counts, [1, NAMES - MOST_PLUGINS as u64 + 1], "one more had to give way");
    }

    #[test]
    fn a_health_check_that_is_answered_not_ready_is_no_failure_and_any_other_5xx_is() {
        let live = Arc::new(Live::new(Limits::default()));
        let answered = |place: Place, status| place.answered(&Method::GET, status, "id");
        for (status, failures) in
            [(StatusCode::SERVICE_UNAVAILABLE, [0, 1]), (StatusCode::BAD_GATEWAY, [1, 2])]
        {
            answered(live.enter_probe().unwrap(), status);
            answered(live.enter("catalog", false).unwrap(), status);
            let plugins = live.status();
            assert_eq!([PROBES, "catalog"].map(|id| plugins[id].failures), failures, "{status}");
        }
    }

    #[test]
    fn suspects_are_those_that_wait_since_lately_who_has_most_first() {
        let live = Arc::new(Live::new(Limits::default()));
        let enter = |plugin: &str| live.enter(plugin, false).unwrap();
        let _old = enter("old");
        live.turn();
        live.turn();
        let catalog = [enter("catalog"), enter("catalog")];
        let (search, _pages) = (enter("search"), enter(""));
        search.answered(&Method::GET, StatusCode::OK, "id");
        let suspects = || {
            let of = live.suspects().into_iter().map(|suspect| (suspect.plugin, suspect.requests));
            of.collect::<Vec<_>>()
        };
        assert_eq!(suspects(), [("catalog".to_owned(), 2), (String::new(), 1)]);
        drop(catalog);
        assert_eq!(suspects(), [(String::new(), 1)]);
        let _many: Vec<_> = (0..1000).map(|name| enter(&format!("p{name}"))).collect();
        let suspects = suspects();
        assert_eq!((suspects.len(), &*suspects[0].0), (MOST_SUSPECTS, OTHER_PLUGINS));
    }
}
