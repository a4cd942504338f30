//! The surface of operators, `/.greenroom/`: what whoever runs the backend may see and change, and nobody else.
//!
//! ```
//! use axum::{Json, Router, routing::get};
//! use greenroom_core::plugin;
//! use greenroom_ops::{Operator, Ops};
//!
//! async fn depth(operator: Operator) -> Json<u32> {
//!     println!("{} looks", operator.actor());
//!     Json(7)
//! }
//!
//! plugin("queue", |env| {
//!     // GET /.greenroom/v1/queue/depth
//!     env.register_init(async |ops: Ops| ops.mount_api("queue", Router::new().route("/depth", get(depth))));
//! });
//! ```
//!
//! It stands apart from Backstage's routes: no CORS, rate limit or header of theirs is here. A request passes, in this order,
//! `hosts` (is it for us?), `origin` (does a foreign page send it?), `guard` (who is it?), for changes `change` (does a page
//! of ours want it?), and then the route. So no route can be reached in another way, whoever mounts it and when.
//!
//! Who has the [token](OpsToken) may do all. Programs send it as a bearer token. A browser exchanges it, or a link that is good
//! for one use, for a session: a cookie that ends.

// The name under which `#[derive(Deps)]` knows the framework.
extern crate greenroom_core as greenroom;

mod api;
mod audit;
mod change;
mod cookie;
mod events;
mod failed;
mod guard;
mod guesses;
mod headers;
mod hosts;
mod links;
mod listen;
mod metrics;
mod metrics_text;
mod mounts;
mod operator;
mod origin;
mod refusal;
mod secret;
mod service;
mod sessions;
mod settings;
mod sign_in;
mod surface;
mod token;

pub use events::{Event, Events};
pub use hosts::asked as asked_host;
pub use operator::Operator;
pub use service::Ops;
pub use settings::OpsSettings;
pub use token::{OpsEnvironment, OpsToken, TOKEN_FILE};

/// Where the surface is.
pub const ROOT: &str = "/.greenroom";

/// The header in which a page says the [token of its session](Operator::csrf_token).
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
