//! What is added to a backend: plugins, modules, service factories, decorators.

use std::sync::Arc;

use greenroom_errors::{BoxError, Error, Result};

use crate::{
    declarations::{DeclarationList, Declare},
    env::{Env, Registrations},
    inject::{BoxFuture, Callable, Dependency, InjectAll, Instance, Resolved, dependencies_of},
    scope::{Extension, ModuleInit, PluginInit, Root},
    service::{Decorator, Service, ServiceFactory},
};

type Register = Box<dyn FnOnce() -> Registrations + Send>;

/// A plugin: an id and a function that registers what it offers and runs. See [`plugin`].
pub struct Plugin {
    pub(crate) id: Arc<str>,
    pub(crate) register: Register,
    pub(crate) declarations: DeclarationList,
}

/// A module: extends the plugin whose id it names. See [`module`].
pub struct Module {
    pub(crate) plugin: Arc<str>,
    pub(crate) id: Arc<str>,
    pub(crate) register: Register,
    pub(crate) declarations: DeclarationList,
}

impl Plugin {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Module {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id of the plugin that it extends.
    pub fn plugin_id(&self) -> &str {
        &self.plugin
    }
}

/// Anything that [`Backend::add`](crate::Backend::add) takes.
pub enum Feature {
    /// Replaces the default factory of its id.
    Service(ServiceFactory),
    /// Wraps what is installed for its id.
    Decorator(Decorator),
    /// A plugin.
    Plugin(Plugin),
    /// A module of a plugin.
    Module(Module),
    /// Brings more features, at start.
    Loader(FeatureLoader),
    /// Wraps what modules get of an extension point.
    Middleware(Middleware),
}

/// A plugin: `register` is called when the backend starts, and says what runs.
///
/// ```
/// use greenroom_core::{plugin, PluginMetadata};
///
/// let hello = plugin("hello", |env| {
///     env.register_init(async |me: PluginMetadata| {
///         assert_eq!(me.id(), "hello");
///         Ok(())
///     });
/// });
/// ```
///
/// Ids are letters, digits and dashes, starting with a letter; a wrong one is reported at start.
pub fn plugin<R: Registered>(
    id: impl Into<Arc<str>>,
    register: impl FnOnce(&mut Env<PluginInit>) -> R + Send + 'static,
) -> Plugin {
    Plugin {
        id: id.into(),
        register: Box::new(|| Env::collect(register)),
        declarations: DeclarationList::default(),
    }
}

/// A module of the plugin `plugin`: initialised before it, sees its extension points.
pub fn module<R: Registered>(
    plugin: impl Into<Arc<str>>,
    id: impl Into<Arc<str>>,
    register: impl FnOnce(&mut Env<ModuleInit>) -> R + Send + 'static,
) -> Module {
    Module {
        plugin: plugin.into(),
        id: id.into(),
        register: Box::new(|| Env::collect(register)),
        declarations: DeclarationList::default(),
    }
}

/// Brings features that depend on config or other root services. See [`feature_loader`].
pub struct FeatureLoader {
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) description: String,
    pub(crate) load: Box<dyn FnOnce(Resolved) -> BoxFuture<Result<Vec<Feature>>> + Send>,
    pub(crate) declarations: DeclarationList,
}

/// Decides at start what else is installed; its arguments are root services.
///
/// ```
/// use greenroom_core::{feature_loader, plugin};
///
/// let loader = feature_loader(async || {
///     let idle = plugin("idle", |env| env.register_init(async || Ok(())));
///     Ok(vec![idle.into()])
/// });
/// ```
///
/// Service factories that it brings win over defaults and lose to what is added. It may bring further loaders, which run
/// right after it. It cannot ask for what is known only once everything is loaded (contract: plugin-58).
#[track_caller]
pub fn feature_loader<Args: InjectAll<Root>>(load: impl Callable<Args, Vec<Feature>>) -> FeatureLoader {
    FeatureLoader {
        dependencies: dependencies_of::<Root, Args>(),
        description: format!("created at '{}'", std::panic::Location::caller()),
        load: Box::new(move |from| load.call(Args::resolve(&from))),
        declarations: DeclarationList::default(),
    }
}

/// Wraps what modules get of an extension point. See [`extension_point_middleware`].
pub struct Middleware {
    pub(crate) id: &'static str,
    pub(crate) wrap: Box<dyn Fn(Instance) -> BoxFuture<Result<Instance>> + Send + Sync>,
}

/// Wraps an extension point on its way to each module, in the order of adding; its owner's own object stays as it is.
pub fn extension_point_middleware<T, F>(f: F) -> Middleware
where
    T: Service<Scope = Extension>,
    F: Callable<(T,), T> + Clone + Sync,
{
    Middleware {
        id: T::ID,
        wrap: Box::new(move |instance| {
            let f = f.clone();
            Box::pin(async move {
                let typed = instance.downcast_ref::<T>().cloned();
                let typed = typed
                    .ok_or_else(|| Error::new(format!("ExtensionPoint '{}' has another type", T::ID)))?;
                Ok(Arc::new(f.call((typed,)).await?) as Instance)
            })
        }),
    }
}

/// What a register function may return: nothing, or a result.
pub trait Registered {
    /// As a result.
    fn registered(self) -> Result<(), Error>;
}

impl Registered for () {
    fn registered(self) -> Result<(), Error> {
        Ok(())
    }
}

impl<E: Into<BoxError>> Registered for Result<(), E> {
    fn registered(self) -> Result<(), Error> {
        self.map_err(Error::from_any)
    }
}

impl Declare for Plugin {
    fn declarations(&mut self) -> &mut DeclarationList {
        &mut self.declarations
    }
}

impl Declare for Module {
    fn declarations(&mut self) -> &mut DeclarationList {
        &mut self.declarations
    }
}

impl Declare for FeatureLoader {
    fn declarations(&mut self) -> &mut DeclarationList {
        &mut self.declarations
    }
}

impl From<ServiceFactory> for Feature {
    fn from(factory: ServiceFactory) -> Self {
        Self::Service(factory)
    }
}
impl From<Decorator> for Feature {
    fn from(decorator: Decorator) -> Self {
        Self::Decorator(decorator)
    }
}
impl From<Plugin> for Feature {
    fn from(plugin: Plugin) -> Self {
        Self::Plugin(plugin)
    }
}
impl From<FeatureLoader> for Feature {
    fn from(loader: FeatureLoader) -> Self {
        Self::Loader(loader)
    }
}
impl From<Middleware> for Feature {
    fn from(middleware: Middleware) -> Self {
        Self::Middleware(middleware)
    }
}
impl From<Module> for Feature {
    fn from(module: Module) -> Self {
        Self::Module(module)
    }
}
