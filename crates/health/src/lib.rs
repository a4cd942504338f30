//! Readiness, liveness, and named checks that any plugin can register.
//!
//! ```
//! use greenroom_core::plugin;
//! use greenroom_health::{Check, HealthChecks};
//!
//! plugin("tasks", |env| {
//!     env.register_init(async |health: HealthChecks| {
//!         health.check("queue", async || Check::pass());
//!         health.check("disk", async || Check::fail("no space left")).readiness();
//!         Ok(())
//!     });
//! });
//! ```
//!
//! Backstage answers readiness from the backend's lifecycle alone, and liveness always with 200: so does
//! [`RootHealth`], byte for byte, unless a check opted in to readiness. A check runs in the background every 10 s with
//! a timeout of 1 s, and probes are answered from its last result, so that no probe waits for a database.
//!
//! This crate must not know HTTP: it yields a status and a payload.

mod check;
mod registry;
mod root_health;

pub use check::{Check, Outcome};
pub use registry::{CheckHandle, CheckRun, CheckState, HealthChecks, HealthRegistry};
pub use root_health::{HealthResponse, Probe, RootHealth, RootHealthService};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
