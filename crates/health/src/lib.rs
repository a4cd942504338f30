//! Readiness, liveness, and named checks that any plugin can register.
//!
//! ```
//! use greenroom_core::plugin;
//! use greenroom_health::{Check, HealthChecks};
//!
//! plugin("tasks", |env| {
//!     env.register_init(async |health: HealthChecks| {
//!         health.check("queue", async || Check::pass());
//!         health.declare("disk").readiness().run(async || Check::fail("no space left"));
//!         Ok(())
//!     });
//! });
//! ```
//!
//! Backstage answers readiness from the backend's lifecycle alone, and liveness always with 200: so does
//! [`RootHealth`], byte for byte, unless a check opted in to readiness. A check runs in the background, every 10 s with
//! a timeout of 1 s unless it was [declared](HealthChecks::declare) otherwise, and probes are answered from its last result, so that
//! no probe waits for a database. One that panics, hangs or blocks its thread fails, and holds up nothing else.
//!
//! What checks say is remembered, over restarts too: [`History`]. What is wrong is told once, however many checks see it:
//! [`HealthRegistry::causes`].
//!
//! This crate must not know HTTP: it yields a status and a payload.

mod cause;
mod check;
mod declare;
mod dependency;
mod entry;
mod handle;
mod history;
mod kept;
mod kind;
mod own;
mod registry;
mod root_health;
mod runner;
mod settings;

pub use cause::Cause;
pub use check::{Check, Outcome};
pub use declare::{DeclaredCheck, HealthChecks};
pub use dependency::Dependency;
pub use handle::CheckHandle;
pub use history::{Change, History};
pub use kind::{Kind, Severity};
pub use own::OwnChecks;
pub use registry::{CheckRun, CheckState, HealthRegistry};
pub use root_health::{HealthResponse, Probe, RootHealth, RootHealthService};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
