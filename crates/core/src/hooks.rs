//! Runs the hooks of one phase.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use greenroom_context::Context;
use greenroom_errors::Error;
use parking_lot::Mutex;

use crate::{
    boot::{Boot, BootEvent, Recorder, StepKind},
    lifecycle::{Hook, Phase},
    owner::Owner,
    panics,
};

/// Whose hooks run, and who is told.
pub(crate) struct Hooks<'a> {
    pub(crate) boot: &'a Boot,
    pub(crate) recorder: Option<&'a Recorder>,
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
    let runs = hooks.into_iter().map(|hook| async move {
        let began = std::time::Instant::now();
        let began_at = of.recorder.map(Recorder::elapsed);
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
        if let (Some(recorder), Some(began)) = (of.recorder, began_at) {
            let owner = of.plugin.map(|plugin| Owner { plugin: plugin.clone(), module: None });
            recorder.done(StepKind::StartupHook, owner, &hook.name, began, result.is_ok());
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
