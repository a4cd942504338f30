//! What most of these tests need: a journal, and an observer that writes into it.

use std::sync::{Arc, Mutex};

use greenroom_context::{TaskFault, TaskFaultKind};
use greenroom_core::{
    Backend, Service,
    boot::{Boot, BootEvent, BootObserver, BootPolicy},
    scope,
};

/// Lines in the order in which things happened.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn write(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn position(&self, line: &str) -> usize {
        let lines = self.lines();
        lines.iter().position(|l| l == line).unwrap_or_else(|| panic!("no line {line:?} in {lines:#?}"))
    }
}

impl BootObserver for Journal {
    fn on(&self, event: &BootEvent<'_>) {
        match event {
            BootEvent::Started(plugins) => self.write(format!("started {plugins:?}")),
            BootEvent::Progress { newly, pending } => self.write(format!("progress {newly:?} {pending:?}")),
            BootEvent::Completed { newly } => self.write(format!("completed {newly:?}")),
            BootEvent::Failed { owner, error, allowed, waiting_for } => {
                let module = owner.module.as_deref().map(|m| format!("/{m}")).unwrap_or_default();
                self.write(format!(
                    "failed {}{module} allowed={allowed} waiting={waiting_for}: {error}",
                    owner.plugin
                ));
            }
            BootEvent::HookEnded { plugin, phase, name, error: Some(error), .. } => {
                self.write(format!("hook failed {plugin:?} {phase:?} {name}: {error}"));
            }
            BootEvent::Reported { owner, error, allowed, late } => {
                let module = owner.module.as_deref().unwrap_or_default();
                self.write(format!(
                    "reported {}/{module} allowed={allowed} late={late}: {error}",
                    owner.plugin
                ));
            }
            BootEvent::Orphan(orphan) => self.write(format!("orphan {}/{}", orphan.plugin, orphan.module)),
            BootEvent::Warning(text) => self.write(format!("warning {text}")),
            BootEvent::StartFailed(error) => self.write(format!("start failed {error}")),
            BootEvent::TaskFault(TaskFault { plugin, task, kind }) => {
                let task = format!("task {}/{task}", plugin.as_deref().unwrap_or_default());
                self.write(match kind {
                    TaskFaultKind::Panicked(panic) => format!("{task} {panic}"),
                    TaskFaultKind::TooLate => format!("{task} came too late"),
                });
            }
            BootEvent::StopWaits(names) => self.write(format!("waits for {names:?}")),
            BootEvent::TasksLeft(names) => self.write(format!("tasks left {names:?}")),
            _ => {}
        }
    }
}

/// A backend that writes into the journal.
pub(crate) fn observed(backend: Backend, journal: &Journal, policy: BootPolicy) -> Backend {
    let journal = journal.clone();
    backend.boot(async move || Ok(Boot { policy, observer: Arc::new(journal), ..Boot::default() }))
}

macro_rules! handles {
    ($($name:ident $id:literal $scope:ident),* $(,)?) => {$(
        #[derive(Clone, Debug)]
        #[allow(dead_code, reason = "some are only told apart by type")]
        pub(crate) struct $name(pub(crate) String);
        impl Service for $name {
            const ID: &'static str = $id;
            type Scope = scope::$scope;
        }
    )*};
}

handles! {
    Clock "root.clock" Root,
    Wall "root.wall" Root,
    Db "core.database" Plugin,
    Cache "core.cache" Plugin,
    Points "catalog.points" Extension,
    MorePoints "catalog.morePoints" Extension,
}
