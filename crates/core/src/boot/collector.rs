//! Who is still starting, who failed, and when to say so.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_errors::Error;
use parking_lot::Mutex;

use super::{BootEvent, BootObserver, BootPolicy, Failure, ModuleResult, OnFailure, PluginResult};
use crate::{graph::PluginNode, owner::Owner};

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
    /// Modules blamed before they ended.
    blamed: Vec<(Owner, Error)>,
    closed: bool,
}

impl Collector {
    /// Tells that `plugins` begin to start.
    pub(crate) fn start(policy: BootPolicy, observer: Arc<dyn BootObserver>, plugins: &[PluginNode]) -> Self {
        let mut pending: Vec<_> = plugins.iter().map(|plugin| plugin.id.clone()).collect();
        pending.sort();
        observer.on(&BootEvent::Started(&pending));
        Self { policy, observer, inner: Mutex::new(Inner { pending, ..Inner::default() }) }
    }

    /// A module has ended, whose init was called at `begin_at`.
    pub(crate) fn module_ended(
        &self,
        plugin: &Arc<str>,
        module: &Arc<str>,
        begin_at: Option<SystemTime>,
        error: Option<Error>,
    ) {
        let allowed = self.policy.module(plugin, module) == OnFailure::Continue;
        let blamed = {
            let mut inner = self.inner.lock();
            let is = |(owner, _): &(Owner, Error)| {
                owner.plugin == *plugin && owner.module.as_ref() == Some(module)
            };
            let at = inner.blamed.iter().position(is);
            at.map(|at| inner.blamed.remove(at).1)
        };
        let told = error.is_none() && blamed.is_some();
        let error = error.or(blamed);
        if let Some(error) = error.as_ref().filter(|_| !told) {
            let waiting_for = self.inner.lock().pending.len();
            let owner = Owner { plugin: plugin.clone(), module: Some(module.clone()) };
            self.observer.on(&BootEvent::Failed { owner: &owner, error, allowed, waiting_for });
        }
        let failure = error.map(|error| Failure { error, allowed });
        let result_at = SystemTime::now();
        let result = ModuleResult { module_id: module.clone(), begin_at, result_at, failure };
        self.inner.lock().modules.push((plugin.clone(), result));
    }

    /// A plugin has ended, whose init was called at `begin_at`.
    pub(crate) fn plugin_ended(&self, plugin: &Arc<str>, begin_at: Option<SystemTime>, error: Option<Error>) {
        let allowed = self.policy.plugin(plugin) == OnFailure::Continue;
        let waiting_for = {
            let mut inner = self.inner.lock();
            inner.pending.retain(|pending| pending != plugin);
            if error.is_none() {
                inner.newly.push(plugin.clone());
            }
            inner.pending.len()
        };
        if let Some(error) = &error {
            let owner = Owner { plugin: plugin.clone(), module: None };
            self.observer.on(&BootEvent::Failed { owner: &owner, error, allowed, waiting_for });
        }
        let failure = error.map(|error| Failure { error, allowed });
        let result_at = SystemTime::now();
        let mut inner = self.inner.lock();
        let (own, others) = std::mem::take(&mut inner.modules).into_iter().partition(|(id, _)| id == plugin);
        inner.modules = others;
        let modules = Vec::into_iter(own).map(|(_, module)| module).collect();
        inner.plugins.push(PluginResult { plugin_id: plugin.clone(), begin_at, result_at, failure, modules });
    }

    /// A plugin blames one of its modules; the last one to blame it counts.
    pub(crate) fn reported(&self, plugin: &Arc<str>, module: &Arc<str>, error: Error) {
        let allowed = self.policy.module(plugin, module) == OnFailure::Continue;
        let owner = Owner { plugin: plugin.clone(), module: Some(module.clone()) };
        let mut inner = self.inner.lock();
        let late = inner.closed;
        if !late {
            let failure = Failure { error: error.clone(), allowed };
            let Inner { modules, plugins, blamed, .. } = &mut *inner;
            let running = modules.iter_mut().filter(|(id, _)| id == plugin).map(|(_, module)| module);
            let ended =
                plugins.iter_mut().filter(|result| result.plugin_id == *plugin).flat_map(|p| &mut p.modules);
            match running.chain(ended).find(|result| result.module_id == *module) {
                Some(result) => result.failure = Some(failure),
                None => blamed.push((owner.clone(), error.clone())),
            }
        }
        drop(inner);
        self.observer.on(&BootEvent::Reported { owner: &owner, error: &error, allowed, late });
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

    /// The results; what is reported from now on is late.
    pub(crate) fn close(&self) -> Vec<PluginResult> {
        let mut inner = self.inner.lock();
        inner.closed = true;
        std::mem::take(&mut inner.plugins)
    }
}
