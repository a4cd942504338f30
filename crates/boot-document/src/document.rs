//! The document itself: what is in it, and its form as JSON.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a start went. `S` is its steps: all of them, or a piece of the list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BootDocument<S = Vec<Step>> {
    /// `greenroom`, or `node` of a Node backend.
    pub backend: String,
    /// When it began.
    #[serde(with = "moment")]
    pub began_at: Option<Timestamp>,
    /// How it ended; none while it goes on.
    pub outcome: Option<Outcome>,
    /// How long it took.
    pub took_ms: Option<f64>,
    /// Of a Node backend: what else its lines tell.
    #[serde(flatten)]
    pub node: Option<NodeTimes>,
    /// Why it failed as a whole: what was said, or how its process ended.
    pub failure: Option<String>,
    /// What failed in it, also what its config permits.
    pub failures: Vec<Failed>,
    /// The longest chain of steps of which each waited for the one before.
    pub critical_path: Vec<Link>,
    /// What it did. The first one is the start itself.
    pub steps: S,
}

/// How a start ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It went well; what failed, the config permits.
    Success,
    /// It failed.
    Failure,
}

/// When the start of a Node backend got how far, since it began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeTimes {
    /// It began to read its config.
    pub config_ms: Option<f64>,
    /// It listened.
    pub listening_ms: Option<f64>,
    /// Its plugins began.
    pub plugins_ms: Option<f64>,
    /// How many plugins and failed modules there are beyond those that are kept.
    pub left_out: usize,
}

/// A plugin or module that failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Failed {
    /// Which, as `Plugin 'a'`; none of what belongs to no plugin.
    pub owner: Option<String>,
    /// The plugin's id.
    pub plugin: Option<String>,
    /// The module's id, if it is one.
    pub module: Option<String>,
    /// Why: the innermost cause first.
    pub causes: Vec<String>,
    /// The config lets the start go on.
    pub permitted: bool,
    /// Since when, where a line told.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// A step of the critical path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Link {
    /// Its number; none of what is no step.
    pub step: Option<usize>,
    /// What it is.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The plugin or module that it is of.
    pub owner: Option<String>,
    /// For how long it alone held the start.
    pub held_ms: f64,
}

/// A step of a start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Step {
    /// Its number.
    pub step: usize,
    /// What it is: `start`, `plugin`, `module`, `service` …
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The plugin or module that it is of.
    pub owner: Option<String>,
    /// The steps that it waited for.
    pub waited_for: Vec<usize>,
    /// When it was asked for, from the beginning of the start.
    pub began_ms: Option<f64>,
    /// When it could begin its own work.
    pub called_ms: Option<f64>,
    /// When it had ended.
    pub ended_ms: Option<f64>,
    /// Whether it failed.
    pub failed: bool,
    /// Of a Node backend: what else its lines tell.
    #[serde(flatten)]
    pub node: Option<StepOfNode>,
}

/// What Node's lines tell of a step besides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepOfNode {
    /// When it had not ended yet, for the last time that is known.
    pub ended_after_ms: Option<f64>,
    /// How far it is: `waiting`, `initializing`, `ready`, `failed`, `failedPermitted`, `orphan`.
    pub state: String,
    /// When the line came that told so.
    #[serde(with = "moment")]
    pub since: Option<Timestamp>,
    /// What it threw.
    pub error: Option<String>,
}

impl<S> BootDocument<S> {
    /// The same with other steps, such as a piece of them.
    pub fn map_steps<T, E>(self, of: impl FnOnce(S) -> Result<T, E>) -> Result<BootDocument<T>, E> {
        let Self { backend, began_at, outcome, took_ms, node, failure, failures, critical_path, steps } =
            self;
        let steps = of(steps)?;
        Ok(BootDocument {
            backend,
            began_at,
            outcome,
            took_ms,
            node,
            failure,
            failures,
            critical_path,
            steps,
        })
    }

    /// Whether it failed.
    pub fn has_failed(&self) -> bool {
        self.outcome == Some(Outcome::Failure)
    }

    /// Whether it is one of a Node backend.
    pub fn is_nodes(&self) -> bool {
        self.backend == "node"
    }
}

impl BootDocument {
    /// The plugins that it waits for.
    pub fn pending(&self) -> Vec<&str> {
        let plugins = self.steps.iter().filter(|step| step.kind == "plugin" && step.is_pending());
        plugins.map(|step| step.name.as_str()).collect()
    }

    /// The same of a process that has ended: a start that went on has failed, for this reason.
    #[must_use]
    pub fn cut_off(mut self, why: &str) -> Self {
        if self.outcome.is_none() {
            self.outcome = Some(Outcome::Failure);
            self.failure.get_or_insert_with(|| why.to_owned());
        }
        self
    }
}

impl Step {
    /// How long it took, waiting included.
    pub fn took_ms(&self) -> Option<f64> {
        Some((self.ended_ms? - self.began_ms?).max(0.0))
    }

    /// How long it waited before its own work.
    pub fn waited_ms(&self) -> Option<f64> {
        Some((self.called_ms? - self.began_ms?).max(0.0))
    }

    /// Whether it has not ended.
    fn is_pending(&self) -> bool {
        match &self.node {
            Some(node) => ["waiting", "initializing"].contains(&node.state.as_str()),
            None => self.ended_ms.is_none() && !self.failed,
        }
    }
}

/// In milliseconds, whole microseconds kept.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// To the millisecond, as it is written.
pub(crate) fn time(at: SystemTime) -> Option<Timestamp> {
    let at = Timestamp::try_from(at).ok()?;
    Timestamp::from_millisecond(at.as_millisecond()).ok()
}

/// A moment that may not be known, as JSON: RFC 3339 to the millisecond.
mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => to.collect_str(&format_args!("{at:.3}")),
            None => to.serialize_none(),
        }
    }

    /// What is no moment is none.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.and_then(|text| text.parse().ok()))
    }
}
