//! Services, plugins, modules, the graph, start and stop: Backstage's "new backend system", typed.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_core::{Backend, Service, plugin, scope, service};
//!
//! #[derive(Clone)]
//! struct Greeting(&'static str);
//! impl Service for Greeting {
//!     const ID: &'static str = "demo.greeting";
//!     type Scope = scope::Root;
//! }
//!
//! let hello = plugin("hello", |env| {
//!     env.register_init(async |greeting: Greeting| {
//!         assert_eq!(greeting.0, "good evening");
//!         Ok(())
//!     });
//! });
//! let evening = service(async || Ok(Greeting("good evening")));
//! Backend::new([]).add(evening).add(hello).start().await.unwrap().stop().await;
//! # }
//! ```
//!
//! The arguments of a function are its dependencies, so the whole graph is known, and checked, before anything runs.
//! Scope is a compile-time fact. This crate speaks of services, never of a particular one: it reports to a
//! [`boot::BootObserver`] and takes [`boot::BootPolicy`] as a value. It must not know HTTP, config or logging.

mod backend;
pub mod boot;
mod declarations;
mod env;
mod feature;
mod graph;
mod hooks;
mod inject;
mod instances;
mod lifecycle;
mod metadata;
mod owner;
mod panics;
mod process;
mod run;
pub mod scope;
mod service;
mod start_error;
mod stop;

pub use backend::{Backend, Running};
pub use declarations::{Declarations, Declare, FeatureId};
pub use env::{Env, ModuleContext};
pub use feature::{
    Feature, FeatureLoader, Middleware, Module, Plugin, Registered, extension_point_middleware,
    feature_loader, module, plugin,
};
pub use greenroom_core_macros::Deps;
pub use inject::{Callable, Dependency, Inject, InjectAfter, InjectAll, Resolved};
pub use lifecycle::{Lifecycle, Phase, RootLifecycle, State};
pub use metadata::{InstalledPlugin, InstanceMetadata, PluginMetadata};
pub use owner::{Fault, Orphan, Owner};
pub use process::{ForcedEndGuard, at_forced_end, first_signal, serve_signals, stop_backends};
pub use service::{
    Decorator, Multiton, Service, ServiceFactory, decorate, multiton, service, service_with_root,
};
pub use start_error::StartError;

/// What `#[derive(Deps)]` expands to; reached through the name `greenroom`.
#[doc(hidden)]
pub mod __derive {
    pub use crate::{
        inject::{Dependency, Inject, Resolved},
        scope::{ModuleInit, Site},
    };
}
