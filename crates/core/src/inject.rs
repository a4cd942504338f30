//! Functions whose arguments are their dependencies.
//!
//! Three traits, apart on purpose: [`Callable`] settles which arguments there are, [`InjectAll`] has exactly one impl
//! per tuple, [`Inject`] is about one argument. Only so does rustc name the argument that is wrong.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::Arc,
};

use greenroom_errors::Result;

use crate::{
    scope::{Scope, ScopeKind, Site, VisibleFrom},
    service::{Multiton, Service, ServiceFactory},
};

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
pub(crate) type Instance = Arc<dyn Any + Send + Sync>;

/// What a factory or an init asks for, known before anything runs.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The id, such as `core.logger`.
    pub id: &'static str,
    /// Root, plugin, or extension point.
    pub scope: ScopeKind,
    /// Absent is fine: asked for as `Option<T>`.
    pub optional: bool,
    /// All implementations: asked for as `Vec<T>`.
    pub many: bool,
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
    pub(crate) default: fn() -> Option<ServiceFactory>,
}

impl Dependency {
    fn on<T: Service>(optional: bool) -> Self {
        Self {
            id: T::ID,
            scope: T::Scope::KIND,
            optional,
            many: false,
            type_id: TypeId::of::<T>(),
            type_name: std::any::type_name::<T>(),
            default: T::default_factory,
        }
    }

    fn on_all<T: Multiton>() -> Self {
        Self {
            id: T::ID,
            scope: T::Scope::KIND,
            optional: false,
            many: true,
            type_id: TypeId::of::<T>(),
            type_name: std::any::type_name::<T>(),
            default: T::default_factory,
        }
    }

    /// `serviceRef{id}` or `extensionPoint{id}`, as Backstage's messages name it.
    pub(crate) fn reference(&self) -> String {
        match self.scope {
            ScopeKind::Extension => format!("extensionPoint{{{}}}", self.id),
            _ => format!("serviceRef{{{}}}", self.id),
        }
    }

    pub(crate) fn is_extension(&self) -> bool {
        self.scope == ScopeKind::Extension
    }
}

/// The instances that one call's arguments are taken from.
#[derive(Default)]
pub struct Resolved(HashMap<(bool, &'static str), Vec<Instance>>);

impl Resolved {
    pub(crate) fn insert(&mut self, dependency: &Dependency, instances: Vec<Instance>) {
        self.0.insert((dependency.is_extension(), dependency.id), instances);
    }

    fn find<T: Service>(&self) -> Option<T> {
        let extension = T::Scope::KIND == ScopeKind::Extension;
        self.0.get(&(extension, T::ID))?.first()?.downcast_ref::<T>().cloned()
    }

    fn get<T: Service>(&self) -> T {
        // The graph check holds ids to types, and the caller resolved every dependency that was declared.
        self.find().unwrap_or_else(|| unreachable!("`{}` was declared and not resolved", T::ID))
    }
}

/// Anything that may be asked for at a site `S`: a visible [`Service`], an `Option` of one, a `#[derive(Deps)]` struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be injected at `{S}`",
    note = "injectable: services visible from this scope, `Option`s of them, `Vec`s of multitons, and `#[derive(Deps)]` structs of all these"
)]
pub trait Inject<S: Site>: Sized + Send + 'static {
    /// Adds what this needs.
    fn declare(dependencies: &mut Vec<Dependency>);
    /// Takes it out of what was resolved.
    fn resolve(from: &Resolved) -> Self;
}

impl<T: Service, S: Site> Inject<S> for T
where
    T::Scope: VisibleFrom<S>,
{
    fn declare(dependencies: &mut Vec<Dependency>) {
        dependencies.push(Dependency::on::<T>(false));
    }
    fn resolve(from: &Resolved) -> Self {
        from.get()
    }
}

impl<T: Service, S: Site> Inject<S> for Option<T>
where
    T::Scope: VisibleFrom<S>,
{
    fn declare(dependencies: &mut Vec<Dependency>) {
        dependencies.push(Dependency::on::<T>(true));
    }
    fn resolve(from: &Resolved) -> Self {
        from.find()
    }
}

impl<T: Multiton, S: Site> Inject<S> for Vec<T>
where
    T::Scope: VisibleFrom<S>,
{
    fn declare(dependencies: &mut Vec<Dependency>) {
        dependencies.push(Dependency::on_all::<T>());
    }
    fn resolve(from: &Resolved) -> Self {
        let all = from.0.get(&(false, T::ID)).into_iter().flatten();
        all.filter_map(|instance| instance.downcast_ref::<T>().cloned()).collect()
    }
}

/// A function of up to eight arguments, bundled as the tuple `Args`, whose future yields `Result<T>`.
#[diagnostic::on_unimplemented(
    message = "this is not an async function of injected arguments that yields `Result<{T}>`",
    note = "annotate each argument's type; end with `Ok(..)`; errors are boxed, so use `?`; the future must be `Send`; at most 8 arguments (bundle more with `#[derive(Deps)]`)"
)]
pub trait Callable<Args, T>: Send + 'static {
    /// Calls it.
    fn call(self, args: Args) -> Pin<Box<dyn Future<Output = Result<T>> + Send>>;
}

/// A tuple of injectable arguments.
pub trait InjectAll<S: Site>: Sized + Send + 'static {
    /// Adds what all of them need.
    fn declare(dependencies: &mut Vec<Dependency>);
    /// Takes them out of what was resolved.
    fn resolve(from: &Resolved) -> Self;
}

/// A tuple whose first element is given, not injected: what [`decorate`](crate::decorate) wraps.
#[diagnostic::on_unimplemented(
    message = "the first argument of a decorator must be `{First}`, the others services visible from a `{S}` factory"
)]
pub trait InjectAfter<First, S: Site>: Sized + Send + 'static {
    /// Adds what the others need.
    fn declare(dependencies: &mut Vec<Dependency>);
    /// Puts the first before the others.
    fn resolve(first: First, from: &Resolved) -> Self;
}

macro_rules! arguments {
    ($($a:ident)*) => {
        #[allow(non_snake_case, reason = "the macro's type names double as variable names")]
        impl<T, Func, Fut, $($a),*> Callable<($($a,)*), T> for Func
        where
            Func: FnOnce($($a),*) -> Fut + Send + 'static,
            Fut: Future<Output = Result<T>> + Send + 'static,
        {
            fn call(self, ($($a,)*): ($($a,)*)) -> BoxFuture<Result<T>> {
                Box::pin(self($($a),*))
            }
        }

        impl<S: Site, $($a: Inject<S>),*> InjectAll<S> for ($($a,)*) {
            #[allow(unused_variables, reason = "the empty tuple declares nothing")]
            fn declare(dependencies: &mut Vec<Dependency>) {
                $($a::declare(dependencies);)*
            }
            #[allow(unused_variables, clippy::unused_unit, reason = "the empty tuple resolves nothing")]
            fn resolve(from: &Resolved) -> Self {
                ($($a::resolve(from),)*)
            }
        }
    };
}

macro_rules! arguments_after {
    ($($a:ident)*) => {
        impl<First: Send + 'static, S: Site, $($a: Inject<S>),*> InjectAfter<First, S> for (First, $($a,)*) {
            #[allow(unused_variables, reason = "a lone first argument declares nothing")]
            fn declare(dependencies: &mut Vec<Dependency>) {
                $($a::declare(dependencies);)*
            }
            #[allow(unused_variables, reason = "a lone first argument resolves nothing")]
            fn resolve(first: First, from: &Resolved) -> Self {
                (first, $($a::resolve(from),)*)
            }
        }
    };
}

arguments!();
arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
arguments!(A B C D E G);
arguments!(A B C D E G H);
arguments!(A B C D E G H I);
arguments_after!();
arguments_after!(A);
arguments_after!(A B);
arguments_after!(A B C);
arguments_after!(A B C D);
arguments_after!(A B C D E);
arguments_after!(A B C D E G);
arguments_after!(A B C D E G H);

pub(crate) fn dependencies_of<S: Site, Args: InjectAll<S>>() -> Vec<Dependency> {
    let mut dependencies = Vec::new();
    Args::declare(&mut dependencies);
    dependencies
}
