//! A backend: features in, a running instance out.

use std::sync::Arc;

use greenroom_context::Context;
use greenroom_errors::{Error, Result};

use crate::{
    Declarations,
    boot::{Boot, BootEvent, BootReport, BootResult, Plan, StepKind, start},
    feature::Feature,
    graph::{Assembly, load},
    inject::{BoxFuture, Callable, Dependency, InjectAll, Resolved, dependencies_of},
    instances::Instances,
    lifecycle::{Lifecycle, State},
    metadata::random_id,
    panics,
    scope::{Root, Scope},
    service::{Service, ServiceFactory},
    start_error::StartError,
    stop::Stop,
};

pub(crate) type MakeBoot = Box<dyn FnOnce(Resolved) -> BoxFuture<Result<Boot>> + Send>;

/// A backend before it starts.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use greenroom_core::{Backend, plugin};
///
/// let hello = plugin("hello", |env| env.register_init(async || Ok(())));
/// let running = Backend::new([]).add(hello).start().await.unwrap();
/// assert_eq!(running.result().plugins[0].plugin_id.as_ref(), "hello");
/// running.stop().await;
/// # }
/// ```
pub struct Backend {
    defaults: Vec<ServiceFactory>,
    features: Vec<Feature>,
    boot: (Vec<Dependency>, MakeBoot),
    adopts_orphans: bool,
    instance_id: Option<Arc<str>>,
}

impl Backend {
    /// A backend with default factories; one that is added replaces the default of the same id.
    pub fn new(defaults: impl IntoIterator<Item = ServiceFactory>) -> Self {
        let boot: MakeBoot = Box::new(|_| Box::pin(async { Ok(Boot::default()) }));
        let defaults = defaults.into_iter().collect();
        Self { defaults, features: vec![], boot: (vec![], boot), adopts_orphans: false, instance_id: None }
    }

    /// Puts a factory in the place of the default of its id, or adds a default: what loaders and
    /// [`add`](Self::add) bring still replaces it.
    #[must_use]
    pub fn with_default(mut self, factory: ServiceFactory) -> Self {
        match self.defaults.iter_mut().find(|default| default.id == factory.id) {
            Some(default) => *default = factory,
            None => self.defaults.push(factory),
        }
        self
    }

    /// The id of this instance, as [`InstanceMetadata::id`](crate::InstanceMetadata::id) tells it; empty for a random one,
    /// as without this.
    #[must_use]
    pub fn with_instance_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.instance_id = Some(id.into()).filter(|id| !id.is_empty());
        self
    }

    /// Gives an empty plugin to modules whose plugin is not installed, so that they run: for tests of modules.
    #[must_use]
    pub fn adopt_orphans(mut self) -> Self {
        self.adopts_orphans = true;
        self
    }

    /// Adds a plugin, a module, a service factory or a decorator. Nothing runs and nothing is checked before start.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`add` is Backstage's word, and nobody sums backends")]
    pub fn add(mut self, feature: impl Into<Feature>) -> Self {
        self.features.push(feature.into());
        self
    }

    /// The ids of the plugins added so far; those that loaders will bring are not among them.
    pub fn plugin_ids(&self) -> impl Iterator<Item = &str> {
        self.features.iter().filter_map(|feature| match feature {
            Feature::Plugin(plugin) => Some(plugin.id()),
            _ => None,
        })
    }

    /// What default factories and the features added so far declare, but for defaults that one of those replaces; what
    /// loaders will bring is not among it.
    pub fn declarations(&self) -> Declarations {
        let declarations = Declarations::default();
        self.defaults.iter().for_each(|factory| declarations.take_in_default(factory));
        self.features.iter().for_each(|feature| declarations.take_in(feature));
        declarations
    }

    /// Says how to boot: an async function of root services, called before any other root service is made.
    #[must_use]
    pub fn boot<Args: InjectAll<Root>>(mut self, boot: impl Callable<Args, Boot>) -> Self {
        self.boot = (dependencies_of::<Root, Args>(), Box::new(move |from| boot.call(Args::resolve(&from))));
        self
    }

    /// Starts it. When that fails, what did start has been stopped again.
    pub async fn start(self) -> Result<Running, StartError> {
        let stop = Arc::new(Stop::new());
        match self.launch(&stop).await {
            Ok(running) => Ok(running),
            Err(error) => {
                stop.run().await;
                Err(error)
            }
        }
    }

    /// Starts it. Whatever became of that, also when this is dropped on the way, `stop` stops what did start.
    pub(crate) async fn launch(self, stop: &Arc<Stop>) -> Result<Running, StartError> {
        let context = Context::current().with_tasks(stop.tasks.clone());
        let started = context.scope(Box::pin(self.launch_in_context(stop))).await;
        if let Err(error) = &started {
            stop.root.set(State::Failed);
            stop.boot().observer.on(&BootEvent::StartFailed(error));
        }
        started
    }

    async fn launch_in_context(self, stop: &Arc<Stop>) -> Result<Running, StartError> {
        let Backend { defaults, features, boot: (dependencies, make_boot), adopts_orphans, instance_id } =
            self;
        let report = BootReport::new();
        let mut assembly = Assembly::new(defaults, features);
        assembly.adopts_orphans = adopts_orphans;
        let mut instances = Instances::new(stop.root.clone(), assembly.declarations.clone(), report.clone());
        load(&mut assembly, &mut instances).await?;
        let step = report.begin(Some(BootReport::START), StepKind::Graph, None, "graph");
        report.called(step);
        let mut graph = assembly.finish(&dependencies, &instances.made());
        report.done(step, graph.unowned.is_empty());
        if !graph.unowned.is_empty() {
            return Err(StartError::Graph(graph.faults()));
        }
        let lifecycle = |id: &Arc<str>| Lifecycle::new(id.clone(), stop.tasks.clone());
        let lifecycles: Vec<_> = graph.plugins.iter().map(|p| (p.id.clone(), lifecycle(&p.id))).collect();
        stop.knows_plugins(lifecycles.clone());
        let instance_id = instance_id.map_or_else(random_id, Ok).map_err(StartError::Boot)?;
        let metadata = graph.metadata(instance_id);
        instances.complete(std::mem::take(&mut graph.services), metadata, lifecycles.iter().cloned());
        let instances = Arc::new(instances);
        let boot = policy(&instances, &dependencies, make_boot).await.map_err(StartError::Boot)?;
        let boot = stop.knows_boot(boot);
        graph.blame(&boot.faults);
        if !graph.unowned.is_empty() {
            return Err(StartError::Declared(graph.faults()));
        }
        report.tell(boot.observer.clone());
        graph.warnings.iter().for_each(|warning| boot.observer.on(&BootEvent::Warning(warning)));
        graph.orphans.iter().for_each(|orphan| boot.observer.on(&BootEvent::Orphan(orphan)));
        let plan = Plan {
            instances: instances.clone(),
            points: graph.points,
            middleware: graph.middleware,
            plugins: graph.plugins,
            orphans: graph.orphans,
            lifecycles,
            root: stop.root.clone(),
            boot,
            report: report.clone(),
        };
        let result = start(plan).await?;
        Ok(Running { stop: stop.clone(), instances, report, result })
    }
}

/// Asks how to boot.
async fn policy(
    instances: &Instances,
    dependencies: &[Dependency],
    make_boot: MakeBoot,
) -> Result<Boot, Error> {
    let report = &instances.report;
    let step = report.begin(Some(BootReport::START), StepKind::Policy, None, "policy");
    let made = async {
        let from = instances.resolve(dependencies, None, Some(step)).await?;
        report.called(step);
        panics::catch_async(make_boot(from)).await
    };
    let made = made.await;
    report.done(step, made.is_ok());
    made
}

/// A backend that runs.
pub struct Running {
    stop: Arc<Stop>,
    instances: Arc<Instances>,
    report: BootReport,
    result: Arc<BootResult>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("result", &self.result).finish_non_exhaustive()
    }
}

impl Running {
    /// How the start ended.
    pub fn result(&self) -> &BootResult {
        &self.result
    }

    /// What the start did, and how long each part of it took.
    pub fn report(&self) -> &BootReport {
        &self.report
    }

    /// A root service: what the start made, or makes when first asked for.
    pub async fn service<T: Service<Scope = Root>>(&self) -> Result<T, Error> {
        debug_assert_eq!(Root::KIND, T::Scope::KIND);
        let found = self.instances.root(T::ID).await?;
        let typed = found.and_then(|instance| instance.downcast_ref::<T>().cloned());
        typed.ok_or_else(|| Error::new(format!("Service '{}' is not installed", T::ID)))
    }

    /// Stops it, in the order of [`Phase`](crate::Phase); each part has a deadline.
    pub async fn stop(self) {
        self.stop.run().await;
    }
}
