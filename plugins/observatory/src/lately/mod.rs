//! What was so in the last hour, minute by minute.

mod checks;
mod histogram;
mod memory;
mod requests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom::health::HealthRegistry;
use greenroom_plugin_observatory_node::{Hour, MINUTES, Mark, minute_of};
use parking_lot::Mutex;

pub(crate) use requests::{End, Load, RECENT, Requests};

/// As often as checks run.
const LOOK: Duration = Duration::from_secs(10);

/// See the [module](self).
#[derive(Clone, Default)]
pub(crate) struct Lately {
    pub(crate) requests: Arc<Mutex<Requests>>,
    checks: Arc<Mutex<checks::Hours>>,
    memory: Arc<Mutex<memory::Hour>>,
}

impl Lately {
    /// Looks at checks and memory for as long as the backend runs.
    pub(crate) async fn follow(self, health: HealthRegistry) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let minute = minute_of(SystemTime::now());
            self.checks.lock().note(minute, &health.states());
            self.memory.lock().note(minute);
        }
    }

    /// What a check said in each minute, the oldest first.
    pub(crate) fn check(&self, name: &str, now: SystemTime) -> Vec<Mark> {
        self.checks.lock().of(name, minute_of(now))
    }

    /// Resident memory in bytes at the end of each minute, the oldest first.
    pub(crate) fn memory(&self, now: SystemTime) -> Vec<Option<f64>> {
        self.memory.lock().list(minute_of(now))
    }
}
