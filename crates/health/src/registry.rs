//! The checks of all plugins, run in the background.

use std::{
    collections::{BTreeMap, btree_map},
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_config::{DeclareConfig, RootConfig};
use greenroom_context::{catch_panic, spawn};
use greenroom_core::{PluginMetadata, RootLifecycle, Service, ServiceFactory, scope, service};
use greenroom_errors::Result;
use greenroom_logging::{Logger, RootLogger, error, info, warn};
use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use crate::{Check, Outcome};

const INTERVAL: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(1);

/// All checks of the backend, by `<plugin>.<name>`.
#[derive(Clone, Default)]
pub struct HealthRegistry(Arc<Inner>);

#[derive(Default)]
struct Inner {
    checks: Mutex<BTreeMap<String, Entry>>,
    /// `greenroom.health.readiness`.
    required: Vec<String>,
}

struct Entry {
    readiness: bool,
    last: watch::Receiver<Option<CheckRun>>,
}

impl Service for HealthRegistry {
    const ID: &'static str = "greenroom.healthRegistry";
    type Scope = scope::Root;
}

/// A check as probes see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckState {
    /// `<plugin>.<name>`.
    pub name: String,
    /// Whether readiness fails with it.
    pub readiness: bool,
    /// Its last result; `None` before the first run has ended.
    pub last: Option<CheckRun>,
}

/// One run of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRun {
    /// What it said.
    pub check: Check,
    /// When it began.
    pub at: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// When the first of the runs began that have all had this outcome.
    pub since: SystemTime,
}

impl HealthRegistry {
    /// Reads `greenroom.health.readiness`: names of checks, as `<plugin>.<name>`, that readiness fails with.
    pub fn from_config(config: &RootConfig) -> Result<Self> {
        let required = config.optional_string_array("greenroom.health.readiness")?.unwrap_or_default();
        Ok(Self(Arc::new(Inner { required, ..Inner::default() })))
    }

    /// The default factory; once all plugins have started, it warns of configured names that no check has.
    pub fn factory() -> ServiceFactory {
        service(async |config: RootConfig, lifecycle: RootLifecycle, logger: RootLogger| {
            let registry = Self::from_config(&config)?;
            let known = registry.clone();
            lifecycle.add_startup_hook("configured health checks", async move || {
                for name in known.unknown() {
                    logger.warn(format_args!(
                        "No plugin has registered the health check '{name}' of greenroom.health.readiness"
                    ));
                }
                Ok(())
            })?;
            Ok(registry)
        })
        .reads(Self::from_config)
    }

    fn unknown(&self) -> Vec<&str> {
        let checks = self.0.checks.lock();
        self.0.required.iter().map(String::as_str).filter(|name| !checks.contains_key(*name)).collect()
    }

    /// Every check and its last result, by name, as they stand now.
    pub fn states(&self) -> Vec<CheckState> {
        let state = |(name, entry): (&String, &Entry)| CheckState {
            name: name.clone(),
            readiness: entry.readiness,
            last: entry.last.borrow().clone(),
        };
        self.0.checks.lock().iter().map(state).collect()
    }

    /// Every check and its last result, by name; waits up to 1 s for checks that have no result yet.
    pub async fn settled(&self) -> Vec<CheckState> {
        let waiting: Vec<_> = self.0.checks.lock().values().map(|entry| entry.last.clone()).collect();
        let all = async {
            for mut last in waiting {
                // Nobody tells any more once the backend stops.
                let _ = last.wait_for(Option::is_some).await;
            }
        };
        let _ = tokio::time::timeout(TIMEOUT, all).await;
        self.states()
    }

    /// The first check, in order of name, that readiness fails with; those in `exclude` are passed over.
    ///
    /// A check that has not run yet is awaited, at most as long as it may run.
    pub async fn failing(&self, exclude: &[String]) -> Option<String> {
        let required: Vec<_> = {
            let checks = self.0.checks.lock();
            let asked = checks.iter().filter(|(name, entry)| entry.readiness && !exclude.contains(name));
            asked.map(|(name, entry)| (name.clone(), entry.last.clone())).collect()
        };
        for (name, mut last) in required {
            let first = tokio::time::timeout(TIMEOUT, last.wait_for(Option::is_some)).await;
            if !matches!(first, Ok(Ok(last)) if last.as_ref().is_some_and(|last| last.check.is_ok())) {
                return Some(name);
            }
        }
        None
    }
}

/// Registers a plugin's checks.
#[derive(Clone)]
pub struct HealthChecks {
    registry: HealthRegistry,
    plugin: Arc<str>,
    logger: Logger,
}

impl Service for HealthChecks {
    const ID: &'static str = "greenroom.healthChecks";
    type Scope = scope::Plugin;
}

impl HealthChecks {
    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |registry: HealthRegistry, logger: Logger, me: PluginMetadata| {
            Ok(Self { registry, logger, plugin: me.id().into() })
        })
    }

    /// Runs `check` now and every 10 s, as long as the backend runs; one that takes longer than 1 s, or panics, fails.
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    ///
    /// use greenroom_core::plugin;
    /// use greenroom_health::{Check, HealthChecks};
    ///
    /// plugin("catalog", |env| {
    ///     let waiting = Arc::new(AtomicUsize::new(0));
    ///     env.register_init(async move |health: HealthChecks| {
    ///         let check = async move || match waiting.load(Ordering::Relaxed) {
    ///             0..1000 => Check::pass(),
    ///             count => Check::fail(format!("{count} jobs wait")),
    ///         };
    ///         // Shown as `catalog.queue`; readiness fails with it.
    ///         health.check("queue", check).readiness();
    ///         Ok(())
    ///     });
    /// });
    /// ```
    ///
    /// A change between passing, warning and failing is logged once, with the reason. The name is unique within the plugin:
    /// a second check of it is refused, which is logged as an error, and never run.
    pub fn check<F, Fut>(&self, name: &str, check: F) -> CheckHandle
    where
        F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: Into<Check>> + Send + 'static,
    {
        let name = format!("{}.{name}", self.plugin);
        let (tell, last) = watch::channel(None);
        let readiness = self.registry.0.required.contains(&name);
        match self.registry.0.checks.lock().entry(name.clone()) {
            btree_map::Entry::Vacant(place) => {
                place.insert(Entry { readiness, last });
            }
            btree_map::Entry::Occupied(_) => {
                let text =
                    "Health check refused: the plugin has one of this name already; give it another name";
                error!(self.logger, check = &*name, "{text}");
                return CheckHandle { registered: None, name };
            }
        }
        let (logger, called) = (self.logger.clone(), name.clone());
        let (ask, mut asked) = mpsc::channel::<oneshot::Sender<Check>>(1);
        spawn("health check", async move {
            let mut ticks = tokio::time::interval(INTERVAL);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                let by = tokio::select! {
                    _ = ticks.tick() => None,
                    // `None` once nobody can ask: the ticks go on.
                    Some(by) = asked.recv() => Some(by),
                };
                let (at, began) = (SystemTime::now(), Instant::now());
                let now = run(|| check.clone()()).await;
                let before = tell.borrow().clone();
                tell_change(&logger, &called, before.as_ref().map(|before| &before.check), &now);
                let same = before.filter(|before| before.check.outcome == now.outcome);
                let since = same.map_or(at, |before| before.since);
                tell.send_replace(Some(CheckRun { check: now.clone(), at, took: began.elapsed(), since }));
                // Who has asked may have left.
                let _ = by.map(|by| by.send(now));
            }
        });
        CheckHandle { registered: Some((self.registry.clone(), ask)), name }
    }
}

async fn run<F, Fut>(check: F) -> Check
where
    F: FnOnce() -> Fut,
    Fut: Future<Output: Into<Check>>,
{
    match tokio::time::timeout(TIMEOUT, catch_panic(async { check().await.into() })).await {
        Ok(Ok(check)) => check,
        Ok(Err(panic)) => Check::fail(format!("the check {panic}")),
        Err(_) => Check::fail(format!("no answer within {} s", TIMEOUT.as_secs())),
    }
}

fn tell_change(logger: &Logger, name: &str, before: Option<&Check>, now: &Check) {
    let was = before.map_or(Outcome::Pass, |check| check.outcome);
    if was == now.outcome {
        return;
    }
    let reason = now.message.as_deref().unwrap_or_default();
    match now.outcome {
        Outcome::Fail => warn!(logger, check = name, reason = reason, "Health check failed"),
        Outcome::Warn => warn!(logger, check = name, reason = reason, "Health check warns"),
        Outcome::Pass => info!(logger, check = name, "Health check passes again"),
    }
}

/// A registered check.
#[derive(Clone)]
pub struct CheckHandle {
    /// `None` for one that was refused.
    registered: Option<(HealthRegistry, mpsc::Sender<oneshot::Sender<Check>>)>,
    name: String,
}

impl CheckHandle {
    /// Readiness fails while this check fails: 503 `{"message":"Check '<plugin>.<name>' failed","status":"error"}`.
    pub fn readiness(self) {
        if let Some((registry, _)) = &self.registered
            && let Some(entry) = registry.0.checks.lock().get_mut(&self.name)
        {
            entry.readiness = true;
        }
    }

    /// Runs the check now, for whoever knows that what it checks has just changed; probes are answered from the result, which is
    /// returned, from then on. `None` for a check that was refused, and once the backend stops.
    ///
    /// ```
    /// # use greenroom_core::plugin;
    /// # use greenroom_health::{Check, HealthChecks};
    /// plugin("mail", |env| {
    ///     env.register_init(async |health: HealthChecks| {
    ///         let server = health.check("server", async || Check::pass());
    ///         // Where a connection has broken:
    ///         server.run_now().await;
    ///         Ok(())
    ///     });
    /// });
    /// ```
    pub async fn run_now(&self) -> Option<Check> {
        let (_, ask) = self.registered.as_ref()?;
        let (tell, told) = oneshot::channel();
        ask.send(tell).await.ok()?;
        told.await.ok()
    }
}
