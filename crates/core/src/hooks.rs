//! Runs the hooks of one phase.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use greenroom_context::Context;
use greenroom_errors::Error;
use parking_lot::Mutex;

use crate::{
    boot::{Boot, BootEvent, BootReport, StepId},
    lifecycle::{Hook, Phase},
    owner::Owner,
    panics,
};

/// Whose hooks run, and who is told.
pub(crate) struct Hooks<'a> {
    pub(crate) boot: &'a Boot,
    /// Where startup hooks are steps; and the plugin's own step.
    pub(crate) report: Option<(&'a BootReport, Option<StepId>)>,
    pub(crate) plugin: Option<&'a Arc<str>>,
    /// Names of hooks that have not ended.
    pub(crate) pending: Option<&'a Pending>,
}

/// What a stop waits for.
#[derive(Default)]
pub(crate) struct Pending(Mutex<Vec<String>>);

impl Pending {
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.lock().clone()
    }

    fn began(&self, name: String) {
        self.0.lock().push(name);
    }

    fn ended(&self, name: &str) {
        let mut names = self.0.lock();
        if let Some(at) = names.iter().position(|pending| pending == name) {
            names.remove(at);
        }
    }
}

/// All of them in parallel; each is given up at its deadline.
pub(crate) async fn run_hooks(of: &Hooks<'_>, phase: Phase, hooks: Vec<Hook>) {
    let plugin = of.plugin.map(|plugin| &**plugin);
    let observer = &of.boot.observer;
    if !hooks.is_empty() {
        observer.on(&BootEvent::HooksBegan { plugin, phase, count: hooks.len() });
    }
    let mut context = Context::current();
    if let Some(plugin) = of.plugin {
        context = context.with_plugin(plugin.clone());
    }
    let steps = hooks.into_iter().map(|hook| {
        let step = of.report.map(|(report, after)| {
            let owner = of.plugin.map(|plugin| Owner { plugin: plugin.clone(), module: None });
            (report, report.begin_hook(after, owner, &hook.name))
        });
        (step, hook)
    });
    let steps: Vec<_> = steps.collect();
    let runs = steps.into_iter().map(|(step, hook)| async move {
        let began = std::time::Instant::now();
        if let Some((report, step)) = step {
            report.called(step);
        }
        let deadline = hook.deadline.unwrap_or_else(|| default_deadline(of.boot, phase));
        let run = panics::catch_async(async { (hook.run)().await });
        let shown = format!("{}: {}", plugin.unwrap_or("backend"), hook.name);
        if let Some(pending) = of.pending {
            pending.began(shown.clone());
        }
        let result = match tokio::time::timeout(deadline, run).await {
            Ok(result) => result,
            Err(_) => Err(overran(deadline)),
        };
        if let Some(pending) = of.pending {
            pending.ended(&shown);
        }
        let error = result.as_ref().err();
        observer.on(&BootEvent::HookEnded { plugin, phase, name: &hook.name, took: began.elapsed(), error });
        if let Some((report, step)) = step {
            report.done(step, result.is_ok());
        }
    });
    context.scope(join_all(runs)).await;
}

fn overran(deadline: Duration) -> Error {
    Error::new(format!("did not end within {} s and was given up", deadline.as_secs_f64()))
}

fn default_deadline(boot: &Boot, phase: Phase) -> Duration {
    match phase {
        Phase::Startup => boot.deadlines.startup_hook,
        Phase::BeforeShutdown => boot.deadlines.before_shutdown_hook,
        Phase::PluginShutdown => boot.deadlines.plugin_shutdown_hook,
        Phase::Drain | Phase::Shutdown | Phase::Flush | Phase::Close => boot.deadlines.shutdown_hook,
    }
}
