//! Hooks: what runs after start and before the end, and who waits for it.
//!
//! ```
//! # use greenroom_core::{plugin, Lifecycle};
//! plugin("catalog", |env| {
//!     env.register_init(async |lifecycle: Lifecycle| {
//!         lifecycle.add_startup_hook("warm the cache", async || Ok(()))?;
//!         lifecycle.add_shutdown_hook("save the cursor", async || Ok(()))
//!     });
//! });
//! ```
//!
//! Hooks of one phase run in parallel; a failing or slow one is reported by its name and never fatal. The order of a
//! stop is [`Phase`]'s.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use greenroom_context::{Context, Tasks, spawn};
use greenroom_errors::{Error, Result};
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinHandle};

use crate::{Service, boot::PluginResult, inject::BoxFuture, owner::Fault, scope};

/// When hooks run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// After the plugin's init; for root hooks, after all plugins.
    Startup,
    /// As soon as the backend is asked to stop: readiness goes down, load balancers get time.
    BeforeShutdown,
    /// Per plugin, all plugins in parallel.
    PluginShutdown,
    /// Requests in flight are answered; no new ones are taken.
    Drain,
    /// Root shutdown hooks.
    Shutdown,
    /// Telemetry leaves.
    Flush,
    /// Pools and files are closed.
    Close,
}

/// Where a backend or a plugin stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not ready yet.
    Starting,
    /// Startup hooks have run (of a plugin: have begun to).
    Started,
    /// The start failed.
    Failed,
    /// Shutting down.
    Stopping,
}

pub(crate) struct Hook {
    pub(crate) name: String,
    pub(crate) deadline: Option<Duration>,
    pub(crate) run: Box<dyn FnOnce() -> BoxFuture<Result> + Send>,
}

#[derive(Default)]
struct Waiting {
    hooks: BTreeMap<Phase, Vec<Hook>>,
    /// The last phase that has begun.
    begun: Option<Phase>,
}

/// What has to hold of all plugins together.
type StartCondition = Box<dyn FnOnce(&[PluginResult]) -> Vec<Fault> + Send>;

struct Hooks {
    waiting: Mutex<Waiting>,
    conditions: Mutex<Vec<StartCondition>>,
    state: watch::Sender<State>,
}

impl Hooks {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::default(),
            conditions: Mutex::default(),
            state: watch::Sender::new(State::Starting),
        })
    }

    fn add<F, Fut>(&self, phase: Phase, name: impl Into<String>, deadline: Option<Duration>, f: F) -> Result
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        let mut waiting = self.waiting.lock();
        if waiting.begun.is_some_and(|begun| begun >= phase) {
            return Err(Error::new(match phase {
                Phase::Startup => "Attempted to add startup hook after startup",
                Phase::BeforeShutdown => "Attempt to add before shutdown hook after shutdown has started",
                _ => "Attempted to add shutdown hook after shutdown",
            })
            .into());
        }
        let hook = Hook { name: name.into(), deadline, run: Box::new(move || Box::pin(f())) };
        waiting.hooks.entry(phase).or_default().push(hook);
        Ok(())
    }

    /// A stop is final: what was still starting does not undo it.
    fn set(&self, state: State) {
        self.state.send_if_modified(|now| {
            let changes = *now != State::Stopping && *now != state;
            if changes {
                *now = state;
            }
            changes
        });
    }

    async fn draining(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as `self`.
        let _ = state.wait_for(|state| *state == State::Stopping).await;
    }

    fn take(&self, phase: Phase) -> Vec<Hook> {
        let mut waiting = self.waiting.lock();
        waiting.begun = waiting.begun.max(Some(phase));
        waiting.hooks.remove(&phase).unwrap_or_default()
    }
}

/// A plugin's hooks and background work. Backstage's `core.lifecycle`; the backend provides it.
#[derive(Clone)]
pub struct Lifecycle {
    hooks: Arc<Hooks>,
    plugin: Arc<str>,
    tasks: Tasks,
}

impl Service for Lifecycle {
    const ID: &'static str = "core.lifecycle";
    type Scope = scope::Plugin;
}

impl Lifecycle {
    pub(crate) fn new(plugin: Arc<str>, tasks: Tasks) -> Self {
        Self { hooks: Hooks::new(), plugin, tasks }
    }

    /// Starts work in the background that ends with the backend, under the plugin's name wherever it is called.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use greenroom_core::{plugin, Lifecycle};
    /// plugin("catalog", |env| {
    ///     env.register_init(async |lifecycle: Lifecycle| {
    ///         lifecycle.spawn("refresh", async {
    ///             loop {
    ///                 tokio::time::sleep(Duration::from_secs(60)).await;
    ///             }
    ///         });
    ///         Ok(())
    ///     });
    /// });
    /// ```
    ///
    /// At a stop it is ended at its next `.await`, after all shutdown hooks; the handle then yields `None`.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let context = Context::current().with_tasks(self.tasks.clone()).with_plugin(self.plugin.clone());
        context.sync_scope(|| spawn(name, future))
    }

    /// Resolves once the plugin is told to stop: an answer without an end, such as an event stream, ends then.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use greenroom_core::{plugin, Lifecycle};
    /// plugin("catalog", |env| {
    ///     env.register_init(async |lifecycle: Lifecycle| {
    ///         let stopping = lifecycle.clone();
    ///         lifecycle.spawn("refresh", async move {
    ///             while tokio::time::timeout(Duration::from_secs(60), stopping.draining()).await.is_err() {
    ///                 // Each minute, until the stop.
    ///             }
    ///         });
    ///         Ok(())
    ///     });
    /// });
    /// ```
    pub async fn draining(&self) {
        self.hooks.draining().await;
    }

    /// Runs `f` right after the plugin's init. Deadline: 60 s. Errors once startup hooks have begun.
    pub fn add_startup_hook<F, Fut>(&self, name: impl Into<String>, f: F) -> Result
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.hooks.add(Phase::Startup, name, None, f)
    }

    /// Runs `f` when the backend stops, in parallel with all other plugins. Deadline: 10 s.
    pub fn add_shutdown_hook<F, Fut>(&self, name: impl Into<String>, f: F) -> Result
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.hooks.add(Phase::PluginShutdown, name, None, f)
    }

    /// Where the plugin stands; a receiver sees every change.
    pub fn state(&self) -> watch::Receiver<State> {
        self.hooks.state.subscribe()
    }

    pub(crate) fn set(&self, state: State) {
        self.hooks.set(state);
    }

    pub(crate) fn take(&self, phase: Phase) -> Vec<Hook> {
        self.hooks.take(phase)
    }
}

/// The backend's hooks. Backstage's `core.rootLifecycle`; the backend provides it.
#[derive(Clone)]
pub struct RootLifecycle(Arc<Hooks>);

impl Service for RootLifecycle {
    const ID: &'static str = "core.rootLifecycle";
    type Scope = scope::Root;
}

impl RootLifecycle {
    pub(crate) fn new() -> Self {
        Self(Hooks::new())
    }

    /// Resolves once the backend is told to stop.
    pub async fn draining(&self) {
        self.0.draining().await;
    }

    /// Runs `f` once all plugins have started. Deadline: 60 s.
    pub fn add_startup_hook<F, Fut>(&self, name: impl Into<String>, f: F) -> Result
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.0.add(Phase::Startup, name, None, f)
    }

    /// Runs `f` as soon as the backend is asked to stop. Deadline: 10 s.
    pub fn add_before_shutdown_hook<F, Fut>(&self, name: impl Into<String>, f: F) -> Result
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.0.add(Phase::BeforeShutdown, name, None, f)
    }

    /// Runs `f` after requests have drained and before pools close. Deadline: 10 s.
    pub fn add_shutdown_hook<F, Fut>(&self, name: impl Into<String>, f: F) -> Result
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.0.add(Phase::Shutdown, name, None, f)
    }

    /// Runs `f` in any phase but [`Phase::PluginShutdown`], with a deadline of its own: for services that are part of
    /// the order of a stop.
    pub fn add_hook_in<F, Fut>(
        &self,
        phase: Phase,
        name: impl Into<String>,
        deadline: Duration,
        f: F,
    ) -> Result
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.0.add(phase, name, Some(deadline), f)
    }

    /// Asks `f`, once all plugins have started and before startup hooks run, what is wrong with what they have done together: each
    /// fault fails the start, as one of the graph does. It is told how each plugin fared.
    ///
    /// ```
    /// use greenroom_core::{Fault, RootLifecycle};
    /// use greenroom_errors::Error;
    ///
    /// fn refuse(lifecycle: &RootLifecycle) {
    ///     lifecycle.add_start_condition(|plugins| match plugins.is_empty() {
    ///         true => vec![Fault { owner: None, error: Error::new("There is no plugin") }],
    ///         false => vec![],
    ///     });
    /// }
    /// ```
    pub fn add_start_condition(&self, f: impl FnOnce(&[PluginResult]) -> Vec<Fault> + Send + 'static) {
        self.0.conditions.lock().push(Box::new(f));
    }

    /// What is wrong by these conditions.
    pub(crate) fn faults(&self, plugins: &[PluginResult]) -> Vec<Fault> {
        let conditions = std::mem::take(&mut *self.0.conditions.lock());
        conditions.into_iter().flat_map(|condition| condition(plugins)).collect()
    }

    /// Where the backend stands; a receiver sees every change.
    pub fn state(&self) -> watch::Receiver<State> {
        self.0.state.subscribe()
    }

    pub(crate) fn set(&self, state: State) {
        self.0.set(state);
    }

    pub(crate) fn take(&self, phase: Phase) -> Vec<Hook> {
        self.0.take(phase)
    }
}
