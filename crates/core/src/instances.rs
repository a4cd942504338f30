//! Instances of services: made once per (factory, plugin), shared, a failure kept.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use greenroom_errors::{Error, describe};
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::{
    Declarations, Service,
    boot::{Recorder, StepKind},
    graph::Services,
    inject::{Dependency, Instance, Resolved},
    lifecycle::{Lifecycle, RootLifecycle},
    metadata::{InstanceMetadata, PluginMetadata},
    owner::Owner,
    panics,
    scope::ScopeKind,
    service::RootContext,
};

/// What the backend itself provides, and nobody replaces.
pub(crate) const BUILT_IN: [&str; 5] =
    [PluginMetadata::ID, InstanceMetadata::ID, Lifecycle::ID, RootLifecycle::ID, Declarations::ID];

type Cell = Arc<OnceCell<Result<Instance, Error>>>;
/// A factory's position, and the plugin that it made the instance for.
type Place = (usize, Option<Arc<str>>);

/// All instances of a running backend.
pub(crate) struct Instances {
    pub(crate) services: Services,
    root: HashMap<&'static str, Instance>,
    plugins: HashMap<Arc<str>, HashMap<&'static str, Instance>>,
    cells: Mutex<HashMap<Place, Cell>>,
    recorder: Recorder,
}

impl Instances {
    /// With nothing but the root lifecycle and what is declared: enough for loaders.
    pub(crate) fn new(root: RootLifecycle, declarations: Declarations, recorder: Recorder) -> Self {
        let root = HashMap::from([
            (RootLifecycle::ID, Arc::new(root) as Instance),
            (Declarations::ID, Arc::new(declarations)),
        ]);
        Self {
            services: Services::default(),
            root,
            plugins: HashMap::new(),
            cells: Mutex::default(),
            recorder,
        }
    }

    /// Adds the services, and what is known once all features are.
    pub(crate) fn complete(
        &mut self,
        services: Services,
        metadata: InstanceMetadata,
        plugins: impl Iterator<Item = (Arc<str>, Lifecycle)>,
    ) {
        self.services = services;
        self.root.insert(InstanceMetadata::ID, Arc::new(metadata));
        self.plugins = plugins
            .map(|(id, lifecycle)| {
                let me = Arc::new(PluginMetadata::new(id.clone())) as Instance;
                (id, HashMap::from([(PluginMetadata::ID, me), (Lifecycle::ID, Arc::new(lifecycle))]))
            })
            .collect();
    }

    /// Positions of services that have been asked for.
    pub(crate) fn made(&self) -> HashSet<usize> {
        self.cells.lock().keys().map(|(at, _)| *at).collect()
    }

    /// Ids and positions of services made at start, in order.
    pub(crate) fn eager(&self, scope: ScopeKind) -> Vec<(&'static str, usize)> {
        let installed = self.services.installed.iter().enumerate();
        let eager = installed.filter(|(_, service)| service.eager && service.factory.scope == scope);
        eager.map(|(at, service)| (service.factory.id, at)).collect()
    }

    /// Everything that `dependencies` name, one after another in that order; extension points excepted.
    pub(crate) async fn resolve(
        &self,
        dependencies: &[Dependency],
        plugin: Option<&Arc<str>>,
    ) -> Result<Resolved, Error> {
        let mut resolved = Resolved::default();
        for dependency in dependencies.iter().filter(|d| !d.is_extension()) {
            let mut instances = vec![];
            if let Some(built_in) = self.built_in(dependency.id, plugin) {
                instances.push(built_in);
            }
            for at in self.services.positions(dependency.id) {
                instances.push(self.get(*at, plugin).await?);
            }
            if instances.is_empty() && !dependency.optional && !dependency.many {
                return Err(Error::new(format!("Service '{}' is not installed", dependency.id)));
            }
            resolved.insert(dependency, instances);
        }
        Ok(resolved)
    }

    fn built_in(&self, id: &str, plugin: Option<&Arc<str>>) -> Option<Instance> {
        plugin.and_then(|plugin| self.plugins.get(plugin)?.get(id)).or_else(|| self.root.get(id)).cloned()
    }

    /// The root service of an id; `None` if nobody provides it.
    pub(crate) async fn root(&self, id: &'static str) -> Result<Option<Instance>, Error> {
        if let Some(built_in) = self.built_in(id, None) {
            return Ok(Some(built_in));
        }
        match self.services.positions(id).first() {
            Some(at) => self.get(*at, None).await.map(Some),
            None => Ok(None),
        }
    }

    /// The instance of a factory for a plugin, or for the backend.
    pub(crate) fn get<'a>(
        &'a self,
        at: usize,
        plugin: Option<&'a Arc<str>>,
    ) -> Making<'a, Result<Instance, Error>> {
        Box::pin(async move {
            let owner = plugin.filter(|_| self.services.installed[at].factory.scope == ScopeKind::Plugin);
            let cell = self.cells.lock().entry((at, owner.cloned())).or_default().clone();
            cell.get_or_init(|| self.make(at, owner)).await.clone()
        })
    }

    /// The value that a factory's plugins share, under the place that no plugin's instance takes.
    async fn root_context(&self, at: usize, root: &RootContext) -> Result<Instance, Error> {
        let cell = self.cells.lock().entry((at, None)).or_default().clone();
        let make = async || {
            let from = self.resolve(&root.dependencies, None).await?;
            panics::catch_async((root.build)(from)).await
        };
        cell.get_or_init(make).await.clone()
    }

    async fn make(&self, at: usize, plugin: Option<&Arc<str>>) -> Result<Instance, Error> {
        let service = &self.services.installed[at];
        let id = service.factory.id;
        let owner = plugin.map(|plugin| Owner { plugin: plugin.clone(), module: None });
        let made = self.recorder.time(StepKind::Service, owner, id, async {
            let context = match &service.factory.root_context {
                None => None,
                Some(root) => {
                    let failed = |error| failed(id, None, "createRootContext threw an error", &error);
                    Some(self.root_context(at, root).await.map_err(failed)?)
                }
            };
            let wrap = |error: Error| match plugin {
                // Errors of root services are passed on as they are (contract: plugin-40).
                None => error,
                Some(plugin) => failed(id, Some(plugin), "the factory function threw an error", &error),
            };
            let from = self.resolve(&service.factory.dependencies, plugin).await.map_err(wrap)?;
            let mut instance =
                panics::catch_async((service.factory.build)(from, context)).await.map_err(wrap)?;
            for decorator in &service.decorators {
                let from = self.resolve(&decorator.dependencies, plugin).await.map_err(wrap)?;
                instance = panics::catch_async((decorator.wrap)(instance, from)).await.map_err(wrap)?;
            }
            Ok(instance)
        });
        made.await
    }
}

fn failed(id: &str, plugin: Option<&Arc<str>>, why: &str, error: &Error) -> Error {
    let seen = describe(error);
    let plugin = plugin.map(|plugin| format!(" for '{plugin}'")).unwrap_or_default();
    let (name, text) = (&seen.name, &seen.message);
    Error::new(format!("Failed to instantiate service '{id}'{plugin} because {why}, {name}: {text}"))
}

type Making<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
