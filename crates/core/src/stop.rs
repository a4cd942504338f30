//! The order of a stop.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use greenroom_context::{Context, Tasks};
use parking_lot::Mutex;

use crate::{
    boot::{Boot, BootEvent},
    hooks::{Hooks, Pending, run_hooks},
    lifecycle::{Lifecycle, Phase, RootLifecycle, State},
};

/// What a stop needs of a backend, however far its start came.
pub(crate) struct Stop {
    pub(crate) root: RootLifecycle,
    pub(crate) tasks: Tasks,
    reached: Mutex<Reached>,
}

/// How far the start came.
#[derive(Clone)]
enum Reached {
    /// Features are loaded.
    Features,
    /// The graph is checked: plugins are known.
    Graph(Plugins),
    /// It is known how to boot, and who is told.
    Policy(Plugins, Arc<Boot>),
}

type Plugins = Arc<[(Arc<str>, Lifecycle)]>;

impl Stop {
    pub(crate) fn new() -> Self {
        let (root, tasks) = (RootLifecycle::new(), Tasks::new());
        Self { root, tasks, reached: Mutex::new(Reached::Features) }
    }

    pub(crate) fn knows_plugins(&self, plugins: Vec<(Arc<str>, Lifecycle)>) {
        *self.reached.lock() = Reached::Graph(plugins.into());
    }

    /// From here on it is known who is told, of what goes wrong with tasks too.
    pub(crate) fn knows_boot(&self, boot: Boot) -> Arc<Boot> {
        let boot = Arc::new(boot);
        let observer = boot.observer.clone();
        self.tasks.on_fault(move |fault| observer.on(&BootEvent::TaskFault(fault)));
        let plugins = self.plugins();
        *self.reached.lock() = Reached::Policy(plugins, boot.clone());
        boot
    }

    /// How to boot, or defaults as long as nobody has said.
    pub(crate) fn boot(&self) -> Arc<Boot> {
        match &*self.reached.lock() {
            Reached::Policy(_, boot) => boot.clone(),
            Reached::Features | Reached::Graph(_) => Arc::default(),
        }
    }

    fn plugins(&self) -> Plugins {
        match &*self.reached.lock() {
            Reached::Features => Arc::default(),
            Reached::Graph(plugins) | Reached::Policy(plugins, _) => plugins.clone(),
        }
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
        let boot = self.boot();
        let boot = &*boot;
        let root_phase = async |phase: Phase| {
            let hooks = Hooks { boot, report: None, plugin: None, pending: Some(pending) };
            run_hooks(&hooks, phase, self.root.take(phase)).await;
        };
        self.root.set(State::Stopping);
        root_phase(Phase::BeforeShutdown).await;
        join_all(self.plugins().iter().map(|(id, lifecycle)| async move {
            lifecycle.set(State::Stopping);
            let hooks = Hooks { boot, report: None, plugin: Some(id), pending: Some(pending) };
            run_hooks(&hooks, Phase::PluginShutdown, lifecycle.take(Phase::PluginShutdown)).await;
        }))
        .await;
        root_phase(Phase::Drain).await;
        root_phase(Phase::Shutdown).await;
        let left = self.tasks.stop(boot.deadlines.tasks).await;
        if !left.is_empty() {
            boot.observer.on(&BootEvent::TasksLeft(&left));
        }
        root_phase(Phase::Flush).await;
        root_phase(Phase::Close).await;
    }
}
