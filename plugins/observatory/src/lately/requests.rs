//! Requests: how many, how long they took, how many failed.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{Hour, MINUTES, histogram::Histogram, minute_of};

/// Over how many minutes figures of a plugin go.
pub(crate) const RECENT: usize = 5;
/// More plugins than a backend has: those beyond are counted with all others alone.
const PLUGINS: usize = 500;

/// Those that were answered, or given up.
#[derive(Debug)]
pub(crate) struct Requests {
    all: Hour<Minute>,
    plugins: BTreeMap<Arc<str>, Hour<Minute>>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was answered, below 500.
    Answered,
    /// It was answered by 500 or above.
    Failed,
    /// The client went away without an answer.
    GivenUp,
}

#[derive(Clone, Debug, Default)]
struct Minute {
    count: u64,
    failed: u64,
    given_up: u64,
    times: Histogram,
}

/// What was asked for in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Load {
    pub(crate) count: u64,
    /// Answered by 500 and above.
    pub(crate) failed: u64,
    /// Given up by their clients before an answer.
    pub(crate) given_up: u64,
    pub(crate) p75: Option<Duration>,
}

impl Load {
    /// How many have an answer.
    pub(crate) fn answered(&self) -> u64 {
        self.count - self.given_up
    }
}

impl Default for Requests {
    fn default() -> Self {
        Self { all: Hour::new(MINUTES), plugins: BTreeMap::new() }
    }
}

impl Requests {
    pub(crate) fn note(&mut self, at: SystemTime, plugin: Option<&str>, end: End, took: Duration) {
        let minute = minute_of(at);
        if let Some(entry) = self.all.at(minute) {
            entry.add(end, took);
        }
        let Some(plugin) = plugin else { return };
        if !self.plugins.contains_key(plugin) && self.plugins.len() < PLUGINS {
            self.plugins.insert(plugin.into(), Hour::new(RECENT));
        }
        if let Some(entry) = self.plugins.get_mut(plugin).and_then(|hour| hour.at(minute)) {
            entry.add(end, took);
        }
    }

    /// Of each minute of the last hour, the oldest first; the last one is not over.
    pub(crate) fn minutes(&self, now: SystemTime) -> Vec<Load> {
        self.all.list(minute_of(now)).iter().map(Minute::load).collect()
    }

    /// All that was in the last minutes.
    pub(crate) fn recent(&self, now: SystemTime) -> Load {
        let minutes = self.all.list(minute_of(now));
        sum(&minutes[MINUTES - RECENT..]).load()
    }

    /// The same of a plugin.
    pub(crate) fn of(&self, plugin: &str, now: SystemTime) -> Load {
        self.plugins.get(plugin).map(|hour| sum(&hour.list(minute_of(now))).load()).unwrap_or_default()
    }
}

fn sum(minutes: &[Minute]) -> Minute {
    minutes.iter().fold(Minute::default(), |mut all, minute| {
        all.count += minute.count;
        all.failed += minute.failed;
        all.given_up += minute.given_up;
        all.times.merge(&minute.times);
        all
    })
}

impl Minute {
    fn add(&mut self, end: End, took: Duration) {
        self.count += 1;
        self.failed += u64::from(end == End::Failed);
        self.given_up += u64::from(end == End::GivenUp);
        self.times.add(took);
    }

    fn load(&self) -> Load {
        Load { count: self.count, failed: self.failed, given_up: self.given_up, p75: self.times.p75() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_told_for_five_minutes_and_all_for_an_hour() {
        let at = |minute: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(minute * 60);
        let mut requests = Requests::default();
        requests.note(at(1000), Some("tasks"), End::Answered, Duration::from_millis(4));
        requests.note(at(1001), Some("tasks"), End::Failed, Duration::from_millis(4));
        requests.note(at(1001), None, End::GivenUp, Duration::from_millis(4));
        let load = |load: Load| (load.count, load.failed);
        assert_eq!(load(requests.of("tasks", at(1004))), (2, 1));
        assert_eq!(load(requests.of("tasks", at(1005))), (1, 1));
        assert_eq!(load(requests.of("other", at(1005))), (0, 0));
        assert_eq!(load(requests.recent(at(1004))), (3, 1));
        assert_eq!((requests.recent(at(1004)).given_up, requests.recent(at(1004)).answered()), (1, 2));
        let minutes = requests.minutes(at(1005));
        assert_eq!(
            minutes.iter().map(|load| load.count).collect::<Vec<_>>()[MINUTES - 6..],
            [1, 2, 0, 0, 0, 0]
        );
    }
}
