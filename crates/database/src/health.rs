//! The check `database` of a plugin that has asked for one.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom_context::spawn;
use greenroom_errors::Error;
use greenroom_health::{Check, CheckHandle, Dependency, HealthChecks, Outcome};
use parking_lot::Mutex;

use crate::{
    client::Client,
    error::DatabaseError,
    next_step::next_step,
    pools::Pools,
    settings::PluginDatabase,
    target::{Engine, Sqlite, Target},
};

/// Its name within the plugin.
const CHECK: &str = "database";

/// Below the time that a check has, so that the place is told.
const LIMIT: Duration = Duration::from_millis(900);

/// A plugin's check, and whether readiness depends on it.
#[derive(Clone, Default)]
pub(crate) struct DatabaseHealth(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Asked at each probe.
    is_required: Arc<AtomicBool>,
    is_checked: bool,
    /// From when the database is open.
    client: Option<Client>,
    /// Those to its server, and its own.
    pools: Option<(Pools, PluginDatabase)>,
    /// What is said of it while it is not opened: why it was not when that was last tried.
    failure: Option<Check>,
    /// From when it is checked.
    handle: Option<CheckHandle>,
}

impl DatabaseHealth {
    /// Says that it will be checked once the plugin asks for it, so that a config may name the check before.
    pub(crate) fn announce(checks: &HealthChecks) {
        checks.expect(CHECK);
    }

    /// Checks a database that was opened. A file is asked each time. A server is not, because one that nobody asks may sleep: it is
    /// asked at once when a use of it has failed, until it answers, and always where readiness depends on it.
    pub(crate) fn opened(
        &self,
        checks: &HealthChecks,
        database: &PluginDatabase,
        client: Client,
        pools: Pools,
    ) {
        {
            let mut state = self.0.lock();
            state.client = Some(client.clone());
            state.pools = Some((pools, database.clone()));
        }
        self.check(checks, database);
        let Some(handle) = self.0.lock().handle.clone() else { return };
        client.watch(move || {
            let handle = handle.clone();
            spawn("database check", async move { handle.run_now().await });
        });
    }

    /// The check fails until the database can be opened.
    pub(crate) fn not_opened(&self, checks: &HealthChecks, database: &PluginDatabase, why: &Error) {
        self.0.lock().failure = Some(failed(why));
        self.check(checks, database);
    }

    fn check(&self, checks: &HealthChecks, database: &PluginDatabase) {
        let is_required = {
            let mut state = self.0.lock();
            if mem::replace(&mut state.is_checked, true) {
                return;
            }
            state.is_required.clone()
        };
        let mut declared = checks
            .declare(CHECK)
            .readiness_when(move || is_required.load(Relaxed))
            .affects([format!("/api/{}", database.plugin)]);
        if let Some(dependency) = dependency(&database.target) {
            declared = declared.dependency(dependency);
        }
        let health = self.clone();
        let handle = declared.run(async move || health.ask().await);
        self.0.lock().handle = Some(handle);
    }

    async fn ask(&self) -> Check {
        let said = self.answer().await;
        let pools = self.0.lock().pools.clone();
        let warning = pools.and_then(|(pools, database)| pools.warning(&database));
        warning.filter(|_| said.outcome == Outcome::Pass).unwrap_or(said)
    }

    async fn answer(&self) -> Check {
        let (client, is_required) = {
            let state = self.0.lock();
            match &state.client {
                Some(client) => (client.clone(), state.is_required.load(Relaxed)),
                None => {
                    return state.failure.clone().unwrap_or_else(|| Check::fail("it has not been opened"));
                }
            }
        };
        match client.engine() == Engine::Sqlite || client.is_in_doubt() || is_required {
            true => client.ping_within(LIMIT).await.map_or_else(|error| failed(&error), |()| Check::pass()),
            false => Check {
                message: Some("not asked: it answered when it was last used".to_owned()),
                ..Check::pass()
            },
        }
    }

    /// Readiness fails with it, from when the plugin has asked for its database.
    pub(crate) fn require(&self) {
        self.0.lock().is_required.store(true, Relaxed);
    }
}

fn failed(error: &Error) -> Check {
    let said = Check::fail(error.to_string());
    match DatabaseError::of(error).and_then(next_step) {
        Some(what) => said.next_step(what),
        None => said,
    }
}

/// What plugins share when they have their data there: one server, or one file. Memory is shared by none.
fn dependency(target: &Target) -> Option<Dependency> {
    match target {
        Target::Sqlite(Sqlite::Memory) => None,
        Target::Sqlite(file) => Some(Dependency::new("sqlite", file.to_string())),
        Target::Postgres(postgres) => {
            let server = Dependency::new("postgresql", postgres.to_string());
            Some(match &postgres.database {
                Some(database) => server.part(database),
                None => server,
            })
        }
    }
}
