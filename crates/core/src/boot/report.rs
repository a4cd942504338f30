//! The boot report: what a start does, when, and what it waits for.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

use super::{BootEvent, BootObserver, BootResult, PluginResult, PluginState, Step, StepId, StepKind};
use crate::{Service, owner::Owner, scope};

/// What a start does, when, and what it waits for. The backend provides it; cannot be overridden.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use greenroom_core::{Backend, boot::{BootReport, StepKind}, plugin};
///
/// let slow = plugin("slow", |env| env.register_init(async || Ok(())));
/// let curious = plugin("curious", |env| {
///     env.register_init(async |report: BootReport| {
///         assert!(report.steps().iter().any(|step| step.kind == StepKind::Graph && step.ended.is_some()));
///         Ok(())
///     });
/// });
/// let running = Backend::new([]).add(slow).add(curious).start().await.unwrap();
/// for link in running.report().critical_path() {
///     println!("{} {}: {:?}", link.step.kind.as_str(), link.step.name, link.held);
/// }
/// # }
/// ```
///
/// It is there from the first feature loader on, and grows while the backend starts: a step that hangs is one that has not
/// ended. Services that are made after the start are added, too; their steps wait for nothing before it.
#[derive(Clone)]
pub struct BootReport(Arc<Inner>);

struct Inner {
    began_at: SystemTime,
    began: Instant,
    steps: Mutex<Vec<Step>>,
    observer: OnceLock<Arc<dyn BootObserver>>,
    result: watch::Sender<Option<Arc<BootResult>>>,
}

impl Service for BootReport {
    const ID: &'static str = "greenroom.bootReport";
    type Scope = scope::Root;
}

impl fmt::Debug for BootReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { began_at, steps, result, .. } = &*self.0;
        let result = result.borrow().clone();
        f.debug_struct("BootReport")
            .field("began_at", began_at)
            .field("steps", &steps.lock())
            .field("result", &result)
            .finish()
    }
}

/// What is read of it.
impl BootReport {
    /// When start was called.
    pub fn began_at(&self) -> SystemTime {
        self.0.began_at
    }

    /// All steps so far, in the order in which they were asked for. The first one is the start itself.
    pub fn steps(&self) -> Vec<Step> {
        self.0.steps.lock().clone()
    }

    /// How the start ended; `None` until all plugins have settled and startup hooks have run, and for ever if it failed
    /// before it came to plugins.
    pub fn result(&self) -> Option<Arc<BootResult>> {
        self.0.result.borrow().clone()
    }

    /// Where a plugin is, with its modules.
    pub fn plugin(&self, id: &str) -> PluginState {
        let result = self.result();
        let settled =
            result.iter().flat_map(|result| &result.plugins).find(|plugin| &*plugin.plugin_id == id);
        if let Some(failure) = settled.and_then(PluginResult::any_failure) {
            return PluginState::Failed(failure.error.clone());
        }
        let steps = self.0.steps.lock();
        let mut own = steps.iter().filter(|step| step.kind == StepKind::Plugin);
        let own = own.find(|step| step.owner.as_ref().is_some_and(|owner| &*owner.plugin == id));
        match settled.is_some() || own.is_some_and(|step| step.ended.is_some() && !step.failed) {
            true => PluginState::Started,
            false => PluginState::Starting,
        }
    }

    /// Resolves once there is a [`result`](Self::result).
    pub async fn ended(&self) -> Arc<BootResult> {
        let mut result = self.0.result.subscribe();
        match result.wait_for(Option::is_some).await.map(|result| result.clone()) {
            Ok(Some(result)) => result,
            // The sender is in this handle.
            _ => std::future::pending().await,
        }
    }
}

/// How it is written.
impl BootReport {
    /// The first step is the start itself.
    pub(crate) const START: StepId = StepId(0);

    pub(crate) fn new() -> Self {
        let report = Self(Arc::new(Inner {
            began_at: SystemTime::now(),
            began: Instant::now(),
            steps: Mutex::default(),
            observer: OnceLock::new(),
            result: watch::Sender::default(),
        }));
        report.begin(None, StepKind::Start, None, "start");
        report.called(Self::START);
        report
    }

    /// Steps that end from now on are told to `observer`, those before at once.
    pub(crate) fn tell(&self, observer: Arc<dyn BootObserver>) {
        for step in self.0.steps.lock().iter().filter(|step| step.ended.is_some()) {
            observer.on(&BootEvent::StepDone(step));
        }
        let _ = self.0.observer.set(observer);
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.began.elapsed()
    }

    /// A step that `asker` asks for, and waits for from now on; nobody does after the start.
    pub(crate) fn begin(
        &self,
        asker: Option<StepId>,
        kind: StepKind,
        owner: Option<Owner>,
        name: impl Into<Arc<str>>,
    ) -> StepId {
        let mut steps = self.0.steps.lock();
        let before = asker.and_then(|asker| last_to_end(&steps, &steps[asker.0].waited_for));
        self.push(&mut steps, asker, before, (kind, owner, name.into()))
    }

    /// A startup hook: of a plugin, whose own step has ended, or of the backend.
    pub(crate) fn begin_hook(&self, plugin: Option<StepId>, owner: Option<Owner>, name: &str) -> StepId {
        let Some(plugin) = plugin else {
            return self.begin(Some(Self::START), StepKind::StartupHook, owner, name);
        };
        let what = (StepKind::StartupHook, owner, name.into());
        self.push(&mut self.0.steps.lock(), Some(Self::START), Some(plugin), what)
    }

    fn push(
        &self,
        steps: &mut Vec<Step>,
        asker: Option<StepId>,
        before: Option<StepId>,
        (kind, owner, name): (StepKind, Option<Owner>, Arc<str>),
    ) -> StepId {
        let (id, began) = (StepId(steps.len()), self.elapsed());
        let waited_for = before.into_iter().collect();
        steps.push(Step {
            id,
            kind,
            owner,
            name,
            waited_for,
            began,
            called: None,
            ended: None,
            failed: false,
        });
        if let Some(asker) = asker {
            steps[asker.0].waited_for.push(id);
        }
        id
    }

    /// `step` waits for another one from now on.
    pub(crate) fn waits(&self, step: StepId, other: StepId) {
        let waited_for = &mut self.0.steps.lock()[step.0].waited_for;
        if !waited_for.contains(&other) {
            waited_for.push(other);
        }
    }

    /// Its own function is called now.
    pub(crate) fn called(&self, step: StepId) {
        let now = self.elapsed();
        self.0.steps.lock()[step.0].called = Some(now);
    }

    pub(crate) fn done(&self, step: StepId, ok: bool) {
        let now = self.elapsed();
        let step = {
            let mut steps = self.0.steps.lock();
            let step = &mut steps[step.0];
            (step.ended, step.failed) = (Some(now), !ok);
            self.0.observer.get().map(|_| step.clone())
        };
        if let (Some(observer), Some(step)) = (self.0.observer.get(), step) {
            observer.on(&BootEvent::StepDone(&step));
        }
    }

    /// When a step's own function was called.
    pub(crate) fn called_at(&self, step: StepId) -> Option<SystemTime> {
        let called = self.0.steps.lock()[step.0].called?;
        self.0.began_at.checked_add(called)
    }

    pub(crate) fn set_result(&self, result: BootResult) -> Arc<BootResult> {
        let result = Arc::new(result);
        self.0.result.send_replace(Some(result.clone()));
        result
    }
}

/// Of those that have ended, the one that did so last.
pub(super) fn last_to_end(steps: &[Step], of: &[StepId]) -> Option<StepId> {
    let ended = of.iter().filter_map(|id| Some((steps[id.0].ended?, *id)));
    ended.max().map(|(_, id)| id)
}
