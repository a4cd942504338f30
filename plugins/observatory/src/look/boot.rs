//! The start: what held it up, and what went on beside.

use std::time::{Duration, SystemTime};

use greenroom::core::boot::{BootReport, Step, StepKind};

/// How many stages are shown.
const STAGES: usize = 12;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Boot {
    pub(crate) began_at: SystemTime,
    /// `None` until it has ended.
    pub(crate) took: Option<Duration>,
    pub(crate) ended_at: Option<SystemTime>,
    /// Plugins that are still at it.
    pub(crate) pending: Vec<String>,
    /// In order of their beginning.
    pub(crate) stages: Vec<BootStage>,
    /// Stages of the critical path that are too short to be shown.
    pub(crate) short: usize,
}

/// A part of the start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BootStage {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    /// Whether the start would have been shorter without it.
    pub(crate) critical: bool,
    pub(crate) failed: bool,
}

pub(super) fn of(report: &BootReport) -> Boot {
    let (steps, path, result) = (report.steps(), report.critical_path(), report.result());
    let took = result.map(|result| result.took);
    let critical = path.iter().filter(|link| link.step.kind != StepKind::Start).map(|link| {
        let to = link.step.ended.unwrap_or_default();
        stage(&link.step, to.saturating_sub(link.held), to, true)
    });
    let plugins = steps.iter().filter(|step| step.kind == StepKind::Plugin);
    let beside = plugins.clone().filter(|step| !path.iter().any(|link| link.step.id == step.id));
    let beside =
        beside.filter_map(|step| Some(stage(step, step.called.unwrap_or(step.began), step.ended?, false)));
    let mut stages: Vec<_> = critical.chain(beside).collect();
    let on_path = stages.iter().filter(|stage| stage.critical).count();
    stages.sort_by_key(|stage| std::cmp::Reverse(stage.to.saturating_sub(stage.from)));
    stages.truncate(STAGES);
    stages.sort_by_key(|stage| (stage.from, stage.to));
    Boot {
        began_at: report.began_at(),
        took,
        ended_at: took.and_then(|took| report.began_at().checked_add(took)),
        pending: plugins.filter(|step| step.ended.is_none()).map(|step| step.name.to_string()).collect(),
        short: on_path - stages.iter().filter(|stage| stage.critical).count(),
        stages,
    }
}

fn stage(step: &Step, from: Duration, to: Duration, critical: bool) -> BootStage {
    let kind = match step.kind {
        StepKind::Start => "start",
        StepKind::Loader => "loader",
        StepKind::Graph => "check of the graph",
        StepKind::Policy => "config and logger",
        StepKind::Service => "service",
        StepKind::RootContext => "service, for all plugins",
        StepKind::Plugin => "plugin",
        StepKind::Module => "module",
        StepKind::StartupHook => "startup hook",
        _ => "step",
    };
    let name = match step.kind {
        StepKind::Graph | StepKind::Policy => String::new(),
        _ => step.name.to_string(),
    };
    BootStage { kind, name, from, to, critical, failed: step.failed }
}
