//! Health checks.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use greenroom::{
    config::Masks,
    health::{Cause, CheckState, Outcome},
    log_store::{Line, LogStore},
};
use greenroom_plugin_observatory_node::Mark;

use crate::lately::Lately;

/// How many causes have lines, and how many each.
const MOST_EXPLAINED: usize = 3;
const MOST_LINES: usize = 10;

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
    /// What to do about it, where it does not pass.
    pub(crate) next_step: Option<String>,
    /// What was logged when it stopped passing.
    pub(crate) lines: Vec<Line>,
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

pub(super) fn of(
    states: Vec<CheckState>,
    (lately, store): (&Lately, &LogStore),
    masks: &Masks,
    now: SystemTime,
) -> Vec<Check> {
    let causes = Cause::of(&states);
    let explained = causes.iter().enumerate().flat_map(|(number, cause)| {
        let lines = match number < MOST_EXPLAINED {
            true => {
                let mut lines = store.around(cause.since, &cause.plugins, MOST_LINES);
                // What the checks themselves say stands beside them.
                lines.retain(|line| !line.fields.contains_key("check"));
                lines
            }
            false => vec![],
        };
        // The first of its checks tells them for all.
        let rest = cause.checks.iter().skip(1).map(|_| vec![]);
        let lines = std::iter::once(lines).chain(rest);
        cause.checks.iter().cloned().zip(lines.map(|lines| (masks.all(&cause.next_step), lines)))
    });
    let mut explained: BTreeMap<_, _> = explained.collect();
    let check = |state: CheckState, (next_step, lines): (Option<String>, Vec<Line>)| Check {
        next_step,
        lines,
        hour: lately.check(&state.name, now),
        name: state.name,
        required: state.readiness,
        outcome: state.last.as_ref().map(|run| run.check.outcome),
        since: state.last.as_ref().map(|run| run.since),
        took: state.last.as_ref().map(|run| run.took),
        message: state.last.and_then(|run| run.check.message).map(|message| masks.all(&message)),
    };
    let each = states.into_iter().map(|state| {
        let (next_step, lines) = explained.remove(&state.name).unzip();
        check(state, (next_step, lines.unwrap_or_default()))
    });
    let mut checks: Vec<_> = each.collect();
    checks.sort_by_key(|check| (!(check.fails() && check.required), !check.fails(), !check.warns()));
    checks
}
