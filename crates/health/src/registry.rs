//! The checks of all plugins.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_config::{DeclareConfig, RootConfig};
use greenroom_context::spawn;
use greenroom_core::{Fault, RootLifecycle, Service, ServiceFactory, boot::PluginResult, scope, service};
use greenroom_data_dir::DataDirectory;
use greenroom_errors::{Error, Result};
use greenroom_logging::RootLogger;
use parking_lot::Mutex;

use crate::{
    Cause, Check, Dependency, History, Kind, Outcome, Severity,
    entry::Entry,
    kept::{Keeper, Kept},
    settings::HealthSettings,
};

/// How long a first result is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// All checks of the backend, by `<plugin>.<name>`.
#[derive(Clone, Default)]
pub struct HealthRegistry(Arc<Inner>);

#[derive(Default)]
struct Inner {
    checks: Mutex<BTreeMap<String, Arc<Entry>>>,
    /// What may be registered after the start.
    expected: Mutex<BTreeSet<String>>,
    settings: HealthSettings,
    kept: Arc<Kept>,
}

impl Service for HealthRegistry {
    const ID: &'static str = "greenroom.healthRegistry";
    type Scope = scope::Root;
}

/// A check as probes and operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckState {
    /// `<plugin>.<name>`.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// Whether readiness fails with it: by its kind, because the config says so, or because
    /// [another decides it so](crate::DeclaredCheck::tells_of_readiness).
    pub readiness: bool,
    /// What a failure means.
    pub severity: Severity,
    /// What it depends on outside this process.
    pub dependency: Option<Dependency>,
    /// The endpoints that do not work while it fails.
    pub affects: Vec<String>,
    /// Its last result; `None` before the first run has ended.
    pub last: Option<CheckRun>,
    /// How long ago its last result came, where that is too long: nothing runs it, as when all workers are busy.
    pub overdue: Option<Duration>,
    /// What it has said before.
    pub history: History,
}

impl CheckState {
    /// What it said last.
    pub fn outcome(&self) -> Option<Outcome> {
        self.last.as_ref().map(|last| last.check.outcome)
    }

    /// Whose it is.
    pub fn plugin(&self) -> &str {
        self.name.split_once('.').map_or(&self.name, |(plugin, _)| plugin)
    }
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
    /// When the first of the runs began that have all had this outcome, in an earlier start of the backend perhaps.
    pub since: SystemTime,
}

impl HealthRegistry {
    /// Reads what `greenroom.health` says of checks; their history is not kept.
    ///
    /// # Errors
    /// When it says what it cannot.
    pub fn from_config(config: &RootConfig) -> Result<Self> {
        Ok(Self::new(HealthSettings::from_config(config)?, Kept::default()))
    }

    fn new(settings: HealthSettings, kept: Kept) -> Self {
        Self(Arc::new(Inner { settings, kept: Arc::new(kept), ..Inner::default() }))
    }

    /// The default factory. A configured name that no check has once all plugins have started fails the start, unless its plugin
    /// has failed and may.
    pub fn factory() -> ServiceFactory {
        service(
            async |config: RootConfig,
                   lifecycle: RootLifecycle,
                   logger: RootLogger,
                   data: Option<DataDirectory>| Self::make(config, &lifecycle, logger, data),
        )
        .reads(HealthSettings::from_config)
    }

    /// The same for tests: nothing of an earlier start is known, and nothing is kept for the next one.
    pub fn forgetful() -> ServiceFactory {
        service(async |config: RootConfig, lifecycle: RootLifecycle, logger: RootLogger| {
            Self::make(config, &lifecycle, logger, None)
        })
        .reads(HealthSettings::from_config)
    }

    fn make(
        config: RootConfig,
        lifecycle: &RootLifecycle,
        logger: RootLogger,
        data: Option<DataDirectory>,
    ) -> Result<Self> {
        let settings = HealthSettings::from_config(&config)?;
        let opened = data.and_then(|data| Keeper::open(data.path(), config.clone(), logger.clone()));
        let (keeper, kept) = opened.unzip();
        let registry = Self::new(settings, kept.unwrap_or_default());
        if let Some(keeper) = keeper.map(Arc::new) {
            registry.keep(keeper, lifecycle)?;
        }
        let known = registry.clone();
        lifecycle.add_start_condition(move |plugins| known.unknown(&config, plugins, &logger));
        Ok(registry)
    }

    /// Keeps the history, once there is one.
    fn keep(&self, keeper: Arc<Keeper>, lifecycle: &RootLifecycle) -> Result {
        spawn("history of health checks", keeper.clone().keep(self.clone()));
        let registry = self.clone();
        lifecycle.add_shutdown_hook("keep the history of health checks", async move || {
            if !registry.histories().is_empty() {
                keeper.write(&registry).await;
            }
            Ok(())
        })
    }

    fn unknown(&self, config: &RootConfig, plugins: &[PluginResult], logger: &RootLogger) -> Vec<Fault> {
        let mut known: Vec<_> = self.0.checks.lock().keys().cloned().collect();
        known.extend(self.0.expected.lock().iter().cloned());
        let mut faults = vec![];
        for (name, error) in self.0.settings.unknown(config, &known) {
            let plugin = name.split('.').next().unwrap_or_default();
            let has_failed =
                |result: &PluginResult| &*result.plugin_id == plugin && result.any_failure().is_some();
            if plugins.iter().any(has_failed) {
                logger.warn(format_args!(
                    "The health check '{name}', which the config names, is not there: plugin '{plugin}' has failed to start"
                ));
                continue;
            }
            faults.push(Fault { owner: None, error: Error::from_any(error) });
        }
        faults
    }

    /// What the operator says of checks.
    pub(crate) fn settings(&self) -> &HealthSettings {
        &self.0.settings
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.0.kept
    }

    pub(crate) fn expect(&self, name: String) {
        self.0.expected.lock().insert(name);
    }

    /// `None` if the name is taken.
    pub(crate) fn add(&self, name: &str, made: impl FnOnce(Arc<Kept>) -> Entry) -> Option<Arc<Entry>> {
        match self.0.checks.lock().entry(name.to_owned()) {
            btree_map::Entry::Vacant(place) => {
                Some(place.insert(Arc::new(made(self.0.kept.clone()))).clone())
            }
            btree_map::Entry::Occupied(_) => None,
        }
    }

    fn entries(&self) -> Vec<Arc<Entry>> {
        self.0.checks.lock().values().cloned().collect()
    }

    /// Every check of a plugin and its last result, by name, as they stand now. The backend's [own](crate::OwnChecks) are among them
    /// where readiness depends on them.
    pub fn states(&self) -> Vec<CheckState> {
        self.entries().iter().filter(|entry| entry.is_of_plugins()).map(|entry| entry.state()).collect()
    }

    /// The same with all of the backend's own.
    pub fn all_states(&self) -> Vec<CheckState> {
        self.entries().iter().map(|entry| entry.state()).collect()
    }

    /// What is wrong now, the worst first; none if every check that has run passes. Who tells of the checks too has both of one look:
    /// [`Cause::of`].
    pub fn causes(&self) -> Vec<Cause> {
        Cause::of(&self.all_states())
    }

    /// What a restart may have to know.
    pub(crate) fn histories(&self) -> Vec<(String, History)> {
        let told = self.entries().into_iter().filter(|entry| !entry.options.is_quiet);
        let told = told.map(|entry| entry.state()).filter(|state| state.history.is_telling());
        told.map(|state| (state.name, state.history)).collect()
    }

    /// Every check and its last result, by name; waits up to 1 s for checks that have no result yet.
    pub async fn settled(&self) -> Vec<CheckState> {
        let entries = self.entries();
        let all = async {
            for entry in &entries {
                // Nobody tells any more once the backend stops.
                let _ = entry.last.subscribe().wait_for(Option::is_some).await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, all).await;
        self.states()
    }

    /// The first check, in order of name, that readiness fails with; those in `exclude` are passed over.
    ///
    /// A check that has not run yet is awaited, at most 1 s.
    pub async fn failing(&self, exclude: &[String]) -> Option<String> {
        for entry in self.required(exclude) {
            let mut last = entry.last.subscribe();
            let first = tokio::time::timeout(PATIENCE, last.wait_for(Option::is_some)).await;
            if !matches!(first, Ok(Ok(last)) if last.as_ref().is_some_and(|last| last.check.is_ok())) {
                return Some(entry.name.clone());
            }
        }
        None
    }

    /// The same at once: a check that has not run yet fails.
    pub fn failing_now(&self, exclude: &[String]) -> Option<String> {
        let is_ok = |entry: &Entry| entry.last.borrow().as_ref().is_some_and(|last| last.check.is_ok());
        self.required(exclude).into_iter().find(|entry| !is_ok(entry)).map(|entry| entry.name.clone())
    }

    fn required(&self, exclude: &[String]) -> Vec<Arc<Entry>> {
        let mut entries = self.entries();
        entries.retain(|entry| !exclude.contains(&entry.name) && entry.is_required());
        entries
    }
}
