//! A start of Node's as its log tells it, in the form of our own.

use std::time::SystemTime;

use greenroom_node_log::facts::{BootStep, NodeBoot, Outcome, StepState};
use jiff::Timestamp;

use super::{Boot, Boots, Failed, Link, Step};
use crate::log::Log;

impl Boots {
    /// The last start that a log tells of.
    pub fn of_log(log: &Log) -> Self {
        let has_times = log.timed_boot().is_some();
        Self(log.boot().map(|boot| of(boot, has_times)).into_iter().collect())
    }
}

fn of(boot: &NodeBoot, has_times: bool) -> Boot {
    let ms = |at: SystemTime| has_times.then(|| boot.since_began(at).as_secs_f64() * 1000.0);
    let outcome = match boot.outcome() {
        Outcome::Started(_) => Some("success".to_owned()),
        Outcome::Failed(_) => Some("failure".to_owned()),
        Outcome::Starting => None,
    };
    let took_ms = boot.took().filter(|_| has_times).map(|took| took.as_secs_f64() * 1000.0);
    let failures = boot.failed().map(failed).collect::<Vec<_>>();
    let is_start_alone = failures.iter().all(|failed| failed.permitted);
    let failure = boot.failure.as_ref().filter(|_| is_start_alone).map(|failure| failure.text.clone());
    let all = boot.steps();
    let plugins =
        all.iter().enumerate().filter(|(_, step)| step.module.is_none()).map(|(index, _)| index + 1);
    let start = Step {
        kind: "start".to_owned(),
        name: "start".to_owned(),
        waited_for: plugins.collect(),
        began_ms: ms(boot.began_at),
        ended_ms: took_ms,
        failed: boot.failure.is_some(),
        ..Step::default()
    };
    let steps = all.iter().enumerate().map(|(index, step)| Step {
        step: index + 1,
        kind: if step.module.is_some() { "module" } else { "plugin" }.to_owned(),
        name: step.module.clone().unwrap_or_else(|| step.plugin.clone()),
        owner: Some(format!("plugin '{}'", step.plugin)),
        waited_for: vec![],
        began_ms: step.began_at.and_then(ms),
        called_ms: None,
        ended_ms: step.place.and_then(|_| ms(step.since)),
        ended_after_ms: step.place.and_then(|_| ms(step.not_before)),
        failed: step.state.has_failed(),
        state: Some(step.state.as_str().to_owned()),
        error: step.error.as_ref().map(|error| error.text.clone()),
    });
    let began_at = Timestamp::try_from(boot.began_at).ok().filter(|_| has_times);
    let mut told = Boot {
        backend: "node".to_owned(),
        began_at,
        outcome,
        took_ms,
        failure,
        failures,
        critical_path: vec![],
        steps: std::iter::once(start).chain(steps).collect(),
    };
    let [config, listening, plugins] =
        [boot.config_at, boot.listening.map(|(at, _)| at), boot.plugins_at].map(|at| at.and_then(ms));
    told.critical_path = path(&told, config, listening, plugins);
    told
}

fn failed(step: &BootStep) -> Failed {
    let owner = match &step.module {
        Some(module) => format!("module '{module}' of plugin '{}'", step.plugin),
        None => format!("plugin '{}'", step.plugin),
    };
    Failed {
        owner: Some(owner),
        causes: step.error.iter().map(|error| error.text.clone()).collect(),
        permitted: step.state == StepState::FailedPermitted,
    }
}

/// What Node's lines tell of what held its start: its packages, its config and root services, and the plugin that ended last.
pub(super) fn path(
    boot: &Boot,
    config: Option<f64>,
    listening: Option<f64>,
    plugins: Option<f64>,
) -> Vec<Link> {
    let mut before = 0.0;
    let mut link = |kind: &str, name: &str, step: usize, end: Option<f64>| {
        let end = end?;
        let held_ms = (end - before).max(0.0);
        before = end;
        Some(Link { step, kind: kind.to_owned(), name: name.to_owned(), held_ms })
    };
    let ended = |step: &&Step| step.kind == "plugin" && step.ended_ms.is_some();
    let last = boot
        .steps
        .iter()
        .filter(ended)
        .max_by(|one, other| one.ended_ms.unwrap_or(0.0).total_cmp(&other.ended_ms.unwrap_or(0.0)));
    // No step has this number: these are no steps of the tree.
    let none = usize::MAX;
    [
        link("loading", "packages", none, config),
        link("root services", "config, HTTP server", none, listening),
        link("root services", "others", none, plugins),
        last.and_then(|last| link("plugin", &last.name, last.step, last.ended_ms)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
