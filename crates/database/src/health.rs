//! The check `database` of a plugin that has opened one.

use std::{sync::Arc, time::Duration};

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
    /// From when the database is open until readiness depends on it.
    handle: Option<CheckHandle>,
}

impl DatabaseHealth {
    /// Checks a database that was opened. A file is asked each time. A server is not, because one that nobody asks may sleep: it is
    /// asked while it is away, and always where readiness depends on it.
    pub(crate) fn check(&self, checks: &HealthChecks, client: Client) {
        let health = self.clone();
        let handle = checks.check("database", async move || {
            let asks = client.engine() == Engine::Sqlite || client.is_away() || health.0.lock().is_required;
            match asks {
                true => Check::from(client.ping_within(LIMIT).await),
                false => Check {
                    outcome: Outcome::Pass,
                    message: Some("not asked: it answered when it was last used".to_owned()),
                },
            }
        });
        let mut state = self.0.lock();
        match state.is_required {
            true => handle.readiness(),
            false => state.handle = Some(handle),
        }
    }

    /// Readiness fails with it, from when the database is open.
    pub(crate) fn require(&self) {
        let mut state = self.0.lock();
        state.is_required = true;
        if let Some(handle) = state.handle.take() {
            handle.readiness();
        }
    }
}
