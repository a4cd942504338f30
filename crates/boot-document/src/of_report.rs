//! Of the report of our own start.

use greenroom_core::{
    Fault, Owner, StartError,
    boot::{self, BootReport, BootResult, Failure},
};
use greenroom_errors::Error;

use crate::{
    BootDocument, Failed, Link, Outcome, Step,
    document::{millis, time},
};

/// So many failures are told.
const MOST_FAILURES: usize = 20;

/// So many errors are told of which each wraps the next.
const MOST_CAUSES: usize = 8;

impl BootDocument {
    /// Of our own start; `error` is why it failed. `mask` takes secrets out of what errors say.
    pub fn of_report(report: &BootReport, error: Option<&StartError>, mask: impl Fn(&str) -> String) -> Self {
        let result = report.result();
        let path = report.critical_path().into_iter().map(|link| Link {
            step: Some(link.step.id.index()),
            kind: link.step.kind.as_str().to_owned(),
            name: link.step.name.to_string(),
            owner: link.step.owner.as_ref().map(ToString::to_string),
            held_ms: millis(link.held),
        });
        let outcome = |result: &BootResult| match result.outcome {
            boot::Outcome::Success => Outcome::Success,
            _ => Outcome::Failure,
        };
        let mut document = Self {
            backend: "greenroom".to_owned(),
            began_at: time(report.began_at()),
            outcome: result.as_deref().map(outcome),
            took_ms: result.as_ref().map(|result| millis(result.took)),
            node: None,
            failure: None,
            failures: result.as_ref().map(|result| failures(result, &mask)).unwrap_or_default(),
            critical_path: path.collect(),
            steps: report.steps().into_iter().map(step).collect(),
        };
        if let Some(error) = error {
            document.fail(report, error, &mask);
        }
        document
    }

    /// A start that failed before it came to plugins has no result.
    fn fail(&mut self, report: &BootReport, error: &StartError, mask: &dyn Fn(&str) -> String) {
        self.outcome = Some(Outcome::Failure);
        self.took_ms.get_or_insert_with(|| report.began_at().elapsed().map(millis).unwrap_or_default());
        if self.failures.iter().all(|failed| failed.permitted) {
            let of = |fault: Fault| failed(fault.owner.as_ref(), &fault.error, false, mask);
            self.failures.extend(error.faults().into_iter().take(MOST_FAILURES).map(of));
        }
    }
}

fn failures(result: &BootResult, mask: &dyn Fn(&str) -> String) -> Vec<Failed> {
    let of_plugin = |plugin: &boot::PluginResult| {
        let owner = |module| Owner { plugin: plugin.plugin_id.clone(), module };
        let own = plugin.failure.iter().map(|failure| (owner(None), failure.clone()));
        let modules = plugin
            .modules
            .iter()
            .filter_map(|module| Some((owner(Some(module.module_id.clone())), module.failure.clone()?)));
        own.chain(modules).collect::<Vec<(Owner, Failure)>>()
    };
    let all = result.plugins.iter().flat_map(of_plugin).take(MOST_FAILURES);
    all.map(|(owner, failure)| failed(Some(&owner), &failure.error, failure.allowed, mask)).collect()
}

fn failed(owner: Option<&Owner>, error: &Error, permitted: bool, mask: &dyn Fn(&str) -> String) -> Failed {
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let mut causes: Vec<_> = chain.take(MOST_CAUSES).map(|error| mask(&error.to_string())).collect();
    causes.reverse();
    causes.dedup();
    Failed {
        owner: owner.map(ToString::to_string),
        plugin: owner.map(|owner| owner.plugin.to_string()),
        module: owner.and_then(|owner| owner.module.as_deref()).map(str::to_owned),
        causes,
        permitted,
        since: None,
    }
}

fn step(step: boot::Step) -> Step {
    Step {
        step: step.id.index(),
        kind: step.kind.as_str().to_owned(),
        name: step.name.to_string(),
        owner: step.owner.as_ref().map(ToString::to_string),
        waited_for: step.waited_for.iter().map(|id| id.index()).collect(),
        began_ms: Some(millis(step.began)),
        called_ms: step.called.map(millis),
        ended_ms: step.ended.map(millis),
        failed: step.failed,
        node: None,
    }
}
