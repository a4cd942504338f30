//! The service.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use greenroom_config::{DeclareConfig, RootConfig};
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_logging::{Level, Redactor};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    Follower, Line, LineQuery, Lines, LogStoreSettings, LogStoreSink, around::around, mask::Mask,
    query::search, ring::Ring, shapes::Shapes,
};

/// Errors have a sixteenth of the bytes to themselves.
const OF_ERRORS: usize = 16;

/// The last lines of this process. A root service, which the default root logger writes to.
///
/// See the [crate's example](crate). It holds what passed the level rules, but what libraries say of their exporting and what is
/// bound to statements (`db.query.parameter.…`).
#[derive(Clone)]
pub struct LogStore(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    /// `None` if nothing is kept.
    rings: Option<Mutex<Rings>>,
    /// Of all that was ever put into the rings.
    pub(crate) shapes: Shapes,
    redactor: Mutex<Option<Redactor>>,
    /// Tells those who wait for new lines.
    pub(crate) news: Notify,
    /// How many may wait. Whoever begins to follow is counted before the rings are locked to be looked into, so that who has
    /// put a line into them since then knows of it.
    pub(crate) followers: AtomicUsize,
}

struct Rings {
    bytes: usize,
    lines: Ring,
    errors: Ring,
    /// The sequence before the first line, and that of the last one.
    start: u64,
    last: u64,
}

/// Sequences: the one before the first line, that of the oldest line that is kept, that of the newest.
pub(crate) struct Bounds {
    pub(crate) start: u64,
    pub(crate) oldest: u64,
    pub(crate) newest: u64,
}

impl Rings {
    fn new(bytes: usize, start: u64) -> Self {
        let errors = bytes / OF_ERRORS;
        Self { bytes, lines: Ring::new(bytes - errors), errors: Ring::new(errors), start, last: start }
    }
}

impl Service for LogStore {
    const ID: &'static str = "greenroom.logStore";
    type Scope = scope::Root;
}

impl LogStore {
    /// A store of so many bytes, but some segments at least; of 0 it keeps nothing.
    pub fn new(bytes: usize) -> Self {
        // Microseconds: what follows a restart has greater numbers, and they are exact as numbers of JSON.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start = u64::try_from(since.as_micros()).unwrap_or_default();
        let rings = (bytes > 0).then(|| Mutex::new(Rings::new(bytes, start)));
        let (redactor, news, followers) = (Mutex::default(), Notify::new(), AtomicUsize::new(0));
        Self(Arc::new(Inner { rings, shapes: Shapes::new(), redactor, news, followers }))
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |config: RootConfig| Ok(Self::new(LogStoreSettings::from_config(&config)?.bytes)))
            .reads(LogStoreSettings::from_config)
    }

    /// What a root logger needs to write to it: `RootLogger::builder().tap(store.sink())`. A store is of one logger: with the
    /// sink of another one it begins anew.
    pub fn sink(&self) -> LogStoreSink {
        LogStoreSink(self.0.clone())
    }

    /// Whether lines are kept.
    pub fn is_on(&self) -> bool {
        !self.0.is_off()
    }

    /// The lines that are wanted, masked by today's secrets.
    ///
    /// By ids and levels that takes a millisecond or so; by text some ten times as much, so do that in
    /// [`spawn_blocking`](greenroom_context::spawn_blocking).
    pub fn lines(&self, query: &LineQuery) -> Lines {
        self.0.read(query, |rings| &rings.lines).unwrap_or_default()
    }

    /// The last errors, the newest first. They have a ring of their own: no talkative plugin makes them forgotten.
    pub fn last_errors(&self, limit: usize) -> Vec<Line> {
        let query = LineQuery { limit, ..LineQuery::default() };
        let found = self.0.read(&query, |rings| &rings.errors);
        found.map(|found| found.lines.into_iter().rev().collect()).unwrap_or_default()
    }

    /// What happened around a moment: warnings and errors of anybody and all lines of these plugins, from 30 s before it to 10 s after it.
    /// Of more than `limit` those nearest to it, in the order in which they were logged.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use greenroom_log_store::LogStore;
    /// use greenroom_logging::RootLogger;
    ///
    /// let store = LogStore::new(1 << 20);
    /// let root = RootLogger::builder().tap(store.sink()).build();
    /// root.plugin("mail").info("Connecting");
    /// root.plugin("search").info("Indexed 7 documents");
    /// root.warn("No route to host");
    /// let lines = store.around(SystemTime::now(), &["mail".to_owned()], 10);
    /// let texts: Vec<_> = lines.iter().map(|line| &*line.message).collect();
    /// assert_eq!(texts, ["Connecting", "No route to host"]);
    /// ```
    pub fn around(&self, at: SystemTime, plugins: &[String], limit: usize) -> Vec<Line> {
        self.0.around(at, plugins, limit).unwrap_or_default()
    }

    /// What is logged from now on, or after `query.after`.
    pub fn follow(&self, query: LineQuery) -> Follower {
        let now = self.0.rings.as_ref().map_or(0, |rings| rings.lock().last);
        Follower::new(self.clone(), query, now)
    }
}

impl Inner {
    pub(crate) fn is_off(&self) -> bool {
        self.rings.is_none()
    }

    pub(crate) fn attach(&self, redactor: Redactor) {
        let mut attached = self.redactor.lock();
        if let Some(rings) = self.rings.as_ref().filter(|_| attached.is_some()) {
            let mut rings = rings.lock();
            let (bytes, last) = (rings.bytes, rings.last);
            *rings = Rings::new(bytes, last);
        }
        *attached = Some(redactor);
    }

    pub(crate) fn bounds(&self) -> Option<Bounds> {
        let rings = self.rings.as_ref()?.lock();
        let (oldest, _) = rings.lines.oldest()?;
        Some(Bounds { start: rings.start, oldest, newest: rings.last })
    }

    /// Keeps an encoded record.
    pub(crate) fn keep(&self, record: &mut [u8], level: Level) {
        let Some(rings) = &self.rings else { return };
        let mut kept = rings.lock();
        kept.last += 1;
        let sequence = kept.last;
        kept.lines.push(record, sequence);
        if level == Level::Error {
            kept.errors.push(record, sequence);
        }
        drop(kept);
        if self.followers.load(Relaxed) > 0 {
            self.news.notify_waiters();
        }
    }

    /// The same; `None` if nothing is kept, or nobody knows the secrets.
    fn around(&self, at: SystemTime, plugins: &[String], limit: usize) -> Option<Vec<Line>> {
        // The lines first: a secret that is in one of them was masked before.
        let kept = self.rings.as_ref()?.lock().lines.kept(&(0..u64::MAX));
        let secrets = self.redactor.lock().as_ref()?.secrets()?;
        Some(around(&kept, at, plugins, limit, (&self.shapes, &Mask(&secrets))))
    }

    /// Lines; `None` if nothing is kept, or nobody knows the secrets.
    fn read(&self, query: &LineQuery, of: fn(&Rings) -> &Ring) -> Option<Lines> {
        // The lines first: a secret that is in one of them was masked before.
        let (kept, oldest, overwritten) = {
            let rings = self.rings.as_ref()?.lock();
            let oldest = rings.lines.oldest();
            let overwritten = oldest.map_or(0, |(sequence, _)| sequence - rings.start - 1);
            (of(&rings).kept(&query.range()), oldest.map(|(_, time)| time), overwritten)
        };
        let secrets = self.redactor.lock().as_ref()?.secrets()?;
        let (lines, next) = search(&kept, query, &self.shapes, &Mask(&secrets));
        Some(Lines { lines, next, oldest, overwritten })
    }
}
