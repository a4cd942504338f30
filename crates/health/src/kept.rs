//! The history of checks in the data directory, so that a restart does not forget it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use greenroom_config::RootConfig;
use greenroom_context::spawn_blocking;
use greenroom_data_dir::PrivateFile;
use greenroom_logging::RootLogger;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{Change, HealthRegistry, History, Outcome, history::MOST_CHANGES};

/// Its name in the data directory.
pub(crate) const FILE: &str = "health.json";
/// The form that is written, and read.
const VERSION: u64 = 1;
/// How long changes are gathered before they are written.
const GATHER: Duration = Duration::from_secs(1);
/// How often it is written for how long something does not pass, so that a process that is killed loses little of that.
const AGAIN: Duration = Duration::from_secs(60);
/// How many bytes are written at most: less than a private file may have.
const MOST_BYTES: usize = 60 * 1024;
/// How long a check is remembered that nobody registers any more.
const FORGOTTEN: Duration = Duration::from_secs(30 * 24 * 3600);

/// What earlier starts have left, and that there is something new to keep.
#[derive(Default)]
pub(crate) struct Kept {
    before: Mutex<BTreeMap<String, History>>,
    news: Notify,
}

impl Kept {
    /// What is known of a check from before.
    pub(crate) fn take(&self, name: &str) -> History {
        self.before.lock().remove(name).unwrap_or_default()
    }

    pub(crate) fn changed(&self) {
        self.news.notify_one();
    }
}

/// Where history is kept.
pub(crate) struct Keeper {
    place: PathBuf,
    config: RootConfig,
    logger: RootLogger,
    /// That it cannot be written, since it last could.
    is_told: AtomicBool,
}

impl Keeper {
    /// Reads what is there; `None`, which is told, if that is nothing that this wrote: it is left as it is.
    pub(crate) fn open(dir: &Path, config: RootConfig, logger: RootLogger) -> Option<(Self, Kept)> {
        let place = dir.join(FILE);
        let text = match PrivateFile::read(&place) {
            Ok(text) => Ok(parse(&text)),
            Err(error) if is_absent(error.kind()) => Ok(Some(BTreeMap::new())),
            Err(error) => Err(error),
        };
        let why = match text {
            Ok(Some(before)) => {
                let kept = Kept { before: Mutex::new(before), news: Notify::new() };
                return Some((Self { place, config, logger, is_told: AtomicBool::new(false) }, kept));
            }
            Ok(None) => "it is not what this version writes".to_owned(),
            Err(error) => error.to_string(),
        };
        logger.warn(format_args!(
            "The history of health checks in {} cannot be read: {why}. The file is left as it is, and nothing is kept until it is removed",
            place.display()
        ));
        None
    }

    /// Writes what is new, soon after it is, until the backend stops.
    pub(crate) async fn keep(self: Arc<Self>, registry: HealthRegistry) {
        loop {
            let is_unwell = registry.histories().iter().any(|(_, history)| history.is_unwell());
            tokio::select! {
                () = registry.kept().news.notified() => {}
                () = tokio::time::sleep(AGAIN), if is_unwell => {}
            }
            tokio::time::sleep(GATHER).await;
            self.write(&registry).await;
        }
    }

    /// Writes what there is; that it cannot is told once, until it can.
    pub(crate) async fn write(&self, registry: &HealthRegistry) {
        let (place, text) = (self.place.clone(), self.text(registry));
        let written = spawn_blocking("keep the history of health checks", move || {
            PrivateFile::write(&place, &text)?.publish()
        });
        match written.await {
            Ok(Err(error)) if !self.is_told.swap(true, Relaxed) => {
                self.logger.warn(format_args!(
                    "The history of health checks cannot be written to {}: {error}. A restart will not know of it",
                    self.place.display()
                ));
            }
            Ok(Ok(())) => self.is_told.store(false, Relaxed),
            _ => {}
        }
    }

    /// As much as fits, the latest first.
    fn text(&self, registry: &HealthRegistry) -> String {
        let mut all = registry.kept().before.lock().clone();
        let now = SystemTime::now();
        let long_ago = now.checked_sub(FORGOTTEN);
        all.retain(|_, history| history.heard(now) > long_ago);
        all.extend(registry.histories());
        let mut most = MOST_CHANGES;
        loop {
            let one = |(name, history): (&String, &History)| (name.clone(), self.json(history, most));
            let checks: serde_json::Map<_, _> = all.iter().map(one).collect();
            let text = format!("{}\n", json!({"version": VERSION, "checks": checks}));
            if text.len() <= MOST_BYTES {
                return text;
            }
            match most {
                1 => {
                    // The one of which nothing was heard for longest.
                    let oldest = all.iter().min_by_key(|(_, history)| history.heard(now));
                    let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { return text };
                    all.remove(&oldest);
                }
                _ => most /= 2,
            }
        }
    }

    fn json(&self, history: &History, most: usize) -> Value {
        let changes = history.changes.iter().skip(history.changes.len().saturating_sub(most));
        let changes = changes.map(|change| {
            json!({
                "at": millis(change.at),
                "outcome": change.outcome.as_str(),
                "reason": change.reason.as_deref().map(|reason| self.config.masked(reason)),
                "lastedMs": change.lasted.map(span),
            })
        });
        json!({
            "lastSuccess": history.last_success.map(millis),
            "lastFailure": history.last_failure.map(millis),
            "flips": history.flips,
            "seenMs": span(history.seen),
            "changes": changes.collect::<Vec<_>>(),
        })
    }
}

fn is_absent(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn millis(at: SystemTime) -> u64 {
    span(at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn span(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn parse(text: &str) -> Option<BTreeMap<String, History>> {
    let file: Value = serde_json::from_str(text).ok()?;
    if file["version"] != VERSION {
        return None;
    }
    let one = |(name, history): (&String, &Value)| Some((name.clone(), read(history)?));
    file["checks"].as_object()?.iter().map(one).collect()
}

fn read(history: &Value) -> Option<History> {
    let at = |value: &Value| {
        value.as_u64().and_then(|millis| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)))
    };
    let change = |change: &Value| {
        Some(Change {
            at: at(&change["at"])?,
            outcome: Outcome::named(change["outcome"].as_str()?)?,
            reason: change["reason"].as_str().map(str::to_owned),
            lasted: change["lastedMs"].as_u64().map(Duration::from_millis),
        })
    };
    let changes = history["changes"].as_array()?;
    Some(History {
        last_success: at(&history["lastSuccess"]),
        last_failure: at(&history["lastFailure"]),
        flips: history["flips"].as_u64()?,
        // The form had none of it at first.
        seen: Duration::from_millis(history["seenMs"].as_u64().unwrap_or_default()),
        changes: changes
            .iter()
            .skip(changes.len().saturating_sub(MOST_CHANGES))
            .map(change)
            .collect::<Option<_>>()?,
    })
}
