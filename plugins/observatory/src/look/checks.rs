//! Health checks.

use std::time::{Duration, SystemTime};

use greenroom::{
    config::Masks,
    health::{CheckState, Outcome},
};
use greenroom_plugin_observatory_node::Mark;

use crate::lately::Lately;

/// A check, with what it said.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) name: String,
    /// Whether readiness fails with it.
    pub(crate) required: bool,
    /// `None` before the first run has ended.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) message: Option<String>,
    pub(crate) since: Option<SystemTime>,
    pub(crate) took: Option<Duration>,
    /// What it said in each minute of the last hour.
    pub(crate) hour: Vec<Mark>,
}

impl Check {
    pub(crate) fn fails(&self) -> bool {
        self.outcome == Some(Outcome::Fail)
    }

    pub(crate) fn warns(&self) -> bool {
        self.outcome == Some(Outcome::Warn)
    }

    /// Whose it is.
    pub(crate) fn plugin(&self) -> &str {
        self.name.split_once('.').map_or(&*self.name, |(plugin, _)| plugin)
    }
}

pub(super) fn of(states: Vec<CheckState>, lately: &Lately, masks: &Masks, now: SystemTime) -> Vec<Check> {
    let check = |state: CheckState| Check {
        hour: lately.check(&state.name, now),
        name: state.name,
        required: state.readiness,
        outcome: state.last.as_ref().map(|run| run.check.outcome),
        since: state.last.as_ref().map(|run| run.since),
        took: state.last.as_ref().map(|run| run.took),
        message: state.last.and_then(|run| run.check.message).map(|message| masks.all(&message)),
    };
    let mut checks: Vec<_> = states.into_iter().map(check).collect();
    checks.sort_by_key(|check| (!(check.fails() && check.required), !check.fails(), !check.warns()));
    checks
}
