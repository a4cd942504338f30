//! The order of a stop.

use std::sync::Arc;

use futures_util::future::join_all;
use greenroom_context::{Context, Tasks};

use crate::{
    boot::{Boot, BootEvent},
    hooks::{Hooks, run_hooks},
    lifecycle::{Lifecycle, Phase, RootLifecycle, State},
};

/// What a stop needs of a backend, however far its start came.
pub(crate) struct Stop {
    pub(crate) root: RootLifecycle,
    pub(crate) plugins: Vec<(Arc<str>, Lifecycle)>,
    pub(crate) boot: Boot,
    pub(crate) tasks: Tasks,
}

impl Stop {
    /// Readiness down and delay, plugin gates and hooks, drain, root hooks, tasks, flush, close.
    pub(crate) async fn run(self) {
        let context = Context::current().with_tasks(self.tasks.clone());
        context.scope(self.phases()).await;
        self.boot.observer.close();
    }

    async fn phases(&self) {
        self.root.set(State::Stopping);
        self.root_phase(Phase::BeforeShutdown).await;
        join_all(self.plugins.iter().map(|(id, lifecycle)| async {
            lifecycle.set(State::Stopping);
            let hooks = Hooks { boot: &self.boot, recorder: None, plugin: Some(id) };
            run_hooks(&hooks, Phase::PluginShutdown, lifecycle.take(Phase::PluginShutdown)).await;
        }))
        .await;
        self.root_phase(Phase::Drain).await;
        self.root_phase(Phase::Shutdown).await;
        let left = self.tasks.stop(self.boot.deadlines.tasks).await;
        if !left.is_empty() {
            self.boot.observer.on(&BootEvent::TasksLeft(&left));
        }
        self.root_phase(Phase::Flush).await;
        self.root_phase(Phase::Close).await;
    }

    async fn root_phase(&self, phase: Phase) {
        let hooks = Hooks { boot: &self.boot, recorder: None, plugin: None };
        run_hooks(&hooks, phase, self.root.take(phase)).await;
    }
}
