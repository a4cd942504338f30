//! What is wrong, each thing once.

use std::{collections::BTreeSet, time::SystemTime};

use crate::{CheckState, Dependency, Outcome};

/// What checks of the backend's own begin with.
const OWN: &str = "greenroom";

/// One thing that is wrong, and all that it affects: ten plugins whose database server is away have one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What does not work; `None` for a check that names nothing.
    pub dependency: Option<Dependency>,
    /// The worst that its checks say.
    pub outcome: Outcome,
    /// Whether readiness fails because of it.
    pub fails_readiness: bool,
    /// Since when: when the first of its checks stopped passing.
    pub since: SystemTime,
    /// When one of its checks passed last.
    pub last_success: Option<SystemTime>,
    /// What the first check, in order of name, says that has this outcome.
    pub reason: Option<String>,
    /// What to do about it: what that check says, or else what goes for anything of that kind.
    pub next_step: String,
    /// The checks that do not pass, `<plugin>.<name>`.
    pub checks: Vec<String>,
    /// The plugins that it hits: those that the checks belong to, unless they name others. A check of the backend's own that names
    /// none hits no plugin more than others.
    pub plugins: Vec<String>,
    /// The endpoints that they name.
    pub affects: Vec<String>,
}

impl Cause {
    /// What is wrong as far as these checks say, the worst first; none if each of them that has run passes. Checks of one dependency are
    /// one cause, each other is one by itself.
    pub fn of(states: &[CheckState]) -> Vec<Self> {
        let mut groups: Vec<Vec<&CheckState>> = vec![];
        for state in
            states.iter().filter(|state| state.outcome().is_some_and(|outcome| outcome != Outcome::Pass))
        {
            let same = |group: &&mut Vec<&CheckState>| match (&group[0].dependency, &state.dependency) {
                (Some(known), Some(this)) => known.is_same_place(this),
                _ => false,
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(state),
                None => groups.push(vec![state]),
            }
        }
        let mut causes: Vec<_> = groups.iter().filter_map(|group| cause(group)).collect();
        // The sort is stable: causes that are as bad and as old stay in order of name.
        causes.sort_by_key(|cause| (!cause.fails_readiness, cause.outcome != Outcome::Fail, cause.since));
        causes
    }
}

fn cause(group: &[&CheckState]) -> Option<Cause> {
    let fails = |state: &CheckState| state.outcome() == Some(Outcome::Fail);
    let outcome = if group.iter().any(|state| fails(state)) { Outcome::Fail } else { Outcome::Warn };
    let first = group.iter().find(|state| state.outcome() == Some(outcome))?;
    let each = |of: fn(&CheckState) -> Vec<String>| {
        let all: BTreeSet<_> = group.iter().flat_map(|state| of(state)).collect();
        all.into_iter().collect()
    };
    let dependencies = group.iter().filter_map(|state| state.dependency.clone());
    Some(Cause {
        dependency: dependencies.reduce(|all, one| all.with(&one)),
        outcome,
        fails_readiness: group.iter().any(|state| state.readiness && fails(state)),
        since: group.iter().filter_map(|state| state.history.unwell_since()).min()?,
        last_success: group.iter().filter_map(|state| state.history.last_success).max(),
        reason: first.last.as_ref().and_then(|last| last.check.message.clone()),
        next_step: next_step(first),
        checks: group.iter().map(|state| state.name.clone()).collect(),
        plugins: each(plugins),
        affects: each(|state| state.affects.clone()),
    })
}

fn plugins(state: &CheckState) -> Vec<String> {
    match state.last.as_ref().map(|last| &last.check.plugins[..]) {
        Some([]) | None if state.plugin() == OWN => vec![],
        Some([]) | None => vec![state.plugin().to_owned()],
        Some(named) => named.to_vec(),
    }
}

fn next_step(state: &CheckState) -> String {
    let said = state.last.as_ref().and_then(|last| last.check.next_step.clone());
    said.unwrap_or_else(|| match &state.dependency {
        Some(on) => format!("see whether {} runs, and can be reached from here", on.target()),
        None => format!("mend what '{}' names; the lines around its change may say more", state.name),
    })
}
