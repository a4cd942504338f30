//! Why a child has ended, told once: what is known of it while it runs, and what is written of its end.
//!
//! ```no_run
//! use greenroom_wrap::{LastWords, LastWordsOptions, State};
//!
//! # fn on_state(state: &State) {
//! let words = LastWords::start(LastWordsOptions {
//!     data_dir: Some("/var/lib/greenroom".into()),
//!     on_event: Box::new(|event| eprintln!("{event}")),
//!     ..LastWordsOptions::default()
//! });
//! let output = |record: &greenroom_node_log::Record<'_>| words.tail().push(record);
//! // In the order in which they come, of a supervisor:
//! if let Some(exit) = words.note(state) {
//!     eprintln!("{}: {}", exit.cause.as_str(), exit.sentence);
//! }
//! # }
//! ```
//!
//! What decides is in `cause.rs`, and asks nobody; what is looked at every few seconds is in `watch.rs`.

mod cause;
mod counts;
mod end;
mod event;
mod node_options;
mod places;
mod run;
mod tail;
mod watch;

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use greenroom_context::spawn;
use greenroom_metrics::MetricsRegistry;
use parking_lot::Mutex;
use rustix::process::Signal;
use tokio::sync::Notify;

pub use cause::{Cause, Evidence};
pub use end::{LastExit, MemoryAt, Time};
pub use event::Event;
pub use tail::{Said, Tail};

use crate::{ChildCommand, Machine, Memory, State, Thresholds, heartbeat::Heartbeat};
use counts::Counts;
use node_options::NodeOptions;
use places::Places;
use run::Run;

/// How often the child is looked at.
const EVERY: Duration = Duration::from_secs(5);

const LAST_EXIT: &str = "last-exit.json";
const HEARTBEAT: &str = "heartbeat.json";

/// For what requests in flight are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The child runs, and is looked at.
    Look,
    /// It has ended.
    End,
}

/// Requests that have no answer yet, by plugin.
pub type InFlight = Box<dyn Fn(Moment) -> BTreeMap<String, u64> + Send + Sync>;

/// Takes known secrets out of a text.
pub type Mask = Box<dyn Fn(&str) -> String + Send + Sync>;

/// Is told of what happens beside an end.
pub type OnEvent = Box<dyn Fn(&Event) + Send + Sync>;

/// What an end is told with, and to whom.
pub struct LastWordsOptions {
    /// Names this start of ours among others.
    pub start_id: String,
    /// What the child prints, for who reads it.
    pub tail: Tail,
    /// Where `last-exit.json` and the heartbeat are; without, neither is.
    pub data_dir: Option<PathBuf>,
    /// A file that an orchestrator has made, and shows.
    pub termination_log: Option<PathBuf>,
    /// Where memory is asked.
    pub machine: Machine,
    /// What is known to be secret.
    pub mask: Mask,
    /// Who counts requests in flight.
    pub in_flight: InFlight,
    /// Is told of all but ends, which [`LastWords::note`] returns.
    pub on_event: OnEvent,
    /// How often the child is looked at.
    pub every: Duration,
    /// A child whose start has failed and that stays is left as it is: what ends it later is told as what it is.
    pub keeps_failed: bool,
}

impl Default for LastWordsOptions {
    fn default() -> Self {
        Self {
            start_id: start_id(),
            tail: Tail::default(),
            data_dir: None,
            termination_log: None,
            machine: Machine::default(),
            mask: Box::new(str::to_owned),
            in_flight: Box::new(|_| BTreeMap::new()),
            on_event: Box::new(|_| {}),
            every: EVERY,
            keeps_failed: false,
        }
    }
}

impl fmt::Debug for LastWordsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastWordsOptions").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// What is known of a child, for its end. Clones are the same.
#[derive(Clone)]
pub struct LastWords(Arc<Inner>);

struct Inner {
    start_id: String,
    tail: Tail,
    machine: Machine,
    mask: Mask,
    in_flight: InFlight,
    on_event: OnEvent,
    every: Duration,
    keeps_failed: bool,
    places: Places,
    heartbeat: Option<Heartbeat>,
    previous: Option<LastExit>,
    /// A child has been started, or its start has failed: it is looked at soon.
    news: Arc<Notify>,
    watched: Mutex<Watched>,
    counts: Counts,
}

/// What changes.
#[derive(Default)]
struct Watched {
    run: Option<Run>,
    thresholds: Thresholds,
    are_options_told: bool,
    is_heap_told: bool,
    is_heartbeat_broken: bool,
    /// A stop has begun: it ends the child, whatever its start has come to.
    is_stopping: bool,
}

impl fmt::Debug for LastWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastWords").field("start_id", &self.0.start_id).finish_non_exhaustive()
    }
}

impl LastWords {
    /// Begins to watch, in a task of the current backend, and tells how the last process has ended if it could not. Blocks: on
    /// small files.
    pub fn start(options: LastWordsOptions) -> Self {
        let LastWordsOptions {
            start_id,
            tail,
            data_dir,
            termination_log,
            machine,
            mask,
            in_flight,
            on_event,
            every,
            keeps_failed,
        } = options;
        let file = |name: &str| data_dir.as_ref().map(|dir| dir.join(name));
        let places = Places { last_exit: file(LAST_EXIT), termination_log };
        let (mut previous, counts) = (places.read(), Counts::default());
        let opened = match file(HEARTBEAT) {
            Some(path) => Heartbeat::open(&path).map_err(|error| format!("{}: {error}", path.display())),
            None => Err("there is no data directory".to_owned()),
        };
        let heartbeat = match opened {
            Ok((heartbeat, None)) => Some(heartbeat),
            Ok((heartbeat, Some(beat))) => {
                let exit = LastExit::without_goodbye(beat);
                // All others were counted by the process that saw them.
                counts.ended(exit.cause);
                on_event(&Event::Previous(exit.clone()));
                tell_faults(places.tell_kept(&exit), &on_event);
                previous = Some(exit);
                Some(heartbeat)
            }
            Err(why) => {
                on_event(&Event::NoHeartbeat(why));
                None
            }
        };
        let news = tail.news();
        let watched = Mutex::default();
        let inner = Inner {
            start_id,
            tail,
            machine,
            mask,
            in_flight,
            on_event,
            every,
            keeps_failed,
            places,
            heartbeat,
            previous,
            news,
            watched,
            counts,
        };
        let inner = Arc::new(inner);
        spawn("last words", watch::watch(Arc::downgrade(&inner), inner.news.clone()));
        Self(inner)
    }

    /// What the child prints: whoever reads it pushes it there, before the end is noted.
    pub fn tail(&self) -> &Tail {
        &self.0.tail
    }

    /// Tells how often the child was started and why it ended as metrics, `greenroom.child.starts` and `greenroom.child.exits`.
    pub fn told_by(&self, registry: &MetricsRegistry) {
        self.0.counts.told_by(registry);
    }

    /// How the last child of the process before this one has ended, if that is known.
    pub fn previous(&self) -> Option<&LastExit> {
        self.0.previous.as_ref()
    }

    /// Notes what is about to be started, and tells once with which options Node runs. Blocks: on small files.
    pub fn launching(&self, command: &ChildCommand) {
        let options = NodeOptions::of(command);
        let mut watched = self.0.watched.lock();
        if !options.of_environment.is_empty() && !std::mem::replace(&mut watched.are_options_told, true) {
            (self.0.on_event)(&Event::NodeOptions(options.shown(&self.0.mask)));
        }
        if let (Some(heap), Some(limit)) = (options.heap(), self.0.machine.limit())
            && heap >= limit
            && !std::mem::replace(&mut watched.is_heap_told, true)
        {
            (self.0.on_event)(&Event::HeapAboveLimit { heap, limit });
        }
    }

    /// Notes that the child takes connections, or took them before it ended: its end is told soon, and not before.
    pub fn listened(&self) {
        if let Some(run) = &mut self.0.watched.lock().run {
            run.listened = Some(true);
        }
    }

    /// Notes that the child has said that it is ready: no words of its log make that a start that has failed.
    pub fn was_ready(&self) {
        if let Some(run) = &mut self.0.watched.lock().run {
            run.was_ready = true;
        }
    }

    /// Notes that a stop has begun, by which the child ends in order: from here on none is given up.
    pub fn stopping(&self) {
        let mut watched = self.0.watched.lock();
        watched.is_stopping = true;
        if let Some(run) = &mut watched.run {
            run.gives_up = None;
        }
    }

    /// Notes that nobody has asked for the stop that has begun, but something of ours, such as a start of our own that has failed.
    pub fn stopping_by_itself(&self) {
        self.stopping();
        if let Some(run) = &mut self.0.watched.lock().run {
            run.is_stopped_by_itself = true;
        }
    }

    /// When the child that runs is given up, because its start has failed or seems to have, and whether that is certain. `None` where
    /// nothing says so, and where a failed start is kept.
    pub fn gives_up(&self) -> Option<(SystemTime, bool)> {
        let (at, is_certain) = self.0.watched.lock().run.as_ref()?.gives_up?;
        Some((SystemTime::now() + at.saturating_duration_since(Instant::now()), is_certain))
    }

    /// The child that runs, and its memory as it was looked at last, once it was.
    pub fn running(&self) -> Option<(u32, Option<Memory>)> {
        let watched = self.0.watched.lock();
        let run = watched.run.as_ref().filter(|run| !run.has_exited())?;
        Some((run.pid, run.memory))
    }

    /// Notes that the child is about to get a signal that was sent to us, for
    /// [`Supervisor::forward_signals`](crate::Supervisor::forward_signals): if it ends by that, nobody else has ended it.
    pub fn passes_on(&self, signal: Signal) {
        if let Some(run) = &mut self.0.watched.lock().run {
            run.passed_on = Some(signal.as_raw());
        }
    }

    /// Notes that the child's process has ended, for [`SupervisorOptions::on_exit`](crate::SupervisorOptions::on_exit): what is
    /// known of it stays as it is, until its end is told once what it has left behind has ended, and what it printed is read.
    /// Blocks: on a small file.
    pub fn exited(&self) {
        let oom_kills = self.0.machine.oom_kills();
        if let Some(run) = &mut self.0.watched.lock().run {
            run.exited(oom_kills);
        }
    }

    /// Notes a state of the supervisor, each once and in order. Returns an end, once; it has been written by then. Blocks: on
    /// small files.
    pub fn note(&self, state: &State) -> Option<LastExit> {
        match state {
            State::Starting { .. } => {
                self.0.tail.clear();
                None
            }
            State::Running { pid, since, port } => {
                self.0.counts.started();
                let run = Run::new(*pid, *since, *port, self.0.machine.oom_kills());
                self.0.watched.lock().run = Some(run);
                self.0.news.notify_one();
                None
            }
            State::Ended { .. } | State::Failed { .. } => self.end(state),
        }
    }

    /// Notes that this process ends at once, with its child: nothing is left to be told. Waits for nothing.
    pub fn forced_end(&self) {
        if let Some(mut watched) = self.0.watched.try_lock() {
            watched.run = None;
        }
        if let Some(heartbeat) = &self.0.heartbeat {
            heartbeat.goodbye();
        }
    }

    fn end(&self, state: &State) -> Option<LastExit> {
        let run = self.0.watched.lock().run.take();
        let exit = match (run, state) {
            (Some(run), _) => run.end(state, &self.0)?,
            (None, State::Failed { .. }) => run::cannot_run(state, &self.0),
            // It has been told.
            (None, _) => return None,
        };
        if let Some(heartbeat) = &self.0.heartbeat {
            heartbeat.goodbye();
        }
        self.0.counts.ended(exit.cause);
        tell_faults(self.0.places.tell(&exit), &self.0.on_event);
        Some(exit)
    }
}

fn tell_faults(faults: Vec<String>, on_event: &OnEvent) {
    for fault in faults {
        on_event(&Event::NotWritten(fault));
    }
}

/// Names a start of this process among others.
fn start_id() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{}", since.as_millis(), std::process::id())
}
