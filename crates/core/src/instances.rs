//! Instances of services: made once per (factory, plugin), shared, a failure kept.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use greenroom_errors::{Error, describe};
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::{
    Declarations, Service,
    boot::{BootReport, StepId, StepKind},
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
pub(crate) const BUILT_IN: [&str; 6] = [
    PluginMetadata::ID,
    InstanceMetadata::ID,
    Lifecycle::ID,
    RootLifecycle::ID,
    Declarations::ID,
    BootReport::ID,
];

/// An instance that is made once, by a step of the boot report.
struct Cell {
    step: StepId,
    made: OnceCell<Result<Instance, Error>>,
}

/// A factory's position, and the plugin that it made the instance for.
type Place = (usize, Option<Arc<str>>);

/// All instances of a running backend.
pub(crate) struct Instances {
    pub(crate) services: Services,
    root: HashMap<&'static str, Instance>,
    plugins: HashMap<Arc<str>, HashMap<&'static str, Instance>>,
    cells: Mutex<HashMap<Place, Arc<Cell>>>,
    pub(crate) report: BootReport,
}

impl Instances {
    /// With nothing but the root lifecycle, what is declared, and the boot report: enough for loaders.
    pub(crate) fn new(root: RootLifecycle, declarations: Declarations, report: BootReport) -> Self {
        let root = HashMap::from([
            (RootLifecycle::ID, Arc::new(root) as Instance),
            (Declarations::ID, Arc::new(declarations)),
            (BootReport::ID, Arc::new(report.clone())),
        ]);
        Self { services: Services::default(), root, plugins: HashMap::new(), cells: Mutex::default(), report }
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

    /// Everything that `dependencies` name, one after another in that order; extension points excepted. `asker` is the
    /// step that waits for it.
    pub(crate) async fn resolve(
        &self,
        dependencies: &[Dependency],
        plugin: Option<&Arc<str>>,
        asker: Option<StepId>,
    ) -> Result<Resolved, Error> {
        let mut resolved = Resolved::default();
        for dependency in dependencies.iter().filter(|d| !d.is_extension()) {
            let mut instances = vec![];
            if let Some(built_in) = self.built_in(dependency.id, plugin) {
                instances.push(built_in);
            }
            for at in self.services.positions(dependency.id) {
                instances.push(self.get(*at, plugin, asker).await?);
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
            Some(at) => self.get(*at, None, None).await.map(Some),
            None => Ok(None),
        }
    }

    /// The instance of a factory for a plugin, or for the backend.
    pub(crate) fn get<'a>(
        &'a self,
        at: usize,
        plugin: Option<&'a Arc<str>>,
        asker: Option<StepId>,
    ) -> Making<'a, Result<Instance, Error>> {
        Box::pin(async move {
            let owner = plugin.filter(|_| self.services.installed[at].factory.scope == ScopeKind::Plugin);
            let cell = self.cell(at, owner, StepKind::Service, asker);
            cell.made
                .get_or_init(async || {
                    let made = self.make(at, owner, cell.step).await;
                    self.report.done(cell.step, made.is_ok());
                    made
                })
                .await
                .clone()
        })
    }

    /// The value that a factory's plugins share, under the place that no plugin's instance takes.
    async fn root_context(&self, at: usize, root: &RootContext, asker: StepId) -> Result<Instance, Error> {
        let cell = self.cell(at, None, StepKind::RootContext, Some(asker));
        let make = async || {
            let from = self.resolve(&root.dependencies, None, Some(cell.step)).await?;
            self.report.called(cell.step);
            panics::catch_async((root.build)(from)).await
        };
        cell.made
            .get_or_init(async || {
                let made = make().await;
                self.report.done(cell.step, made.is_ok());
                made
            })
            .await
            .clone()
    }

    /// The place of an instance, which `asker` waits for from now on.
    fn cell(&self, at: usize, plugin: Option<&Arc<str>>, kind: StepKind, asker: Option<StepId>) -> Arc<Cell> {
        match self.cells.lock().entry((at, plugin.cloned())) {
            Entry::Occupied(known) => {
                if let Some(asker) = asker {
                    self.report.waits(asker, known.get().step);
                }
                known.get().clone()
            }
            Entry::Vacant(new) => {
                let owner = plugin.map(|plugin| Owner { plugin: plugin.clone(), module: None });
                let step = self.report.begin(asker, kind, owner, self.services.installed[at].factory.id);
                new.insert(Arc::new(Cell { step, made: OnceCell::new() })).clone()
            }
        }
    }

    async fn make(&self, at: usize, plugin: Option<&Arc<str>>, step: StepId) -> Result<Instance, Error> {
        let service = &self.services.installed[at];
        let id = service.factory.id;
        let context = match &service.factory.root_context {
            None => None,
            Some(root) => {
                let failed = |error| failed(id, None, "createRootContext threw an error", &error);
                Some(self.root_context(at, root, step).await.map_err(failed)?)
            }
        };
        let wrap = |error: Error| match plugin {
            // Errors of root services are passed on as they are (contract: plugin-40).
            None => error,
            Some(plugin) => failed(id, Some(plugin), "the factory function threw an error", &error),
        };
        let from = self.resolve(&service.factory.dependencies, plugin, Some(step)).await.map_err(wrap)?;
        self.report.called(step);
        let mut instance = panics::catch_async((service.factory.build)(from, context)).await.map_err(wrap)?;
        for decorator in &service.decorators {
            let from = self.resolve(&decorator.dependencies, plugin, Some(step)).await.map_err(wrap)?;
            instance = panics::catch_async((decorator.wrap)(instance, from)).await.map_err(wrap)?;
        }
        Ok(instance)
    }
}

fn failed(id: &str, plugin: Option<&Arc<str>>, why: &str, error: &Error) -> Error {
    let seen = describe(error);
    let plugin = plugin.map(|plugin| format!(" for '{plugin}'")).unwrap_or_default();
    let (name, text) = (&seen.name, &seen.message);
    Error::new(format!("Failed to instantiate service '{id}'{plugin} because {why}, {name}: {text}"))
}

type Making<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
