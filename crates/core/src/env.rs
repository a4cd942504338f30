//! What a plugin or a module hands in while it registers.

use std::{any::TypeId, marker::PhantomData, sync::Arc};

use greenroom_errors::{BoxError, Error, Result};

use crate::{
    boot::Collector,
    feature::Registered,
    inject::{BoxFuture, Callable, Dependency, InjectAll, Instance, Resolved, dependencies_of},
    panics,
    scope::{Extension, ModuleInit, PluginInit, Site},
    service::Service,
};

pub(crate) type Init = Box<dyn FnOnce(Resolved) -> BoxFuture<Result> + Send>;

/// The module that an extension point's object is made for.
#[derive(Clone)]
pub struct ModuleContext {
    collector: Arc<Collector>,
    plugin: Arc<str>,
    module: Arc<str>,
}

impl ModuleContext {
    pub(crate) fn new(collector: Arc<Collector>, plugin: Arc<str>, module: Arc<str>) -> Self {
        Self { collector, plugin, module }
    }

    /// The module's id.
    pub fn module_id(&self) -> &str {
        &self.module
    }

    /// Blames the module for what it contributed: it counts as failed, by its own boot policy. After the start it is
    /// only logged (contract: plugin-70, plugin-71).
    pub fn report_startup_failure(&self, error: impl Into<BoxError>) {
        self.collector.reported(&self.plugin, &self.module, Error::from_any(error));
    }
}

/// An extension point as offered: `make` is called for each module that asks.
#[derive(Clone)]
pub(crate) struct ExtensionPoint {
    pub(crate) id: &'static str,
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
    pub(crate) make: Arc<dyn Fn(ModuleContext) -> Instance + Send + Sync>,
}

/// Everything one register function said.
#[derive(Default)]
pub(crate) struct Registrations {
    pub(crate) extension_points: Vec<ExtensionPoint>,
    pub(crate) init: Option<(Vec<Dependency>, Init)>,
    pub(crate) errors: Vec<Error>,
}

/// Given to a register function. `S` says whether it is a plugin's or a module's.
pub struct Env<S> {
    said: Registrations,
    site: PhantomData<fn(S)>,
}

impl<S: Site> Env<S> {
    pub(crate) fn collect<R: Registered>(register: impl FnOnce(&mut Self) -> R) -> Registrations {
        let mut env = Self { said: Registrations::default(), site: PhantomData };
        let outcome = panics::catch(|| register(&mut env)).and_then(|r| r.registered());
        let mut said = env.said;
        said.errors.extend(outcome.err());
        said
    }

    /// What runs at start; its arguments are its dependencies. Called once, last.
    pub fn register_init<Args: InjectAll<S>>(&mut self, init: impl Callable<Args, ()>) {
        if self.said.init.is_some() {
            self.said.errors.push(Error::new("registerInit must only be called once"));
            return;
        }
        let init: Init = Box::new(move |from| init.call(Args::resolve(&from)));
        self.said.init = Some((dependencies_of::<S, Args>(), init));
    }

    fn offer<T: Service<Scope = Extension>>(
        &mut self,
        make: impl Fn(ModuleContext) -> T + Send + Sync + 'static,
    ) {
        if self.said.init.is_some() {
            self.said.errors.push(Error::new("registerExtensionPoint called after registerInit"));
        }
        self.said.extension_points.push(ExtensionPoint {
            id: T::ID,
            type_id: TypeId::of::<T>(),
            type_name: std::any::type_name::<T>(),
            make: Arc::new(move |context| Arc::new(make(context))),
        });
    }
}

impl Env<PluginInit> {
    /// Offers an extension point to the plugin's modules; all of them get a clone of this handle.
    pub fn register_extension_point<T: Service<Scope = Extension>>(&mut self, point: T) {
        self.offer(move |_| point.clone());
    }
}

impl Env<PluginInit> {
    /// Offers an extension point of which each module gets an object of its own, made by `make`.
    ///
    /// ```
    /// # use greenroom_core::{ModuleContext, Service, plugin, scope};
    /// #[derive(Clone)]
    /// struct Runners(ModuleContext);
    /// impl Service for Runners {
    ///     const ID: &'static str = "tasks.runners";
    ///     type Scope = scope::Extension;
    /// }
    ///
    /// plugin("tasks", |env| {
    ///     env.register_extension_point_with(Runners);
    ///     env.register_init(async || Ok(()));
    /// });
    /// ```
    pub fn register_extension_point_with<T: Service<Scope = Extension>>(
        &mut self,
        make: impl Fn(ModuleContext) -> T + Send + Sync + 'static,
    ) {
        self.offer(make);
    }
}

impl Env<ModuleInit> {
    /// Offers an extension point to the plugin's other modules, which then run before this one.
    pub fn register_extension_point<T: Service<Scope = Extension>>(&mut self, point: T) {
        self.offer(move |_| point.clone());
    }
}
