//! The HTTP line: root router, plugin routers, headers, error bodies, health routes, drain.
//!
//! ```
//! use axum::{Router, routing::get};
//! use greenroom_core::plugin;
//! use greenroom_errors::Error;
//! use greenroom_http::{Allow, HandlerResult, HttpRouter, Json, Path};
//!
//! async fn greet(Path(name): Path<String>) -> HandlerResult<Json<String>> {
//!     if name.is_empty() {
//!         Err(Error::not_found("Nobody is here"))?
//!     }
//!     Ok(Json(format!("good evening, {name}")))
//! }
//!
//! plugin("hello", |env| {
//!     env.register_init(async |http: HttpRouter| {
//!         http.mount(Router::new().route("/greet/{name}", get(greet)));
//!         http.add_auth_policy("/greet", Allow::Unauthenticated)
//!     });
//! });
//! ```
//!
//! A request passes, in this order: checks in front of the router, security headers, CORS, compression, the access
//! line, the rate limit, health, the root routes; in a plugin's router: its own rate limit, public keys, the lifecycle
//! gate, the credentials barrier, the plugin's routes, the error envelope. What nobody answers is a 404 with an empty
//! body. The bytes are those of Backstage's Node backend; where they are not, `docs/compatibility.md` says so.

mod access_log;
mod client;
mod cors;
mod dispatch;
mod extract;
mod failure;
mod health_routes;
mod matching;
pub mod old_backend;
mod plugin;
mod rate_limit;
mod respond;
mod root;
mod server;
mod settings;
mod tls;

pub use client::{ClientAddress, TrustProxy};
pub use cors::Cors;
pub use extract::{Json, Path};
pub use failure::{HandlerResult, HttpError};
pub use plugin::{Allow, HttpRouter};
pub use rate_limit::RateLimits;
pub use respond::SecurityHeaders;
pub use root::{LocalAddr, RootHttpRouter};
pub use settings::{ConnectionLimits, HttpSettings, Https, Listen, Timeouts};
pub use tls::{Certificate, SELF_SIGNED_FILE};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
