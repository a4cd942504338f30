//! What took longer than in the start before.

use serde::Serialize;

use greenroom_boot_document::{BootDocument, Outcome, Step};

use crate::words::is_time;

/// What is less is no difference: no start is as long as another one.
const LEAST_MS: f64 = 20.0;

/// So many steps are named.
const MOST: usize = 3;

/// How a start differs from the one before it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Slower {
    /// How much longer it took; less than 0 if it was shorter.
    pub(super) by_ms: f64,
    /// The steps that differ most, the most first.
    pub(super) steps: Vec<Differs>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Differs {
    pub(super) title: String,
    pub(super) by_ms: f64,
}

impl Slower {
    /// `None` where one of both has not ended, or has failed: how soon that was says nothing.
    pub(super) fn of(boot: &BootDocument, before: &BootDocument) -> Option<Self> {
        if [boot, before].iter().any(|boot| boot.outcome != Some(Outcome::Success)) {
            return None;
        }
        let by_ms = Some(boot.took_ms? - before.took_ms?).filter(|ms| is_time(*ms))?;
        let own = |step: &Step| Some(step.ended_ms? - step.called_ms.or(step.began_ms)?);
        let differs = |step: &Step| {
            let is_it = |other: &&Step| {
                (&other.kind, &other.name, &other.owner) == (&step.kind, &step.name, &step.owner)
            };
            let by_ms = own(step)? - before.steps.iter().find(is_it).map_or(Some(0.0), own)?;
            (step.kind != "start"
                && is_time(by_ms)
                && by_ms.abs() >= LEAST_MS
                && by_ms.signum() == boot_sign(boot, before))
            .then(|| Differs { title: super::tree::title(step), by_ms })
        };
        let mut steps: Vec<_> = boot.steps.iter().filter_map(differs).collect();
        steps.sort_by(|one, other| other.by_ms.abs().total_cmp(&one.by_ms.abs()));
        steps.truncate(MOST);
        Some(Self { by_ms, steps })
    }

    /// In a sentence.
    pub(super) fn text(&self) -> String {
        if self.by_ms.abs() < LEAST_MS {
            return "It took as long as the start before.".to_owned();
        }
        let word = if self.by_ms > 0.0 { "Slower" } else { "Faster" };
        let time = |ms: f64| super::tree::time(ms.abs()).unwrap_or_default();
        let named = self.steps.iter().map(|step| {
            let sign = if step.by_ms > 0.0 { "+" } else { "-" };
            format!("{} {sign}{}", step.title, time(step.by_ms))
        });
        let named: Vec<_> = named.collect();
        let by = time(self.by_ms);
        match named.is_empty() {
            true => format!("{word} than the start before by {by}."),
            false => format!("{word} than the start before by {by}: {}.", named.join(", ")),
        }
    }
}

fn boot_sign(boot: &BootDocument, before: &BootDocument) -> f64 {
    (boot.took_ms.unwrap_or_default() - before.took_ms.unwrap_or_default()).signum()
}
