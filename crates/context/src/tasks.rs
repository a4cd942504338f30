//! Background tasks that have a name, an owner and an end.

use std::{
    collections::BTreeMap,
    future::Future,
    panic::resume_unwind,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{CaughtPanic, Context, catch_panic, catch_panic_in};

/// The background tasks of one backend.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    names: Arc<std::sync::Mutex<BTreeMap<u64, String>>>,
    on_fault: Arc<OnceLock<OnFault>>,
}

/// What went wrong with a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFault {
    /// The plugin whose task it is.
    pub plugin: Option<Arc<str>>,
    /// The task's name, as given to [`spawn`].
    pub task: &'static str,
    /// What it was.
    pub kind: TaskFaultKind,
}

/// What may go wrong with a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskFaultKind {
    /// A panic ended it.
    Panicked(CaughtPanic),
    /// It was spawned when the backend's tasks had been asked to end: it does not run.
    TooLate,
}

struct OnFault(Box<dyn Fn(&TaskFault) + Send + Sync>);

impl std::fmt::Debug for OnFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnFault")
    }
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the function called for what goes wrong with tasks, in the task's context. Only the first call counts. Without
    /// it, only the panic hook sees a panic.
    pub fn on_fault(&self, tell: impl Fn(&TaskFault) + Send + Sync + 'static) {
        let _ = self.on_fault.set(OnFault(Box::new(tell)));
    }

    fn tell(&self, task: &'static str, kind: TaskFaultKind) {
        let plugin = Context::current().plugin().map(Into::into);
        if let Some(OnFault(tell)) = self.on_fault.get() {
            tell(&TaskFault { plugin, task, kind });
        }
    }

    /// Runs a task's work. A panic is told once, then goes on to the code that awaits the task.
    async fn guard<F: Future>(&self, task: &'static str, future: F) -> F::Output {
        if self.on_fault.get().is_none() {
            return future.await;
        }
        match catch_panic(future).await {
            Ok(output) => output,
            Err(panic) => {
                let text = panic.text.clone();
                self.tell(task, TaskFaultKind::Panicked(panic));
                resume_unwind(Box::new(text))
            }
        }
    }

    /// Resolves when tasks are asked to end.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Asks every task to end and waits for them, at most `deadline`.
    ///
    /// A task ends at its next `.await`. The names of those that did not are returned, as `plugin/name`.
    pub async fn stop(&self, deadline: Duration) -> Vec<String> {
        self.stop.cancel();
        self.tracker.close();
        match tokio::time::timeout(deadline, self.tracker.wait()).await {
            Ok(()) => Vec::new(),
            Err(_) => self.running(),
        }
    }

    /// The names of running tasks, as `plugin/name`.
    pub fn running(&self) -> Vec<String> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, String>> {
        self.names.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn enter(&self, name: String) -> Entry {
        let mut names = self.lock();
        let key = names.last_key_value().map_or(0, |(key, _)| key + 1);
        names.insert(key, name);
        drop(names);
        Entry { tasks: self.clone(), key }
    }
}

struct Entry {
    tasks: Tasks,
    key: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.tasks.lock().remove(&self.key);
    }
}

/// Spawns a task that belongs to what is current: it keeps the context, and ends when its backend stops.
///
/// The handle yields `None` when the task was ended by that stop. What is spawned after it does not run, which is told.
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<Option<F::Output>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let context = Context::current();
    // In a box: each of the futures around it would keep room for it once more.
    let future = Box::pin(future);
    let Some(tasks) = context.tasks().cloned() else {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
        return tokio::spawn(context.scope(async { Some(future.await) }));
    };
    if tasks.stop.is_cancelled() {
        tasks.tell(name, TaskFaultKind::TooLate);
    }
    let entry = tasks.enter(label(&context, name));
    let stop = tasks.stop.clone();
    let tracker = tasks.tracker.clone();
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    tracker.spawn(context.scope(async move {
        let _entry = entry;
        stop.run_until_cancelled(tasks.guard(name, future)).await
    }))
}

/// Runs a function that blocks on a thread for such work: it keeps the context, and a stop waits for it by name.
///
/// Nothing can end it early; see [`Tasks::stop`] for how long a stop waits.
pub fn spawn_blocking<F, R>(name: &'static str, f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let context = Context::current();
    let tracked = context.tasks().map(|tasks| (tasks.enter(label(&context, name)), tasks.tracker.token()));
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    tokio::task::spawn_blocking(move || {
        let _tracked = tracked;
        context.sync_scope(|| report_panic(name, f))
    })
}

/// Starts a thread of that name, which keeps the context. A stop does not wait for it.
///
/// # Errors
/// When the system has no thread left.
pub fn spawn_thread<F, R>(name: &'static str, f: F) -> std::io::Result<std::thread::JoinHandle<R>>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let context = Context::current();
    #[expect(clippy::disallowed_methods, reason = "this is the one place that starts threads")]
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || context.sync_scope(|| report_panic(name, f)))
}

/// Calls a function; a panic in it is told once, then goes on.
fn report_panic<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
    let Some(tasks) = Context::current().tasks().filter(|tasks| tasks.on_fault.get().is_some()).cloned()
    else {
        return f();
    };
    catch_panic_in(f).unwrap_or_else(|panic| {
        let text = panic.text.clone();
        tasks.tell(name, TaskFaultKind::Panicked(panic));
        resume_unwind(Box::new(text))
    })
}

/// `plugin/name`
fn label(context: &Context, name: &str) -> String {
    format!("{}/{name}", context.plugin().unwrap_or("backend"))
}
