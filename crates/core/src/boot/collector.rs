//! Who is still starting, who failed, and when to say so.

use std::{sync::Arc, time::Duration};

use greenroom_errors::Error;
use parking_lot::Mutex;

use super::{BootEvent, BootObserver, BootPolicy, Failure, ModuleResult, OnFailure, PluginResult};
use crate::graph::{Owner, PluginNode};

/// Results as they come in.
pub(crate) struct Collector {
    policy: BootPolicy,
    observer: Arc<dyn BootObserver>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    pending: Vec<Arc<str>>,
    newly: Vec<Arc<str>>,
    modules: Vec<(Arc<str>, ModuleResult)>,
    plugins: Vec<PluginResult>,
}

impl Collector {
    /// Tells that `plugins` begin to start.
    pub(crate) fn start(policy: BootPolicy, observer: Arc<dyn BootObserver>, plugins: &[PluginNode]) -> Self {
        let mut pending: Vec<_> = plugins.iter().map(|plugin| plugin.id.clone()).collect();
        pending.sort();
        observer.on(&BootEvent::Started(&pending));
        Self { policy, observer, inner: Mutex::new(Inner { pending, ..Inner::default() }) }
    }

    pub(crate) fn module_ended(&self, plugin: &Arc<str>, module: &Arc<str>, error: Option<Error>) {
        let allowed = self.policy.module(plugin, module) == OnFailure::Continue;
        if let Some(error) = &error {
            let waiting_for = self.inner.lock().pending.len();
            let owner = Owner { plugin: plugin.clone(), module: Some(module.clone()) };
            self.observer.on(&BootEvent::Failed { owner: &owner, error, allowed, waiting_for });
        }
        let failure = error.map(|error| Failure { error, allowed });
        let result_at = std::time::SystemTime::now();
        let result = ModuleResult { module_id: module.clone(), result_at, failure };
        self.inner.lock().modules.push((plugin.clone(), result));
    }

    pub(crate) fn plugin_ended(&self, plugin: &Arc<str>, error: Option<Error>) {
        let allowed = self.policy.plugin(plugin) == OnFailure::Continue;
        let waiting_for = {
            let mut inner = self.inner.lock();
            inner.pending.retain(|pending| pending != plugin);
            inner.newly.push(plugin.clone());
            inner.pending.len()
        };
        if let Some(error) = &error {
            let owner = Owner { plugin: plugin.clone(), module: None };
            self.observer.on(&BootEvent::Failed { owner: &owner, error, allowed, waiting_for });
        }
        let failure = error.map(|error| Failure { error, allowed });
        let result_at = std::time::SystemTime::now();
        let mut inner = self.inner.lock();
        let (own, others) = std::mem::take(&mut inner.modules).into_iter().partition(|(id, _)| id == plugin);
        inner.modules = others;
        let modules = Vec::into_iter(own).map(|(_, module)| module).collect();
        inner.plugins.push(PluginResult { plugin_id: plugin.clone(), result_at, failure, modules });
    }

    fn progress(&self) {
        let mut inner = self.inner.lock();
        let newly = std::mem::take(&mut inner.newly);
        self.observer.on(&BootEvent::Progress { newly: &newly, pending: &inner.pending });
    }

    /// Tells progress until `work` ends, then that all have finished.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let (mut wait, mut next) = (1, 1);
        let done = loop {
            match tokio::time::timeout(Duration::from_secs(wait), &mut work).await {
                Ok(done) => break done,
                Err(_) => self.progress(),
            }
            (wait, next) = (next.min(60), wait + next);
        };
        let newly = std::mem::take(&mut self.inner.lock().newly);
        self.observer.on(&BootEvent::Completed { newly: &newly });
        done
    }

    pub(crate) fn results(&self) -> Vec<PluginResult> {
        std::mem::take(&mut self.inner.lock().plugins)
    }
}
