//! What was so in the last hour, minute by minute.

mod checks;
mod histogram;
mod memory;
mod requests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use greenroom::health::HealthRegistry;
use greenroom_plugin_observatory_node::Mark;
use parking_lot::Mutex;

pub(crate) use requests::{End, Load, RECENT, Requests};

/// How many minutes are kept.
pub(crate) const MINUTES: usize = 60;

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

/// Counted since 1970.
pub(crate) fn minute_of(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 60
}

/// Something for each minute of the last hour; a minute without it has its default.
#[derive(Clone, Debug)]
pub(crate) struct Hour<T> {
    /// The minute of the last entry.
    newest: u64,
    entries: Vec<T>,
}

impl<T: Clone + Default> Hour<T> {
    pub(crate) fn new(minutes: usize) -> Self {
        Self { newest: 0, entries: vec![T::default(); minutes] }
    }

    /// The entry of a minute; `None` for one that is over for good. A later one than all before makes room for itself.
    pub(crate) fn at(&mut self, minute: u64) -> Option<&mut T> {
        let length = self.entries.len() as u64;
        for passed in self.newest.max(minute.saturating_sub(length)) + 1..=minute {
            self.entries[(passed % length) as usize] = T::default();
        }
        self.newest = self.newest.max(minute);
        (minute + length > self.newest).then(|| &mut self.entries[(minute % length) as usize])
    }

    /// The entries up to a minute, the oldest first.
    pub(crate) fn list(&self, now: u64) -> Vec<T> {
        let length = self.entries.len() as u64;
        let entry = |minute: u64| {
            let is_kept = minute <= self.newest && minute + length > self.newest;
            if is_kept { self.entries[(minute % length) as usize].clone() } else { T::default() }
        };
        (0..length).map(|ago| entry(now.saturating_sub(length - 1 - ago))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_forgets_what_is_older() {
        let mut hour = Hour::<u32>::new(3);
        *hour.at(100).unwrap() += 1;
        *hour.at(101).unwrap() += 2;
        assert_eq!(hour.list(101), [0, 1, 2]);
        *hour.at(103).unwrap() += 4;
        assert_eq!(hour.list(103), [2, 0, 4]);
        assert_eq!(hour.at(100), None);
        assert_eq!((hour.list(104), hour.list(900)), (vec![0, 4, 0], vec![0, 0, 0]));
        *hour.at(900).unwrap() += 1;
        assert_eq!(hour.list(900), [0, 0, 1]);
    }
}
