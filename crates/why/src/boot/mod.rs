//! How a start went: as Greenroom's surface tells it, as it is kept in the data directory, or as a log of Node's tells it.

mod fetch;
mod from_log;
mod screen;
mod slower;
mod tree;

use std::path::Path;

use greenroom_data_dir::RecentLines;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    answer::Finding,
    database::DatabaseFault,
    words::{owner, said},
};

pub use fetch::NoBoot;

/// A start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Boot {
    /// `greenroom`, or `node` of a Node backend.
    pub backend: String,
    /// When it began.
    #[serde(with = "crate::words::moment")]
    pub began_at: Option<Timestamp>,
    /// `success` or `failure`; none while it goes on.
    pub outcome: Option<String>,
    /// How long it took.
    pub took_ms: Option<f64>,
    /// Why it failed as a whole, where no plugin did.
    pub failure: Option<String>,
    /// What failed in it, also what its config permits.
    pub failures: Vec<Failed>,
    /// The longest chain of steps of which each waited for the one before.
    pub critical_path: Vec<Link>,
    /// What it did. The first one is the start itself.
    #[serde(deserialize_with = "steps")]
    pub steps: Vec<Step>,
}

/// A plugin or module that failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Failed {
    /// Which, as `plugin 'a'`; none of what belongs to no plugin.
    pub owner: Option<String>,
    /// Why: the innermost cause first.
    pub causes: Vec<String>,
    /// The config lets the start go on.
    pub permitted: bool,
}

/// A step of the critical path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Link {
    /// Its number.
    pub step: usize,
    /// What it is.
    pub kind: String,
    /// Its name.
    pub name: String,
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
    /// When it had not ended yet, for the last time that is known.
    pub ended_after_ms: Option<f64>,
    /// Whether it failed.
    pub failed: bool,
    /// How far it is, of a plugin of Node's.
    pub state: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// A list, or a piece of one.
fn steps<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Step>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Steps {
        All(Vec<Step>),
        Piece { items: Vec<Step> },
    }
    Ok(match Steps::deserialize(from)? {
        Steps::All(steps) | Steps::Piece { items: steps } => steps,
    })
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

    /// `plugin 'catalog'`.
    pub(crate) fn title(&self) -> String {
        match self.kind.as_str() {
            "start" => "start".to_owned(),
            kind => format!("{} '{}'", said(kind), said(&self.name)),
        }
    }
}

impl Boot {
    /// Whether it failed.
    pub fn has_failed(&self) -> bool {
        self.outcome.as_deref() == Some("failure")
    }

    /// `Greenroom`, `The Node backend`.
    pub(crate) fn who(&self) -> &'static str {
        if self.backend == "node" { "The Node backend" } else { "Greenroom" }
    }

    /// Those that it waits for.
    pub(crate) fn pending(&self) -> Vec<&str> {
        let open = |step: &&Step| step.kind == "plugin" && step.ended_ms.is_none() && !step.failed;
        self.steps.iter().filter(open).map(|step| step.name.as_str()).collect()
    }

    /// The failures of which the start has failed, before those that are permitted.
    pub(crate) fn failed(&self) -> Vec<&Failed> {
        let mut all: Vec<_> = self.failures.iter().collect();
        all.sort_by_key(|failed| failed.permitted);
        all
    }

    /// What there is to say of one that failed.
    pub(crate) fn finding(&self) -> Finding {
        let first = self.failed().into_iter().next();
        let why = first.and_then(|failed| failed.causes.first()).or(self.failure.as_ref());
        let why = why.map_or_else(|| "it is not known why".to_owned(), |why| said(why));
        let of =
            first.and_then(|failed| failed.owner.as_deref()).map(|of| format!(" because of {}", owner(of)));
        let what = format!("{}'s last start has failed{}: {why}", self.who(), of.unwrap_or_default());
        let (cause, next) = match DatabaseFault::of(&why) {
            Some(fault) => (fault.cause, fault.next),
            None => ("startFailed", "mend that, and start it again; `greenroom boot` shows all of it"),
        };
        let ended = self.took_ms.map(|took| jiff::SignedDuration::from_millis(took as i64));
        let at = self.began_at.and_then(|at| at.checked_add(ended.unwrap_or_default()).ok());
        Finding::new(cause, what, next).since(at).hits("everybody")
    }
}

/// Starts, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Boots(pub(crate) Vec<Boot>);

impl Boots {
    /// Those that are kept in a data directory. A line that is none is passed over: a newer or an older version has written it.
    pub fn in_dir(dir: &Path) -> Self {
        let lines = RecentLines::at(&dir.join(RecentLines::BOOTS)).read().unwrap_or_default();
        let boots = lines.iter().rev().filter_map(|line| serde_json::from_str(line).ok());
        Self(boots.collect())
    }

    /// The newest.
    pub fn newest(&self) -> Option<&Boot> {
        self.0.first()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Boot> {
        self.0.iter()
    }

    /// The newest of each backend, with the one before it: Node's first, which is what takes long.
    pub(crate) fn latest(&self) -> Vec<(&Boot, Option<&Boot>)> {
        let of = |backend: &str| {
            let mut all = self.0.iter().filter(|boot| (boot.backend == "node") == (backend == "node"));
            let newest = all.next()?;
            Some((newest, all.find(|boot| boot.outcome.as_deref() == Some("success"))))
        };
        ["node", "greenroom"].into_iter().filter_map(of).collect()
    }

    /// All of it for people, at most one screen for each backend.
    pub fn text(&self, now: Timestamp) -> String {
        let screens: Vec<_> =
            self.latest().into_iter().map(|(boot, before)| screen::of(boot, before, now)).collect();
        screens.join("\n")
    }

    /// As JSON.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shown<'a> {
            #[serde(flatten)]
            boot: &'a Boot,
            before: Option<slower::Slower>,
        }
        let shown: Vec<_> = self
            .latest()
            .into_iter()
            .map(|(boot, before)| Shown {
                boot,
                before: before.and_then(|before| slower::Slower::of(boot, before)),
            })
            .collect();
        serde_json::to_string_pretty(&serde_json::json!({ "boots": shown })).unwrap_or_default()
    }

    /// 0 if the newest start of each went well, else 1.
    pub fn exit_code(&self) -> u8 {
        let well = |(boot, _): &(&Boot, Option<&Boot>)| boot.outcome.as_deref() == Some("success");
        u8::from(!self.latest().iter().all(well))
    }
}

#[cfg(test)]
mod tests;
