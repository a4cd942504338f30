//! What the backend itself checks: `greenroom.<name>`. Operators see it; no probe depends on it, unless the config says so.

mod log;
mod memory;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom_context::{spawn, spawn_blocking};
use greenroom_core::{
    InstanceMetadata, RootLifecycle, Service, ServiceFactory, State,
    boot::{BootReport, PluginState},
    scope, service,
};
use greenroom_data_dir::{DataDirectory, PrivateFile};
use greenroom_logging::RootLogger;
use tokio::time::{Instant, sleep_until};

use self::{log::Drops, memory::Watch};
use crate::{Check, HealthChecks, HealthRegistry, Kind, Severity};

/// Whose these checks are.
pub(crate) const OWNER: &str = "greenroom";
/// How often the workers are to come to a timer, and how late they may.
const BEAT: Duration = Duration::from_secs(1);
/// How many plugins are named in one reason.
const MOST: usize = 5;

/// The checks of the backend itself: whether its plugins have started, its workers keep up, its data directory can be written, its log
/// is read, and how near its memory is to its limit.
#[derive(Clone)]
pub struct OwnChecks(());

impl Service for OwnChecks {
    const ID: &'static str = "greenroom.ownHealthChecks";
    type Scope = scope::Root;
}

impl OwnChecks {
    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(
            async |registry: HealthRegistry,
                   report: BootReport,
                   metadata: InstanceMetadata,
                   data: DataDirectory,
                   lifecycle: RootLifecycle,
                   logger: RootLogger| {
                let checks = HealthChecks::own(registry, &logger);
                let (report, metadata) = (Arc::new(report), metadata);
                let plugins = checks
                    .declare("plugins")
                    .kind(Kind::Startup)
                    .interval(BEAT)
                    .quiet()
                    .run(async move || started(&report, &metadata));
                let mut state = lifecycle.state();
                spawn("whether plugins have started", async move {
                    // Nobody tells any more once the backend has gone.
                    let _ = state.wait_for(|state| *state != State::Starting).await;
                    plugins.run_now().await;
                });
                checks
                    .declare("data-dir")
                    .interval(Duration::from_secs(60))
                    .run(async move || writable(data).await);
                let drops = Arc::new(Drops::default());
                checks
                    .declare("log")
                    .severity(Severity::Degrade)
                    .run(async move || drops.check(&logger.sinks()));
                let memory = Arc::new(Watch::at("/"));
                checks.declare("memory").severity(Severity::Degrade).run(async move || {
                    let looked = spawn_blocking("look at the memory", move || memory.check());
                    looked.await.unwrap_or_else(|error| Check::fail(error.to_string()))
                });
                let late = Arc::new(AtomicU64::new(0));
                spawn("heartbeat of the workers", beat(late.clone()));
                checks
                    .declare("workers")
                    .kind(Kind::Liveness)
                    .interval(BEAT)
                    .quiet()
                    .run(async move || punctual(late.swap(0, Relaxed)));
                Ok(Self(()))
            },
        )
    }
}

/// The log has told what a start says here.
fn started(report: &BootReport, metadata: &InstanceMetadata) -> Check {
    let (mut awaited, mut failed) = (vec![], vec![]);
    for plugin in metadata.installed_plugins().iter() {
        let id = &plugin.plugin_id;
        match report.plugin(id) {
            PluginState::Starting => awaited.push(format!("'{id}'")),
            PluginState::Started => {}
            PluginState::Failed(why) => failed.push(format!("'{id}': {}", why.message())),
        }
    }
    match (&*awaited, &*failed) {
        ([], []) => Check::pass(),
        ([], failed) => Check::warn(format!("not every plugin has started: {}", some(failed)))
            .next_step("mend that, and start the backend again"),
        (awaited, _) => Check::fail(format!("plugins have not started yet: {}", some(awaited)))
            .next_step("see what the start waits for, as by `greenroom boot`"),
    }
}

fn some(all: &[String]) -> String {
    let told = all.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(MOST) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

/// A directory that is not there yet is made by whoever keeps something in it.
async fn writable(data: DataDirectory) -> Check {
    let dir = data.path().to_owned();
    let tried = spawn_blocking("try the data directory", move || match dir.is_dir() {
        true => PrivateFile::write(&dir.join("health.probe"), "-").map(drop),
        false => Ok(()),
    });
    match tried.await {
        Ok(Ok(())) => Check::pass(),
        Ok(Err(error)) => Check::fail(format!(
            "{} cannot be written: {error}. What is kept there does not survive a restart",
            data.path().display()
        ))
        .next_step("make it writable, or set greenroom.dataDir"),
        Err(error) => Check::fail(error.to_string()),
    }
}

/// Notes how late timers come, in milliseconds.
async fn beat(late: Arc<AtomicU64>) {
    loop {
        let due = Instant::now() + BEAT;
        sleep_until(due).await;
        let by = due.elapsed().as_millis();
        late.fetch_max(u64::try_from(by).unwrap_or(u64::MAX), Relaxed);
    }
}

fn punctual(late_ms: u64) -> Check {
    if Duration::from_millis(late_ms) <= BEAT {
        return Check::pass();
    }
    let seconds = Duration::from_millis(late_ms).as_secs_f64();
    Check::warn(format!(
        "a timer came {seconds:.1} s late: handlers that block kept the workers busy, or this machine is overloaded"
    ))
    .next_step("look at the CPU of its process, and at the plugin that was asked just before")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    #[tokio::test]
    async fn a_directory_that_cannot_be_written_is_told_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let data = |path: std::path::PathBuf| writable(DataDirectory::at(path));
        assert_eq!(data(dir.path().join("not-there")).await, Check::pass());
        assert_eq!(data(dir.path().to_owned()).await, Check::pass());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "it leaves nothing");
        // Nobody makes files there, root neither.
        let refused = data("/proc".into()).await;
        assert_eq!(refused.outcome, Outcome::Fail);
        assert!(refused.message.unwrap().contains("/proc cannot be written"));
    }

    #[test]
    fn a_timer_that_comes_late_is_a_warning_with_how_late() {
        assert_eq!(punctual(1000), Check::pass());
        let late = punctual(3210);
        assert_eq!(late.outcome, Outcome::Warn);
        assert!(late.message.unwrap().starts_with("a timer came 3.2 s late: "));
    }

    #[tokio::test]
    async fn a_heartbeat_notes_how_long_its_worker_was_kept() {
        let late = Arc::new(AtomicU64::new(0));
        let beats = spawn("beats", beat(late.clone()));
        tokio::task::yield_now().await;
        // This runtime has one thread.
        std::thread::sleep(BEAT * 2);
        while late.load(Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(late.load(Relaxed) >= 900, "{late:?}");
        beats.abort();
    }
}
