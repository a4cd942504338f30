//! The HTTP line: root router, plugin routers, headers, error bodies, health routes, drain.
//!
//! ```
//! use axum::{Router, routing::get};
//! use greenroom_core::plugin;
//! use greenroom_errors::Error;
//! use greenroom_http::{AuthPolicy, HandlerResult, HttpRouter, Json, Path};
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
//!         http.add_auth_policy("/greet", AuthPolicy::Unauthenticated)
//!     });
//! });
//! ```
//!
//! A request passes the steps of `server.rs`, the health endpoints, the root routes, and in a plugin's router the steps
//! of `plugin.rs`; its answer leaves by the same steps in the opposite order. What nobody answers is a 404 with an empty
//! body. A request for a [WebSocket](websocket) passes none of them, nor does one for routes that
//! [stand apart](RootHttpRouter::mount_apart). The bytes are those of Backstage's Node backend; where
//! they are not, `docs/compatibility.md` says so.

// The name under which `#[derive(Deps)]` knows the framework.
extern crate greenroom_core as greenroom;

mod access_line;
mod apart;
mod body;
mod client;
mod dispatch;
mod envelope;
mod exchange;
mod express;
mod extract;
mod failure;
pub mod finished;
mod finished_request;
mod forward;
mod health_routes;
mod limits;
mod measured;
mod observer;
mod offered_body;
pub mod old_backend;
mod pipeline;
mod plugin;
mod root;
mod run_to_completion;
mod server;
mod settings;
mod traced;
mod unchanged;
pub mod websocket;

pub use access_line::Routine;
pub use apart::serve_apart;
pub use body::is_event_stream;
pub use client::ClientAddress;
pub use express::{Cors, RateLimits, SecurityHeaders, TrustProxy};
pub use extract::{Json, Path, Query};
pub use failure::{AlreadyTold, ErrorAnswer, HandlerResult, HttpError, ToldError, panicked, told_status};
pub use finished_request::{FinishedRequest, Spent};
pub use forward::{Forward, Forwarded, Forwarding, Passage, Reach, Told};
pub use greenroom_http_server::{
    Certificate, ConnectionLimits, Https, Listen, LocalAddr, RawIo, SELF_SIGNED_FILE, ServerSettings,
    Timeouts,
};
pub use limits::{Hysteresis, Limit, LimitSettings, Limited, Overload};
pub use measured::method as known_method;
pub use plugin::{AuthPolicy, HttpRouter};
pub use root::RootHttpRouter;
pub use settings::HttpSettings;
pub use unchanged::Unchanged;

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
