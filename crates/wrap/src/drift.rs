//! Files that a child has read at its start and that have changed since: it runs with what they said before.

mod files;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::{Duration, SystemTime},
};

use greenroom_context::{spawn, spawn_blocking};
use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use tokio::{sync::Notify, time::sleep};

use crate::{ChildCommand, Time};
use files::Seen;

/// How often the files are looked at: that one has changed is no hurry.
const EVERY: Duration = Duration::from_secs(10);

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DriftKind {
    /// One of the config.
    Config,
    /// That of a package manager, which says what is installed.
    Lockfile,
}

impl DriftKind {
    /// `config` or `lockfile`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Lockfile => "lockfile",
        }
    }
}

/// A file that is no longer what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drifted {
    /// Which.
    #[serde(serialize_with = "file_name")]
    pub file: PathBuf,
    /// What it is.
    pub kind: DriftKind,
    /// When it was changed, or else when that was found.
    #[serde(serialize_with = "moment")]
    pub since: SystemTime,
}

/// One that is not UTF-8 is a file, too.
fn file_name<S: Serializer>(file: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&file.display())
}

fn moment<S: Serializer>(at: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
    Time::from(*at).serialize(to)
}

/// Is told of a file that has changed, once for each start of the child.
pub type OnDrift = Box<dyn Fn(&Drifted) + Send + Sync>;

/// Looks after the files of a child. Clones are the same; it looks as long as there is one.
///
/// ```no_run
/// use greenroom_wrap::{ChildCommand, Drift};
///
/// # fn start(command: &ChildCommand) {
/// let drift = Drift::start(command, Box::new(|drifted| eprintln!("{} has changed", drifted.file.display())));
/// // Each time that the child is started:
/// drift.started();
/// # }
/// ```
#[derive(Clone)]
pub struct Drift(Arc<Inner>);

struct Inner {
    command: ChildCommand,
    on_drift: OnDrift,
    every: Duration,
    /// The child is started anew.
    started: Notify,
    watched: Mutex<Watched>,
}

#[derive(Default)]
struct Watched {
    seen: Vec<Seen>,
    drifted: BTreeMap<PathBuf, Drifted>,
}

impl Drift {
    /// Of this command. Nothing is looked at before the child has [started](Self::started).
    pub fn start(command: &ChildCommand, on_drift: OnDrift) -> Self {
        Self::start_with(command, on_drift, EVERY)
    }

    /// The same, looking as often as that.
    pub fn start_with(command: &ChildCommand, on_drift: OnDrift, every: Duration) -> Self {
        let (command, started, watched) = (command.clone(), Notify::new(), Mutex::default());
        let inner = Arc::new(Inner { command, on_drift, every, started, watched });
        drop(spawn("drift", watch(Arc::downgrade(&inner))));
        Self(inner)
    }

    /// The child is started, and reads its files.
    pub fn started(&self) {
        self.0.started.notify_one();
    }

    /// The files that have changed since then, by their names.
    pub fn drifted(&self) -> Vec<Drifted> {
        self.0.watched.lock().drifted.values().cloned().collect()
    }
}

impl std::fmt::Debug for Drift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drift").field("command", &self.0.command).finish_non_exhaustive()
    }
}

/// Looks, as long as anybody asks.
async fn watch(of: Weak<Inner>) {
    let mut begins = false;
    while let Some(inner) = of.upgrade() {
        let looking = inner.clone();
        let look = move || if begins { looking.begin() } else { looking.look() };
        // Not in the way of others: files are read.
        if spawn_blocking("drift", look).await.is_err() {
            return;
        }
        begins = tokio::select! {
            () = sleep(inner.every) => false,
            () = inner.started.notified() => true,
        };
    }
}

impl Inner {
    /// What the files are that the child reads now.
    fn begin(&self) {
        let seen = files::of(&self.command).into_iter().map(|(path, kind)| Seen::of(path, kind)).collect();
        *self.watched.lock() = Watched { seen, drifted: BTreeMap::new() };
    }

    fn look(&self) {
        let mut news = vec![];
        {
            let mut watched = self.watched.lock();
            let Watched { seen, drifted } = &mut *watched;
            for file in seen {
                match file.changed_since() {
                    // It is again what it was.
                    None => drop(drifted.remove(&file.path)),
                    Some(since) => {
                        drifted.entry(file.path.clone()).or_insert_with(|| Drifted {
                            file: file.path.clone(),
                            kind: file.kind,
                            since,
                        });
                    }
                }
                if let Some(drifted) =
                    drifted.get(&file.path).filter(|_| !std::mem::replace(&mut file.is_told, true))
                {
                    news.push(drifted.clone());
                }
            }
        }
        news.iter().for_each(&self.on_drift);
    }
}
