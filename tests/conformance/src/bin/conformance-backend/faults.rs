//! Plugins, modules and services that fail to start, or get in each other's way.

use axum::Router;
use greenroom::prelude::*;

pub(crate) fn thrower() -> Plugin {
    plugin("thrower", |env| env.register_init(async || Err(Error::new("init boom").into())))
}

pub(crate) fn throwing_module() -> Module {
    module("tasks", "badmod", |env| env.register_init(async || Err(Error::new("module boom").into())))
}

pub(crate) fn orphan_module() -> Module {
    module("nosuchplugin", "m", |env| {
        env.register_init(async |logger: Logger| {
            logger.info("orphan module init");
            Ok(())
        })
    })
}

pub(crate) fn path_conflict() -> Plugin {
    plugin("pathconflict", |env| {
        env.register_init(async |http: RootHttpRouter| http.mount("/healthcheck/sub", Router::new()))
    })
}

pub(crate) fn throwing_registration() -> Plugin {
    plugin("regthrow", |_| Err::<(), _>(Error::new("register boom")))
}

/// Services and extension points that carry nothing: only who asks for whom counts.
macro_rules! empty {
    ($($name:ident, $scope:ident, $id:literal;)*) => {$(
        #[derive(Clone)]
        struct $name;
        impl Service for $name {
            const ID: &'static str = $id;
            type Scope = scope::$scope;
        }
    )*};
}

empty! {
    Missing, Plugin, "my.missing";
    CircleA, Root, "circ.a";
    CircleB, Root, "circ.b";
    Twice, Root, "dup.svc";
    Bad, Root, "bad.root";
    PointA, Extension, "ep.a";
    PointB, Extension, "ep.b";
}

pub(crate) fn missing_dependency() -> Plugin {
    plugin("missingdep", |env| env.register_init(async |_: Missing| Ok(())))
}

pub(crate) fn circle_a() -> ServiceFactory {
    service(async |_: CircleB| Ok(CircleA))
}

pub(crate) fn circle_b() -> ServiceFactory {
    service(async |_: CircleA| Ok(CircleB))
}

pub(crate) fn twice() -> ServiceFactory {
    service(async || Ok(Twice))
}

pub(crate) fn bad_factory() -> ServiceFactory {
    service(async || Err::<Bad, _>(Error::new("factory boom").into())).always()
}

pub(crate) fn circular_module_1() -> Module {
    module("tasks", "cm1", |env| {
        env.register_extension_point(PointA);
        env.register_init(async |_: PointB| Ok(()));
    })
}

pub(crate) fn circular_module_2() -> Module {
    module("tasks", "cm2", |env| {
        env.register_extension_point(PointB);
        env.register_init(async |_: PointA| Ok(()));
    })
}
