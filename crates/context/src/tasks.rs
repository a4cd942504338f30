//! Background tasks that have a name, an owner and an end.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::Context;

/// The background tasks of one backend.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    names: Arc<std::sync::Mutex<BTreeMap<u64, String>>>,
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
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
/// The handle yields `None` when the task was ended by that stop.
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<Option<F::Output>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let context = Context::current();
    let Some(tasks) = context.tasks().cloned() else {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
        return tokio::spawn(context.scope(async { Some(future.await) }));
    };
    let entry = tasks.enter(format!("{}/{name}", context.plugin().unwrap_or("backend")));
    let stop = tasks.stop.clone();
    tasks.tracker.spawn(context.scope(async move {
        let _entry = entry;
        stop.run_until_cancelled(future).await
    }))
}
