//! Of what the lines of a Node backend tell of its start.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_core::Owner;
use greenroom_node_log::facts::{BootStep, NodeBoot, Outcome as Told, StepState};

use crate::{
    BootDocument, Failed, Link, NodeTimes, Outcome, Step, StepOfNode, causes,
    document::{millis, time},
};

impl BootDocument {
    /// Of a Node backend. Secrets are to be taken out before, by [`NodeBoot::masked`].
    pub fn of_node(boot: &NodeBoot) -> Self {
        let after = |at: SystemTime| millis(boot.since_began(at));
        let outcome = match boot.outcome() {
            Told::Failed(_) => Some(Outcome::Failure),
            Told::Started(_) => Some(Outcome::Success),
            Told::Starting => None,
        };
        let node = NodeTimes {
            config_ms: boot.config_at.map(after),
            listening_ms: boot.listening.map(|(at, _)| after(at)),
            plugins_ms: boot.plugins_at.map(after),
            left_out: boot.left_out(),
        };
        let steps = steps(boot);
        Self {
            backend: "node".to_owned(),
            began_at: time(boot.began_at),
            outcome,
            took_ms: boot.took().map(millis),
            failure: boot.failure.as_ref().map(|failure| failure.text.clone()),
            failures: boot.failed().map(failed).collect(),
            critical_path: path(&node, &steps),
            node: Some(node),
            steps,
        }
    }

    /// The same where lines have no times: what took how long is not known.
    #[must_use]
    pub fn without_times(mut self) -> Self {
        (self.began_at, self.took_ms) = (None, None);
        self.critical_path.clear();
        if let Some(node) = &mut self.node {
            (node.config_ms, node.listening_ms, node.plugins_ms) = (None, None, None);
        }
        for failed in &mut self.failures {
            failed.since = None;
        }
        for step in &mut self.steps {
            (step.began_ms, step.called_ms, step.ended_ms) = (None, None, None);
            if let Some(node) = &mut step.node {
                (node.ended_after_ms, node.since) = (None, None);
            }
        }
        self
    }
}

fn owner(step: &BootStep) -> String {
    let module = step.module.as_deref().map(Arc::from);
    Owner { plugin: step.plugin.as_str().into(), module }.to_string()
}

fn failed(step: &BootStep) -> Failed {
    Failed {
        owner: Some(owner(step)),
        plugin: Some(step.plugin.clone()),
        module: step.module.clone(),
        causes: step.error.as_ref().map(|error| causes::of_text(&error.text)).unwrap_or_default(),
        permitted: step.state == StepState::FailedPermitted,
        since: time(step.since),
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
        Told::Failed(_) => (StepState::Failed, boot.ended_at),
        Told::Started(ended) => (StepState::Ready, Some(ended)),
        Told::Starting => (StepState::Initializing, Some(boot.began_at)),
    };
    let took = boot.took().map(millis);
    let start = Step {
        step: 0,
        kind: "start".to_owned(),
        name: "start".to_owned(),
        owner: None,
        waited_for: places(&|step| step.module.is_none()),
        began_ms: Some(millis(Duration::ZERO)),
        called_ms: None,
        ended_ms: took,
        failed: boot.failure.is_some(),
        node: Some(StepOfNode {
            ended_after_ms: took,
            state: state.as_str().to_owned(),
            since: since.and_then(time),
            error: boot.failure.as_ref().map(|failure| failure.text.clone()),
        }),
    };
    let of_plugins = known.iter().enumerate().map(|(index, step)| {
        let after = |at: SystemTime| millis(boot.since_began(at));
        let ended = |at: SystemTime| step.place.is_some().then(|| after(at));
        let (kind, name) = match &step.module {
            None => ("plugin", &step.plugin),
            Some(module) => ("module", module),
        };
        let is_own = |other: &BootStep| other.module.is_some() && other.plugin == step.plugin;
        Step {
            step: index + 1,
            kind: kind.to_owned(),
            name: name.clone(),
            owner: Some(owner(step)),
            waited_for: if step.module.is_none() { places(&is_own) } else { vec![] },
            began_ms: step.began_at.map(after),
            // No line of Node's tells.
            called_ms: None,
            ended_ms: ended(step.since),
            failed: step.state.has_failed(),
            node: Some(StepOfNode {
                ended_after_ms: ended(step.not_before),
                state: step.state.as_str().to_owned(),
                since: time(step.since),
                error: step.error.as_ref().map(|error| error.text.clone()),
            }),
        }
    });
    std::iter::once(start).chain(of_plugins).collect()
}

/// What held it, as far as lines tell: its packages, its config and root services, and the plugin that ended last.
fn path(node: &NodeTimes, steps: &[Step]) -> Vec<Link> {
    let mut before = 0.0;
    let mut link = |kind: &str, name: &str, step: Option<&Step>, end: Option<f64>| {
        let end = end?;
        let held_ms = (end - before).max(0.0);
        before = end;
        Some(Link {
            step: step.map(|step| step.step),
            kind: kind.to_owned(),
            name: name.to_owned(),
            owner: step.and_then(|step| step.owner.clone()),
            held_ms,
        })
    };
    let ended = steps.iter().filter(|step| step.kind == "plugin" && step.ended_ms.is_some());
    let last = ended
        .max_by(|one, other| one.ended_ms.unwrap_or_default().total_cmp(&other.ended_ms.unwrap_or_default()));
    [
        link("loading", "packages", None, node.config_ms),
        link("root services", "config, HTTP server", None, node.listening_ms),
        link("root services", "others", None, node.plugins_ms),
        last.and_then(|last| link("plugin", &last.name, Some(last), last.ended_ms)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
