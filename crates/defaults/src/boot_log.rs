//! Writes the lines that Node's backend writes while it starts and stops.
//!
//! Contract: plugin-89 to plugin-92, plugin-99.

use std::{fmt::Display, sync::Arc, time::Duration};

use greenroom_config::ConfigError;
use greenroom_context::{CaughtPanic, TaskFault, TaskFaultKind};
use greenroom_core::{
    Fault, Owner, Phase, StartError,
    boot::{BootEvent, BootObserver, BootReport, BootResult, Step},
};
use greenroom_errors::{Error, describe};
use greenroom_logging::{Level, Logger, RootLogger, debug, error, fields, info, warn};

/// How long the last lines may take to be written.
const FLUSH: Duration = Duration::from_secs(2);

/// The observer of every backend made by `create_backend`.
pub(crate) struct BootLog {
    root: RootLogger,
    initialization: Logger,
    /// Whether lines that Node does not have are left out.
    only_nodes_lines: bool,
}

impl BootLog {
    pub(crate) fn new(root: &RootLogger, only_nodes_lines: bool) -> Self {
        let initialization = root.child(fields! { "type": "initialization" });
        Self { root: root.clone(), initialization, only_nodes_lines }
    }

    /// Node's line, for each thing that is wrong: it knows of the first alone.
    fn failed(&self, owner: &Owner, error: &Error, allowed: bool, waiting_for: usize) {
        let (who, kind) = match &owner.module {
            None => (format!("Plugin '{}'", owner.plugin), "plugin"),
            Some(module) => (format!("Module {module} in Plugin '{}'", owner.plugin), "plugin module"),
        };
        let consequence = match (allowed, waiting_for) {
            (true, _) => {
                format!(", but boot failure is permitted for this {kind} so startup will continue")
            }
            (false, 0) => String::new(),
            (false, n) => {
                format!(", waiting for {n} other plugins to finish before shutting down the process")
            }
        };
        for Fault { error, .. } in ConfigError::each_fault(Fault { owner: None, error: error.clone() }) {
            let (key, place) = pointed_at(&error);
            error!(
                self.initialization,
                +plugin = &*owner.plugin,
                +module = owner.module.as_deref(),
                +key = key,
                +place = place,
                ..&error,
                "{who} threw an error during startup{consequence}."
            );
        }
    }

    fn reported(&self, owner: &Owner, error: &Error, allowed: bool, late: bool) {
        let (plugin, module) = (&owner.plugin, owner.module.as_deref().unwrap_or_default());
        let when = match (late, allowed) {
            (true, _) => " after startup",
            (false, false) => " during startup.",
            (false, true) => {
                " during startup, but boot failure is permitted for this plugin module so startup will continue."
            }
        };
        for Fault { error, .. } in ConfigError::each_fault(Fault { owner: None, error: error.clone() }) {
            error!(
                self.initialization,
                ..&error,
                "Plugin '{plugin}' reported failure for module '{module}'{when}"
            );
        }
    }

    fn hook_ended(
        &self,
        plugin: Option<&str>,
        phase: Phase,
        name: &str,
        took: Duration,
        error: Option<&Error>,
    ) {
        let log = self.of(plugin);
        let hook = hook_name(plugin, phase);
        let duration = millis(took);
        match error {
            None => debug!(log, +hook = name, +durationMs = duration, "{hook} hook succeeded"),
            Some(error) if phase == Phase::PluginShutdown => {
                error!(log, +hook = name, +durationMs = duration, ..error, "{hook} hook failed");
            }
            Some(error) => {
                let seen = describe(error);
                let (error_name, text) = (&seen.name, &seen.message);
                error!(log, +hook = name, +durationMs = duration, "{hook} hook failed, {error_name}: {text}");
            }
        }
    }

    fn of(&self, plugin: Option<&str>) -> Logger {
        match plugin {
            Some(plugin) => self.root.plugin(plugin),
            None => self.root.child(fields! {}),
        }
    }

    fn step(&self, step: &Step) {
        let plugin = step.owner.as_ref().map(|owner| &*owner.plugin);
        let module = step.owner.as_ref().and_then(|owner| owner.module.as_deref());
        let log = match module {
            Some(module) => self.initialization.child(fields! { module: module }),
            None => self.initialization.clone(),
        };
        debug!(
            log,
            +plugin = plugin,
            +step = step.kind.as_str(),
            +name = &*step.name,
            +beganMs = millis(step.began),
            +durationMs = step.took().map(millis),
            +ownMs = step.worked().map(millis),
            +ok = !step.failed,
            "Boot step done"
        );
    }

    fn task_fault(&self, TaskFault { plugin, task, kind }: &TaskFault) {
        let plugin = plugin.as_deref();
        match kind {
            TaskFaultKind::Panicked(panic) => self.task_panicked(plugin, task, panic),
            TaskFaultKind::TooLate => {
                let text = "A background task does not run: it was spawned after the backend had stopped";
                warn!(self.root, +plugin = plugin, task = *task, "{text}");
            }
        }
    }

    /// Node's line of a rejection that nobody handles, and whose it is.
    fn task_panicked(&self, plugin: Option<&str>, task: &str, panic: &CaughtPanic) {
        let stack = format!("Error: {}", panic.stack());
        error!(
            self.root,
            type = "unhandledRejection",
            stack = stack,
            +plugin = plugin,
            +task = task,
            "Unhandled rejection {}",
            panic.text
        );
    }

    /// Node's line, for each thing that is wrong. What failed plugins is told already, and here as Node sums it up; what
    /// failed one alone is told with all that there is to know of it.
    fn start_failed(&self, failed: &StartError) {
        let log = self.root.child(fields! { "type": "unhandledRejection" });
        let faults: Vec<_> = failed.faults().into_iter().flat_map(ConfigError::each_fault).collect();
        let summary = matches!(failed, StartError::Plugins(_)).then(|| failed.to_error());
        let only = if let [only] = &*faults { Some(only) } else { None };
        let told = match &summary {
            Some(summary) => vec![(summary, only)],
            None => faults.iter().map(|fault| (&fault.error, Some(fault))).collect(),
        };
        for (error, fault) in told {
            let owner = fault.and_then(|fault| fault.owner.as_ref());
            let (key, place) = fault.map(|fault| pointed_at(&fault.error)).unwrap_or_default();
            error!(
                log,
                +plugin = owner.map(|owner| &*owner.plugin),
                +module = owner.and_then(|owner| owner.module.as_deref()),
                +key = key,
                +place = place,
                ..error,
                "Unhandled rejection"
            );
        }
    }

    /// With what a shorter start would have to do faster: each step, and how long it held the start.
    fn ready(&self, result: &BootResult, report: &BootReport) {
        if !self.initialization.enabled(Level::Debug, &[]) {
            return;
        }
        let links = report.critical_path();
        let links = links.iter().map(|link| {
            let (kind, name) = (link.step.kind.as_str(), &link.step.name);
            format!("{kind} {name} {} ms", millis(link.held))
        });
        let path = links.collect::<Vec<_>>().join(", ");
        let took = millis(result.took);
        debug!(self.initialization, +durationMs = took, +criticalPath = path, "Backend is ready");
    }
}

impl BootObserver for BootLog {
    fn on(&self, event: &BootEvent<'_>) {
        match event {
            BootEvent::Started(plugins) => {
                info!(self.initialization, "Plugin initialization started: {}", quoted(plugins));
            }
            BootEvent::Progress { newly, pending } => {
                info!(self.initialization, "Plugin initialization in progress{}", status(newly, pending));
            }
            BootEvent::Completed { newly } => {
                info!(self.initialization, "Plugin initialization complete{}", status(newly, &[]));
            }
            BootEvent::Failed { owner, error, allowed, waiting_for } => {
                self.failed(owner, error, *allowed, *waiting_for);
            }
            BootEvent::Reported { owner, error, allowed, late } => {
                self.reported(owner, error, *allowed, *late);
            }
            BootEvent::HooksBegan { plugin, phase, count } => {
                let tasks = hook_name(*plugin, *phase).to_lowercase();
                debug!(self.of(*plugin), "Running {count} {tasks} tasks...");
            }
            BootEvent::HookEnded { plugin, phase, name, took, error } => {
                self.hook_ended(*plugin, *phase, name, *took, *error);
            }
            BootEvent::StartFailed(failed) => self.start_failed(failed),
            BootEvent::Warning(text) => warn!(self.root, "{text}"),
            BootEvent::Orphan(orphan) => warn!(
                self.initialization,
                +plugin = &*orphan.plugin,
                +module = &*orphan.module,
                "Module {} is not loaded because Plugin '{}' is not installed",
                orphan.module,
                orphan.plugin
            ),
            BootEvent::TasksLeft(names) => {
                warn!(self.root, tasks = names.join(", "), "Background tasks did not end in time");
            }
            BootEvent::TaskFault(fault) => self.task_fault(fault),
            BootEvent::Forced(signal) => warn!(self.root, "Received {signal} again, ending at once"),
            BootEvent::Signal(_) | BootEvent::StopAsked(_) | BootEvent::StopWaits(_)
                if self.only_nodes_lines => {}
            BootEvent::Signal(signal) => {
                info!(self.root, "Received {signal}, stopping; a second signal ends the process at once");
            }
            BootEvent::StopAsked(why) => info!(self.root, "Stopping: {why}"),
            BootEvent::StopWaits(names) => {
                info!(self.root, waitingFor = names.join(", "), "Still stopping");
            }
            BootEvent::StepDone(_) | BootEvent::Ready { .. } if self.only_nodes_lines => {}
            BootEvent::StepDone(step) => self.step(step),
            BootEvent::Ready { result, report } => self.ready(result, report),
            _ => {}
        }
    }

    fn close(&self) {
        self.root.flush(FLUSH);
    }
}

/// The key and the place that a config error is about.
fn pointed_at(error: &Error) -> (Option<&str>, Option<String>) {
    let Some(config) = error.downcast_ref::<ConfigError>() else { return (None, None) };
    (config.key(), config.place().map(ToString::to_string))
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn quoted(ids: &[Arc<str>]) -> String {
    ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ")
}

fn status(newly: &[Arc<str>], pending: &[Arc<str>]) -> impl Display {
    let part = |what, ids: &[Arc<str>]| {
        if ids.is_empty() { String::new() } else { format!(", {what}: {}", quoted(ids)) }
    };
    format!("{}{}", part("newly initialized", newly), part("still initializing", pending))
}

fn hook_name(plugin: Option<&str>, phase: Phase) -> &'static str {
    match (phase, plugin.is_some()) {
        (Phase::Startup, true) => "Plugin startup",
        (Phase::Startup, false) => "Startup",
        (Phase::BeforeShutdown, _) => "Before shutdown",
        (Phase::PluginShutdown, _) => "Plugin shutdown",
        (Phase::Drain | Phase::Shutdown | Phase::Flush | Phase::Close, _) => "Shutdown",
    }
}

#[cfg(test)]
mod tests;
