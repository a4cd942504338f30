//! What the surface itself tells as JSON: `docs/operating.md` has each field.

mod boot;
mod config;
mod health;
mod info;
mod page;

use axum::{Router, routing::get};
use greenroom_config::RootConfig;
use greenroom_core::{Deps, InstanceMetadata, RootLifecycle, boot::BootReport};
use greenroom_data_dir::DataDirectory;
use greenroom_health::{HealthRegistry, RootHealth};
use greenroom_http::RootHttpRouter;
use greenroom_http_server::LocalAddr;
use greenroom_log_store::LogStore;
use greenroom_metrics::MetricsRegistry;

/// What it is told from.
#[derive(Clone, Deps)]
pub(crate) struct Sources {
    pub(crate) config: RootConfig,
    pub(crate) report: BootReport,
    pub(crate) metadata: InstanceMetadata,
    pub(crate) lifecycle: RootLifecycle,
    pub(crate) health: RootHealth,
    pub(crate) checks: HealthRegistry,
    pub(crate) data: DataDirectory,
    pub(crate) http: RootHttpRouter,
    pub(crate) metrics: MetricsRegistry,
    pub(crate) lines: Option<LogStore>,
}

/// The same, and what the start has decided.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) sources: Sources,
    pub(crate) node_env: Option<String>,
    pub(crate) own_address: Option<LocalAddr>,
}

pub(crate) fn routes(told: Told) -> Router {
    Router::new()
        .route("/v1/info", get(info::info))
        .route("/v1/boot", get(boot::boot))
        .route("/v1/boots", get(boot::boots))
        .merge(health::routes())
        .route("/v1/config", get(config::config))
        .with_state(told)
}

/// RFC 3339, in UTC, with milliseconds.
fn time(at: std::time::SystemTime) -> Option<String> {
    let at = jiff::Timestamp::try_from(at).ok()?;
    Some(format!("{at:.3}"))
}

/// In milliseconds, whole microseconds kept.
fn millis(duration: std::time::Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
