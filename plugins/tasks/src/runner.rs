//! What runs tasks: the kinds, and the extension point by which modules add them.

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

use greenroom::prelude::*;
use parking_lot::RwLock;
use serde_json::Value;

use crate::builtin;

/// A task at work.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskContext {
    /// The caller's id for it.
    pub id: Arc<str>,
    /// Its kind.
    pub kind: Arc<str>,
    /// What the caller sent along; null if nothing.
    pub input: Value,
    /// Its lines carry the task's id.
    pub logger: Logger,
}

/// Runs the tasks of one kind.
///
/// Async functions and closures of a [`TaskContext`] do; implement it for a type that has a state of its own:
///
/// ```
/// use greenroom::prelude::*;
/// use greenroom_plugin_tasks::{TaskContext, TaskRunner};
/// use serde_json::Value;
///
/// struct Greeter {
///     greeting: String,
/// }
///
/// impl TaskRunner for Greeter {
///     async fn run(&self, task: TaskContext) -> Result<Value> {
///         let name = task.input.as_str().ok_or_else(|| Error::input("The input must be a name"))?;
///         Ok(format!("{}, {name}", self.greeting).into())
///     }
/// }
/// ```
///
/// An error fails the task, and so does a panic, a result of more than 1 MiB, or a run that is longer than
/// `tasks.timeout`; it is then dropped at its next `.await`. Work that blocks belongs on
/// [`greenroom::context::spawn_blocking`], which a stop waits for by name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run tasks",
    note = "a runner is an async function or closure of one `TaskContext` that yields `Result<serde_json::Value>`, or a type that implements `TaskRunner`; annotate the argument's type"
)]
pub trait TaskRunner: Send + Sync + 'static {
    /// Runs one task to its result, which callers will read.
    fn run(&self, task: TaskContext) -> impl Future<Output = Result<Value>> + Send;
}

impl<F, Fut> TaskRunner for F
where
    F: FnOnce(TaskContext) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Value>> + Send + 'static,
{
    fn run(&self, task: TaskContext) -> impl Future<Output = Result<Value>> + Send {
        self.clone()(task)
    }
}

/// The same, for a map of all kinds.
pub(crate) trait AnyRunner: Send + Sync {
    fn run_boxed(&self, task: TaskContext) -> Pin<Box<dyn Future<Output = Result<Value>> + Send + '_>>;
}

impl<R: TaskRunner> AnyRunner for R {
    fn run_boxed(&self, task: TaskContext) -> Pin<Box<dyn Future<Output = Result<Value>> + Send + '_>> {
        Box::pin(self.run(task))
    }
}

/// The extension point `tasks.runners`: modules add kinds of tasks.
///
/// ```
/// use greenroom::prelude::*;
/// use greenroom_plugin_tasks::{TaskContext, TaskRunners};
///
/// /// Tasks of the kind `length`: how long a text is.
/// pub fn length_runner() -> Module {
///     module("tasks", "length", |env| {
///         env.register_init(async |runners: TaskRunners| {
///             runners.add("length", async |task: TaskContext| {
///                 task.logger.info("Measuring");
///                 Ok(task.input.as_str().map(str::len).into())
///             })
///         });
///     })
/// }
/// ```
#[derive(Clone)]
pub struct TaskRunners(Arc<RwLock<BTreeMap<String, Arc<dyn AnyRunner>>>>);

impl Service for TaskRunners {
    const ID: &'static str = "tasks.runners";
    type Scope = scope::Extension;
}

impl Default for TaskRunners {
    /// The kinds that the plugin brings itself.
    fn default() -> Self {
        let runners: BTreeMap<_, Arc<dyn AnyRunner>> = BTreeMap::from([
            (builtin::ECHO.to_owned(), Arc::new(builtin::echo) as _),
            ("wait".to_owned(), Arc::new(builtin::wait) as _),
        ]);
        Self(Arc::new(RwLock::new(runners)))
    }
}

impl TaskRunners {
    /// Adds a kind. Errors if there is one of that name, so that no module silently takes another's tasks.
    pub fn add(&self, kind: impl Into<String>, runner: impl TaskRunner) -> Result {
        let kind = kind.into();
        let mut runners = self.0.write();
        if runners.contains_key(&kind) {
            return Err(Error::conflict(format!("Task kind '{kind}' is already registered")).into());
        }
        runners.insert(kind, Arc::new(runner));
        Ok(())
    }

    /// The kinds there are, sorted.
    pub fn kinds(&self) -> Vec<String> {
        self.0.read().keys().cloned().collect()
    }

    pub(crate) fn get(&self, kind: &str) -> Result<Arc<dyn AnyRunner>, Error> {
        let found = self.0.read().get(kind).cloned();
        found.ok_or_else(|| {
            let kinds: Vec<_> = self.kinds().iter().map(|kind| format!("'{kind}'")).collect();
            Error::input(format!("Unknown task kind '{kind}', expected one of {}", kinds.join(", ")))
        })
    }
}

impl fmt::Debug for TaskRunners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskRunners").field(&self.kinds()).finish()
    }
}
