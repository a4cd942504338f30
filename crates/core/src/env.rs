//! What a plugin or a module hands in while it registers.

use std::{any::TypeId, marker::PhantomData, sync::Arc};

use greenroom_errors::{Error, Result};

use crate::{
    feature::Registered,
    inject::{BoxFuture, Callable, Dependency, InjectAll, Instance, Resolved, declared},
    panics,
    scope::{Extension, ModuleInit, PluginInit, Site},
    service::Service,
};

pub(crate) type Init = Box<dyn FnOnce(Resolved) -> BoxFuture<Result> + Send>;

/// An extension point as offered: `make` is called for each module that asks.
#[derive(Clone)]
pub(crate) struct ExtensionPoint {
    pub(crate) id: &'static str,
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
    pub(crate) make: Arc<dyn Fn() -> Instance + Send + Sync>,
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
        self.said.init = Some((declared::<S, Args>(), init));
    }

    fn offer<T: Service<Scope = Extension>>(&mut self, make: impl Fn() -> T + Send + Sync + 'static) {
        if self.said.init.is_some() {
            self.said.errors.push(Error::new("registerExtensionPoint called after registerInit"));
        }
        self.said.extension_points.push(ExtensionPoint {
            id: T::ID,
            type_id: TypeId::of::<T>(),
            type_name: std::any::type_name::<T>(),
            make: Arc::new(move || Arc::new(make())),
        });
    }
}

impl Env<PluginInit> {
    /// Offers an extension point to the plugin's modules; all of them get a clone of this handle.
    pub fn register_extension_point<T: Service<Scope = Extension>>(&mut self, point: T) {
        self.offer(move || point.clone());
    }
}

impl Env<ModuleInit> {
    /// Offers an extension point to the plugin's other modules, which then run before this one.
    pub fn register_extension_point<T: Service<Scope = Extension>>(&mut self, point: T) {
        self.offer(move || point.clone());
    }
}
