//! The context itself, kept in a task local.

use std::{future::Future, sync::Arc};

use crate::Tasks;

tokio::task_local! {
    static CURRENT: Context;
}

/// What the current work belongs to.
#[derive(Clone, Debug, Default)]
pub struct Context(Option<Arc<Inner>>);

#[derive(Clone, Debug, Default)]
struct Inner {
    plugin: Option<Arc<str>>,
    module: Option<Arc<str>>,
    tasks: Option<Tasks>,
}

impl Context {
    /// The context of the running task; empty outside of any [`scope`](Self::scope).
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    fn change(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = self.0.as_deref().cloned().unwrap_or_default();
        change(&mut inner);
        Self(Some(Arc::new(inner)))
    }

    /// The same, at work for plugin `id` and no module.
    #[must_use]
    pub fn with_plugin(self, id: impl Into<Arc<str>>) -> Self {
        self.change(|c| (c.plugin, c.module) = (Some(id.into()), None))
    }

    /// The same, at work for a module of the plugin.
    #[must_use]
    pub fn with_module(self, id: impl Into<Arc<str>>) -> Self {
        self.change(|c| c.module = Some(id.into()))
    }

    /// The same, its spawned tasks tracked by `tasks`.
    #[must_use]
    pub fn with_tasks(self, tasks: Tasks) -> Self {
        self.change(|c| c.tasks = Some(tasks))
    }

    /// The plugin at work.
    pub fn plugin(&self) -> Option<&str> {
        self.0.as_ref()?.plugin.as_deref()
    }

    /// The module at work.
    pub fn module(&self) -> Option<&str> {
        self.0.as_ref()?.module.as_deref()
    }

    /// Where spawned tasks are tracked.
    pub fn tasks(&self) -> Option<&Tasks> {
        self.0.as_ref()?.tasks.as_ref()
    }

    /// Runs a future in this context.
    // Not an `async fn`, which would hold the future twice: futures are moved often, and nested ones would double.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// Runs a function in this context.
    pub fn sync_scope<R>(self, f: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, f)
    }
}
