//! The start of the Node backend as JSON: in the form of our own boot report, `GET /.greenroom/v1/boot`, with what Node's lines say
//! besides, and where they leave room, both bounds.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom::core::Owner;
use greenroom_node_log::facts::{BootStep, NodeBoot, Outcome, StepState};
use serde::Serialize;

use crate::api::{millis, time};

/// As JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    began_at: Option<String>,
    outcome: Option<&'static str>,
    took_ms: Option<f64>,
    config_ms: Option<f64>,
    listening_ms: Option<f64>,
    plugins_ms: Option<f64>,
    failure: Option<String>,
    left_out: usize,
    steps: Vec<Step>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    step: usize,
    kind: &'static str,
    name: String,
    owner: Option<String>,
    waited_for: Vec<usize>,
    began_ms: Option<f64>,
    /// No line of Node's tells.
    called_ms: Option<f64>,
    ended_ms: Option<f64>,
    failed: bool,
    ended_after_ms: Option<f64>,
    state: &'static str,
    since: Option<String>,
    error: Option<String>,
}

impl Shown {
    pub(crate) fn of(boot: &NodeBoot) -> Self {
        let after = |at: SystemTime| millis(boot.since_began(at));
        let outcome = match boot.outcome() {
            Outcome::Failed(_) => Some("failure"),
            Outcome::Started(_) => Some("success"),
            Outcome::Starting => None,
        };
        Self {
            began_at: time(boot.began_at),
            outcome,
            took_ms: boot.took().map(millis),
            config_ms: boot.config_at.map(after),
            listening_ms: boot.listening.map(|(at, _)| after(at)),
            plugins_ms: boot.plugins_at.map(after),
            failure: boot.failure.as_ref().map(|failure| failure.text.clone()),
            left_out: boot.left_out(),
            steps: steps(boot),
        }
    }
}

/// The start itself, which waits for all plugins; each plugin, which waits for its modules; each module that failed.
fn steps(boot: &NodeBoot) -> Vec<Step> {
    let known = boot.steps();
    let places = |is_it: &dyn Fn(&BootStep) -> bool| {
        let found = known.iter().enumerate().filter(|(_, step)| is_it(step));
        found.map(|(index, _)| index + 1).collect::<Vec<_>>()
    };
    let (state, since) = match boot.outcome() {
        Outcome::Failed(_) => (StepState::Failed, boot.ended_at),
        Outcome::Started(ended) => (StepState::Ready, Some(ended)),
        Outcome::Starting => (StepState::Initializing, Some(boot.began_at)),
    };
    let start = Step {
        step: 0,
        kind: "start",
        name: "start".to_owned(),
        owner: None,
        waited_for: places(&|step| step.module.is_none()),
        began_ms: Some(millis(Duration::ZERO)),
        called_ms: None,
        ended_ms: boot.took().map(millis),
        failed: boot.failure.is_some(),
        ended_after_ms: boot.took().map(millis),
        state: state.as_str(),
        since: since.and_then(time),
        error: boot.failure.as_ref().map(|failure| failure.text.clone()),
    };
    let of_plugins = known.iter().enumerate().map(|(index, step)| {
        let after = |at: SystemTime| millis(boot.since_began(at));
        let ended = |at: SystemTime| step.place.is_some().then(|| after(at));
        let (kind, name) = match &step.module {
            None => ("plugin", &step.plugin),
            Some(module) => ("module", module),
        };
        let module = step.module.as_deref().map(Arc::from);
        let owner = Owner { plugin: step.plugin.as_str().into(), module };
        let is_own = |other: &BootStep| other.module.is_some() && other.plugin == step.plugin;
        Step {
            step: index + 1,
            kind,
            name: name.clone(),
            owner: Some(owner.to_string()),
            waited_for: if step.module.is_none() { places(&is_own) } else { vec![] },
            began_ms: step.began_at.map(after),
            called_ms: None,
            ended_ms: ended(step.since),
            failed: step.state.has_failed(),
            ended_after_ms: ended(step.not_before),
            state: step.state.as_str(),
            since: time(step.since),
            error: step.error.as_ref().map(|error| error.text.clone()),
        }
    });
    std::iter::once(start).chain(of_plugins).collect()
}
