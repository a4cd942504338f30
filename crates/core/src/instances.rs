//! Instances of services: made once per (factory, plugin), shared, a failure kept.

use std::{collections::HashMap, sync::Arc};

use greenroom_errors::{Error, describe};
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::{
    Service,
    boot::{Recorder, StepKind},
    graph::{Owner, Services},
    inject::{Dependency, Instance, Resolved},
    lifecycle::{Lifecycle, RootLifecycle},
    metadata::{InstanceMetadata, PluginMetadata},
    panics,
    scope::ScopeKind,
};

/// What the backend itself provides, and nobody replaces.
pub(crate) const BUILT_IN: [&str; 4] =
    [PluginMetadata::ID, InstanceMetadata::ID, Lifecycle::ID, RootLifecycle::ID];

type Cell = Arc<OnceCell<Result<Instance, Error>>>;
/// A factory's position, and the plugin that it made the instance for.
type Place = (usize, Option<Arc<str>>);

/// All instances of a running backend.
pub(crate) struct Instances {
    services: Services,
    root: HashMap<&'static str, Instance>,
    plugins: HashMap<Arc<str>, HashMap<&'static str, Instance>>,
    cells: Mutex<HashMap<Place, Cell>>,
    recorder: Recorder,
}

impl Instances {
    pub(crate) fn new(
        services: Services,
        metadata: InstanceMetadata,
        root: RootLifecycle,
        plugins: impl Iterator<Item = (Arc<str>, Lifecycle)>,
        recorder: Recorder,
    ) -> Self {
        let of = |id, instance| (id, instance);
        let root = HashMap::from([
            of(InstanceMetadata::ID, Arc::new(metadata) as Instance),
            of(RootLifecycle::ID, Arc::new(root) as Instance),
        ]);
        let plugins = plugins
            .map(|(id, lifecycle)| {
                let me = Arc::new(PluginMetadata::new(id.clone())) as Instance;
                (id, HashMap::from([of(PluginMetadata::ID, me), of(Lifecycle::ID, Arc::new(lifecycle))]))
            })
            .collect();
        Self { services, root, plugins, cells: Mutex::default(), recorder }
    }

    /// Ids of services made at start, in order.
    pub(crate) fn eager(&self, scope: ScopeKind) -> Vec<&'static str> {
        let of_scope = |s: &&crate::graph::Installed| s.eager && s.factory.scope == scope;
        self.services.installed.iter().filter(of_scope).map(|s| s.factory.id).collect()
    }

    /// Everything that `dependencies` name, one after another in that order; extension points excepted.
    pub(crate) async fn resolve(
        &self,
        dependencies: &[Dependency],
        plugin: Option<&Arc<str>>,
    ) -> Result<Resolved, Error> {
        let mut resolved = Resolved::default();
        for dependency in dependencies.iter().filter(|d| !d.is_extension()) {
            if let Some(instance) = self.get(dependency.id, plugin).await? {
                resolved.insert(dependency, instance);
            } else if !dependency.optional {
                return Err(Error::new(format!("Service '{}' is not installed", dependency.id)));
            }
        }
        Ok(resolved)
    }

    /// The instance for a plugin, or for the backend; `None` if nobody provides the service.
    pub(crate) fn get<'a>(
        &'a self,
        id: &'static str,
        plugin: Option<&'a Arc<str>>,
    ) -> Making<'a, Result<Option<Instance>, Error>> {
        Box::pin(async move {
            let built_in = plugin.and_then(|p| self.plugins.get(p)?.get(id)).or_else(|| self.root.get(id));
            if let Some(instance) = built_in {
                return Ok(Some(instance.clone()));
            }
            let Some(at) = self.services.position(id) else { return Ok(None) };
            let owner = plugin.filter(|_| self.services.installed[at].factory.scope == ScopeKind::Plugin);
            let cell = self.cells.lock().entry((at, owner.cloned())).or_default().clone();
            cell.get_or_init(|| self.make(at, owner)).await.clone().map(Some)
        })
    }

    async fn make(&self, at: usize, plugin: Option<&Arc<str>>) -> Result<Instance, Error> {
        let service = &self.services.installed[at];
        let id = service.factory.id;
        let owner = plugin.map(|plugin| Owner { plugin: plugin.clone(), module: None });
        let made = self.recorder.time(StepKind::Service, owner, id, async {
            let from = self.resolve(&service.factory.dependencies, plugin).await?;
            let mut instance = panics::catch_async((service.factory.build)(from)).await?;
            for decorator in &service.decorators {
                let from = self.resolve(&decorator.dependencies, plugin).await?;
                instance = panics::catch_async((decorator.wrap)(instance, from)).await?;
            }
            Ok(instance)
        });
        // Errors of root services are passed on as they are (plugin-system §3, 4).
        made.await.map_err(|error: Error| match plugin {
            None => error,
            Some(plugin) => {
                let seen = describe(&error);
                Error::new(format!(
                    "Failed to instantiate service '{id}' for '{plugin}' because the factory function threw an error, {}: {}",
                    seen.name, seen.message
                ))
            }
        })
    }
}

type Making<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
