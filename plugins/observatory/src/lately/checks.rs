//! What checks said: the worst of each minute.

use std::collections::BTreeMap;

use greenroom::health::{CheckState, Outcome};
use greenroom_plugin_observatory_node::Mark;

use super::{Hour, MINUTES};

/// An hour for each check; there are as many as plugins have registered.
#[derive(Debug, Default)]
pub(super) struct Hours(BTreeMap<String, Hour<Option<Said>>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Pass,
    Warn,
    Fail,
}

impl Hours {
    pub(super) fn note(&mut self, minute: u64, states: &[CheckState]) {
        for state in states {
            let Some(last) = &state.last else { continue };
            let said = match last.check.outcome {
                Outcome::Pass => Said::Pass,
                Outcome::Warn => Said::Warn,
                Outcome::Fail => Said::Fail,
            };
            let hour = self.0.entry(state.name.clone()).or_insert_with(|| Hour::new(MINUTES));
            if let Some(worst) = hour.at(minute) {
                *worst = (*worst).max(Some(said));
            }
        }
    }

    pub(super) fn of(&self, name: &str, now: u64) -> Vec<Mark> {
        let mark = |said| match said {
            None => Mark::Unknown,
            Some(Said::Pass) => Mark::Ok,
            Some(Said::Warn) => Mark::Warn,
            Some(Said::Fail) => Mark::Fail,
        };
        let hour = self.0.get(name).map_or_else(|| vec![None; MINUTES], |hour| hour.list(now));
        hour.into_iter().map(mark).collect()
    }
}
