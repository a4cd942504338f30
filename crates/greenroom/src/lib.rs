//! What a plugin author depends on.
//!
//! ```
//! use axum::{Router, routing::get};
//! use greenroom::prelude::*;
//!
//! /// Greets by name at `/api/hello/greet/{name}`.
//! pub fn hello() -> Plugin {
//!     plugin("hello", |env| {
//!         env.register_init(async |logger: Logger, http: HttpRouter, health: HealthChecks| {
//!             http.mount(Router::new().route("/greet/{name}", get(async move |Path(name): Path<String>| {
//!                 logger.child(fields! { name: &name }).info("Greeting.");
//!                 Json(format!("good evening, {name}"))
//!             })));
//!             health.check("manners", async || Check::pass());
//!             Ok(())
//!         });
//!     })
//! }
//! ```
//!
//! This facade has no drivers and no defaults: a backend is made by `greenroom_defaults::create_backend()`. The rooms
//! behind it are re-exported as modules; [`prelude`] is what most plugins need. The guide is `docs/plugin-guide.md`.

pub use greenroom_auth as auth;
pub use greenroom_config as config;
pub use greenroom_context as context;
pub use greenroom_core as core;
#[doc(hidden)]
pub use greenroom_core::__derive;
pub use greenroom_data_dir as data_dir;
pub use greenroom_database as database;
pub use greenroom_errors as errors;
pub use greenroom_health as health;
pub use greenroom_http as http;
pub use greenroom_http_client as http_client;
pub use greenroom_log_store as log_store;
pub use greenroom_logging as logging;
pub use greenroom_metrics as metrics;
pub use greenroom_ops as ops;
pub use greenroom_traces as traces;

/// What to mask in what a plugin tells to others: a message of its own, an error, a page.
///
/// ```
/// use greenroom::redact;
///
/// let target = "https://me:hunter2@example.com/hook?token=abc&page=2";
/// let message = format!("Cannot deliver to {}", redact::url(target));
/// assert_eq!(message, "Cannot deliver to https://***@example.com/hook?token=***&page=2");
///
/// // URLs within a text of somebody else's.
/// assert_eq!(redact::text("connect to postgres://me:pw@db failed"), "connect to postgres://***@db failed");
///
/// // What is named like a secret.
/// let shown = |name: &str, value: &str| if redact::name_is_secret(name) { redact::MASK.to_owned() } else { value.to_owned() };
/// assert_eq!((shown("webhookSecret", "abc"), shown("page", "2")), ("***".to_owned(), "2".to_owned()));
/// ```
///
/// What config declares secret needs none of this in log lines: a logger masks it wherever it stands.
pub mod redact {
    pub use greenroom_redact::{MASK, name_is_secret, text, url};
}

/// What most plugins need, under the names of Backstage's concepts.
pub mod prelude {
    pub use greenroom_auth::{Auth, Credentials, HttpAuth, Principal, UserInfo};
    pub use greenroom_config::{DeclareConfig, RootConfig};
    pub use greenroom_context::{spawn, spawn_blocking};
    pub use greenroom_core::{
        Backend, Decorator, Deps, InstanceMetadata, Lifecycle, Module, Plugin, PluginMetadata, RootLifecycle,
        Service, ServiceFactory, decorate, module, plugin, scope, service,
    };
    pub use greenroom_database::Database;
    pub use greenroom_errors::{BoxError, Error, Result};
    pub use greenroom_health::{Check, Dependency, HealthChecks, Kind, RootHealth, Severity};
    pub use greenroom_http::{AuthPolicy, HandlerResult, HttpRouter, Json, Path, Query, RootHttpRouter};
    pub use greenroom_http_client::HttpClient;
    pub use greenroom_logging::{Logger, RootLogger, debug, error, fields, info, warn};
    pub use greenroom_metrics::{KeyValue, Metrics};
    pub use greenroom_ops::Ops;
    pub use greenroom_traces::{SpanKind, Tracing};
}
