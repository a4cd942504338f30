//! What is added to a backend: plugins, modules, service factories, decorators.

use std::sync::Arc;

use greenroom_errors::{BoxError, Error, Result};

use crate::{
    env::{Env, Registrations},
    scope::{ModuleInit, PluginInit},
    service::{Decorator, ServiceFactory},
};

type Register = Box<dyn FnOnce() -> Registrations + Send>;

/// A plugin: an id and a function that registers what it offers and runs. See [`plugin`].
pub struct Plugin {
    pub(crate) id: Arc<str>,
    pub(crate) register: Register,
}

/// A module: extends the plugin whose id it names. See [`module`].
pub struct Module {
    pub(crate) plugin: Arc<str>,
    pub(crate) id: Arc<str>,
    pub(crate) register: Register,
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
    Plugin { id: id.into(), register: Box::new(|| Env::collect(register)) }
}

/// A module of the plugin `plugin`: initialised before it, sees its extension points.
pub fn module<R: Registered>(
    plugin: impl Into<Arc<str>>,
    id: impl Into<Arc<str>>,
    register: impl FnOnce(&mut Env<ModuleInit>) -> R + Send + 'static,
) -> Module {
    Module { plugin: plugin.into(), id: id.into(), register: Box::new(|| Env::collect(register)) }
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
impl From<Module> for Feature {
    fn from(module: Module) -> Self {
        Self::Module(module)
    }
}
