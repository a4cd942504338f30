//! The order of a stop.

use std::{
    sync::{Arc, LazyLock, OnceLock},
    time::Duration,
};

use futures_util::future::join_all;
use greenroom_context::{Context, Tasks};

use crate::{
    boot::{Boot, BootEvent},
    hooks::{Hooks, Pending, run_hooks},
    lifecycle::{Lifecycle, Phase, RootLifecycle, State},
};

/// What a stop needs of a backend, however far its start came.
pub(crate) struct Stop {
    pub(crate) root: RootLifecycle,
    pub(crate) tasks: Tasks,
    plugins: OnceLock<Vec<(Arc<str>, Lifecycle)>>,
    boot: OnceLock<Boot>,
}

impl Stop {
    pub(crate) fn new() -> Self {
        let (root, tasks) = (RootLifecycle::new(), Tasks::new());
        Self { root, tasks, plugins: OnceLock::new(), boot: OnceLock::new() }
    }

    pub(crate) fn knows_plugins(&self, plugins: Vec<(Arc<str>, Lifecycle)>) {
        let _ = self.plugins.set(plugins);
    }

    /// From here on it is known who is told, of panics in tasks too.
    pub(crate) fn knows_boot(&self, boot: Boot) {
        let observer = boot.observer.clone();
        self.tasks.on_panic(move |panic| observer.on(&BootEvent::TaskPanicked(panic)));
        let _ = self.boot.set(boot);
    }

    /// How to boot, or defaults as long as nobody has said.
    pub(crate) fn boot(&self) -> &Boot {
        static UNTOLD: LazyLock<Boot> = LazyLock::new(Boot::default);
        self.boot.get().unwrap_or_else(|| &UNTOLD)
    }

    /// Readiness down and delay, plugin gates and hooks, drain, root hooks, tasks, flush, close.
    pub(crate) async fn run(&self) {
        let context = Context::current().with_tasks(self.tasks.clone());
        let pending = Pending::default();
        context
            .scope(async {
                tokio::select! {
                    () = self.phases(&pending) => {}
                    () = self.tell_waiting(&pending) => {}
                }
            })
            .await;
        self.boot().observer.close();
    }

    /// Says after a second, then every ten, what is waited for. Never ends.
    async fn tell_waiting(&self, pending: &Pending) {
        let mut wait = Duration::from_secs(1);
        loop {
            tokio::time::sleep(wait).await;
            wait = Duration::from_secs(10);
            // Tasks are asked to end only once no hook is left to wait for.
            let names = match pending.names() {
                hooks if hooks.is_empty() => self.tasks.running(),
                hooks => hooks,
            };
            if !names.is_empty() {
                self.boot().observer.on(&BootEvent::StopWaits(&names));
            }
        }
    }

    async fn phases(&self, pending: &Pending) {
        self.root.set(State::Stopping);
        self.root_phase(Phase::BeforeShutdown, pending).await;
        join_all(self.plugins.get().into_iter().flatten().map(|(id, lifecycle)| async {
            lifecycle.set(State::Stopping);
            let hooks = Hooks { boot: self.boot(), recorder: None, plugin: Some(id), pending: Some(pending) };
            run_hooks(&hooks, Phase::PluginShutdown, lifecycle.take(Phase::PluginShutdown)).await;
        }))
        .await;
        self.root_phase(Phase::Drain, pending).await;
        self.root_phase(Phase::Shutdown, pending).await;
        let left = self.tasks.stop(self.boot().deadlines.tasks).await;
        if !left.is_empty() {
            self.boot().observer.on(&BootEvent::TasksLeft(&left));
        }
        self.root_phase(Phase::Flush, pending).await;
        self.root_phase(Phase::Close, pending).await;
    }

    async fn root_phase(&self, phase: Phase, pending: &Pending) {
        let hooks = Hooks { boot: self.boot(), recorder: None, plugin: None, pending: Some(pending) };
        run_hooks(&hooks, phase, self.root.take(phase)).await;
    }
}
