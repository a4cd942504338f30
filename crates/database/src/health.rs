//! The check `database` of a plugin that has asked for one.

use std::{mem, sync::Arc, time::Duration};

use greenroom_context::spawn;
use greenroom_errors::Error;
use greenroom_health::{Check, CheckHandle, HealthChecks, Outcome};
use parking_lot::Mutex;

use crate::{client::Client, target::Engine};

/// Below the time that a check has, so that the place is told.
const LIMIT: Duration = Duration::from_millis(900);

/// A plugin's check, and whether readiness depends on it.
#[derive(Clone, Default)]
pub(crate) struct DatabaseHealth(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    is_required: bool,
    is_checked: bool,
    /// From when the database is open.
    client: Option<Client>,
    /// Why it was not opened when that was last tried.
    failure: Option<String>,
    /// From when it is checked.
    handle: Option<CheckHandle>,
}

impl DatabaseHealth {
    /// Checks a database that was opened. A file is asked each time. A server is not, because one that nobody asks may sleep: it is
    /// asked at once when a use of it has failed, until it answers, and always where readiness depends on it.
    pub(crate) fn opened(&self, checks: &HealthChecks, client: Client) {
        self.0.lock().client = Some(client.clone());
        self.check(checks);
        let Some(handle) = self.0.lock().handle.clone() else { return };
        client.watch(move || {
            let handle = handle.clone();
            spawn("database check", async move { handle.run_now().await });
        });
    }

    /// The check fails until the database can be opened.
    pub(crate) fn not_opened(&self, checks: &HealthChecks, why: &Error) {
        self.0.lock().failure = Some(why.to_string());
        self.check(checks);
    }

    fn check(&self, checks: &HealthChecks) {
        if mem::replace(&mut self.0.lock().is_checked, true) {
            return;
        }
        let health = self.clone();
        let handle = checks.check("database", async move || health.ask().await);
        let mut state = self.0.lock();
        if state.is_required {
            handle.clone().readiness();
        }
        state.handle = Some(handle);
    }

    async fn ask(&self) -> Check {
        let (client, is_required) = {
            let state = self.0.lock();
            match &state.client {
                Some(client) => (client.clone(), state.is_required),
                None => return Check::fail(state.failure.clone().unwrap_or_default()),
            }
        };
        match client.engine() == Engine::Sqlite || client.is_in_doubt() || is_required {
            true => Check::from(client.ping_within(LIMIT).await),
            false => Check {
                outcome: Outcome::Pass,
                message: Some("not asked: it answered when it was last used".to_owned()),
            },
        }
    }

    /// Readiness fails with it, from when the plugin has asked for its database.
    pub(crate) fn require(&self) {
        let mut state = self.0.lock();
        state.is_required = true;
        if let Some(handle) = state.handle.clone() {
            handle.readiness();
        }
    }
}
