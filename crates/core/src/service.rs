//! Services, the factories that make them, and decorators that wrap what a factory made.

use std::{any::TypeId, sync::Arc};

use greenroom_errors::Result;

use crate::{
    declarations::{DeclarationList, Declare},
    inject::{BoxFuture, Callable, Dependency, InjectAfter, InjectAll, Instance, Resolved, dependencies_of},
    scope::{Plugin, Root, Scope, ScopeKind, Site},
};

/// A cheap handle that plugins ask for by its type.
///
/// ```
/// use greenroom_core::{Service, scope};
///
/// #[derive(Clone)]
/// struct Clock;
///
/// impl Service for Clock {
///     const ID: &'static str = "demo.clock";
///     type Scope = scope::Root;
/// }
/// ```
///
/// The handle wraps an `Arc<dyn …>` where it should be replaceable. Ids are Backstage's, so that messages match; an id
/// belongs to one type, which is why services are never generic.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service, an extension point or a `#[derive(Deps)]` struct",
    note = "implement `Service` for it, or ask for something that does"
)]
pub trait Service: Clone + Send + Sync + 'static {
    /// The id in messages, graphs and overrides, such as `core.logger`.
    const ID: &'static str;
    /// [`Root`](crate::scope::Root), [`Plugin`](crate::scope::Plugin) or [`Extension`](crate::scope::Extension).
    type Scope: Scope;

    /// The factory used when none is installed for the id.
    fn default_factory() -> Option<ServiceFactory> {
        None
    }
}

/// A service of which there may be any number, asked for as `Vec<T>`.
///
/// ```
/// use greenroom_core::{Multiton, multiton, scope};
///
/// #[derive(Clone)]
/// struct Reader(&'static str);
///
/// impl Multiton for Reader {
///     const ID: &'static str = "core.urlReader.factories";
///     type Scope = scope::Plugin;
/// }
///
/// let github = multiton(async || Ok(Reader("github")));
/// ```
///
/// The order is that of installation: defaults, then what was added, then what loaders brought.
#[diagnostic::on_unimplemented(
    message = "`Vec<{Self}>` asks for all implementations of a multiton, but `{Self}` is not one",
    note = "implement `Multiton` for it; a single service is asked for as `{Self}` or `Option<{Self}>`"
)]
pub trait Multiton: Clone + Send + Sync + 'static {
    /// The id in messages, graphs and overrides.
    const ID: &'static str;
    /// [`Root`](crate::scope::Root) or [`Plugin`](crate::scope::Plugin).
    type Scope: Scope;

    /// The only instance when none is installed for the id.
    fn default_factory() -> Option<ServiceFactory> {
        None
    }
}

/// When a service is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Initialization {
    /// Root services at start, plugin services when asked for.
    Default,
    Lazy,
    Always,
}

/// From what was resolved, and the root context if there is one.
type Build = Arc<dyn Fn(Resolved, Option<Instance>) -> BoxFuture<Result<Instance>> + Send + Sync>;

/// How a service is made. [`service`] makes one of an async function.
#[derive(Clone)]
pub struct ServiceFactory {
    pub(crate) id: &'static str,
    pub(crate) scope: ScopeKind,
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
    pub(crate) many: bool,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) root_context: Option<RootContext>,
    initialization: Initialization,
    pub(crate) build: Build,
    pub(crate) declarations: DeclarationList,
}

/// What a factory makes once for all of its plugins.
#[derive(Clone)]
pub(crate) struct RootContext {
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) build: Arc<dyn Fn(Resolved) -> BoxFuture<Result<Instance>> + Send + Sync>,
}

impl std::fmt::Debug for ServiceFactory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceFactory")
            .field("id", &self.id)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// A factory for the service that `f` yields: id and scope follow from its type, dependencies from the arguments.
///
/// ```
/// # use greenroom_core::{Service, scope, service, PluginMetadata};
/// # #[derive(Clone)] struct Greeter(String);
/// # impl Service for Greeter { const ID: &'static str = "demo.greeter"; type Scope = scope::Plugin; }
/// let factory = service(async |me: PluginMetadata| Ok(Greeter(format!("hello {}", me.id()))));
/// ```
///
/// Root services are made at start unless [`lazy`](ServiceFactory::lazy); plugin services when first asked for, per
/// plugin, unless [`always`](ServiceFactory::always).
pub fn service<T, F, Args>(f: F) -> ServiceFactory
where
    T: Service,
    T::Scope: Site,
    F: Callable<Args, T> + Clone + Sync,
    Args: InjectAll<T::Scope>,
{
    factory::<T, T::Scope, F, Args>(T::ID, false, f)
}

/// A factory for one more instance of a multiton; see [`Multiton`].
pub fn multiton<T, F, Args>(f: F) -> ServiceFactory
where
    T: Multiton,
    T::Scope: Site,
    F: Callable<Args, T> + Clone + Sync,
    Args: InjectAll<T::Scope>,
{
    factory::<T, T::Scope, F, Args>(T::ID, true, f)
}

fn factory<T, S, F, Args>(id: &'static str, many: bool, f: F) -> ServiceFactory
where
    T: Clone + Send + Sync + 'static,
    S: Scope + Site,
    F: Callable<Args, T> + Clone + Sync,
    Args: InjectAll<S>,
{
    ServiceFactory {
        id,
        scope: S::KIND,
        type_id: TypeId::of::<T>(),
        type_name: std::any::type_name::<T>(),
        many,
        dependencies: dependencies_of::<S, Args>(),
        root_context: None,
        initialization: Initialization::Default,
        declarations: DeclarationList::default(),
        build: Arc::new(move |from, _| {
            let made = f.clone().call(Args::resolve(&from));
            Box::pin(async move { Ok(Arc::new(made.await?) as Instance) })
        }),
    }
}

/// A factory of a plugin service with a context of its own: `root` is called once, its value is the first argument of
/// each call of `each`, once per plugin.
///
/// ```
/// # use greenroom_core::{Service, scope, service_with_root, PluginMetadata};
/// # #[derive(Clone)] struct Cache(String);
/// # impl Service for Cache { const ID: &'static str = "core.cache"; type Scope = scope::Plugin; }
/// let caches = service_with_root(
///     async || Ok(String::from("one pool")),
///     async |pool: String, me: PluginMetadata| Ok(Cache(format!("{pool} for {}", me.id()))),
/// );
/// ```
pub fn service_with_root<C, T, R, RootArgs, F, Args>(root: R, each: F) -> ServiceFactory
where
    C: Clone + Send + Sync + 'static,
    T: Service<Scope = Plugin>,
    R: Callable<RootArgs, C> + Clone + Sync,
    RootArgs: InjectAll<Root>,
    F: Callable<Args, T> + Clone + Sync,
    Args: InjectAfter<C, Plugin>,
{
    let mut dependencies = Vec::new();
    Args::declare(&mut dependencies);
    ServiceFactory {
        id: T::ID,
        scope: ScopeKind::Plugin,
        type_id: TypeId::of::<T>(),
        type_name: std::any::type_name::<T>(),
        many: false,
        dependencies,
        root_context: Some(RootContext {
            dependencies: dependencies_of::<Root, RootArgs>(),
            build: Arc::new(move |from| {
                let made = root.clone().call(RootArgs::resolve(&from));
                Box::pin(async move { Ok(Arc::new(made.await?) as Instance) })
            }),
        }),
        initialization: Initialization::Default,
        declarations: DeclarationList::default(),
        build: Arc::new(move |from, context| {
            let context = context.and_then(|context| context.downcast_ref::<C>().cloned());
            let context = context.unwrap_or_else(|| unreachable!("the context is made before the service"));
            let made = each.clone().call(Args::resolve(context, &from));
            Box::pin(async move { Ok(Arc::new(made.await?) as Instance) })
        }),
    }
}

impl Declare for ServiceFactory {
    fn declarations(&mut self) -> &mut DeclarationList {
        &mut self.declarations
    }
}

impl ServiceFactory {
    /// Made when first asked for, in the root scope too.
    #[must_use]
    pub fn lazy(mut self) -> Self {
        self.initialization = Initialization::Lazy;
        self
    }

    /// Made at start, in the plugin scope too: once per plugin, before its modules.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.initialization = Initialization::Always;
        self
    }

    /// The id of the service that it makes.
    pub fn id(&self) -> &'static str {
        self.id
    }

    pub(crate) fn is_eager(&self) -> bool {
        match self.initialization {
            Initialization::Default => self.scope == ScopeKind::Root,
            Initialization::Lazy => false,
            Initialization::Always => true,
        }
    }
}

type Wrap = Arc<dyn Fn(Instance, Resolved) -> BoxFuture<Result<Instance>> + Send + Sync>;

/// Wraps what is installed for a service. See [`decorate`].
#[derive(Clone)]
pub struct Decorator {
    pub(crate) id: &'static str,
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) wrap: Wrap,
}

/// Wraps the installed implementation of a service, whichever that is.
///
/// ```
/// # use greenroom_core::{Service, scope, decorate};
/// # #[derive(Clone)] struct Greeter(String);
/// # impl Service for Greeter { const ID: &'static str = "demo.greeter"; type Scope = scope::Root; }
/// let louder = decorate(async |inner: Greeter| Ok(Greeter(inner.0.to_uppercase())));
/// ```
///
/// Decorators apply after overrides, in the order they were added, the last one outermost; what they ask for is part
/// of the cycle check.
pub fn decorate<T, F, Args>(f: F) -> Decorator
where
    T: Service,
    T::Scope: Site,
    F: Callable<Args, T> + Clone + Sync,
    Args: InjectAfter<T, T::Scope>,
{
    let mut dependencies = Vec::new();
    Args::declare(&mut dependencies);
    Decorator {
        id: T::ID,
        type_id: TypeId::of::<T>(),
        type_name: std::any::type_name::<T>(),
        dependencies,
        wrap: Arc::new(move |inner, from| {
            let inner =
                inner.downcast_ref::<T>().unwrap_or_else(|| unreachable!("the graph holds ids to types"));
            let made = f.clone().call(Args::resolve(inner.clone(), &from));
            Box::pin(async move { Ok(Arc::new(made.await?) as Instance) })
        }),
    }
}
