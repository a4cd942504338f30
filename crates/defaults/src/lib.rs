//! `create_backend()`: a backend with every default service factory.
//!
//! ```no_run
//! use greenroom_core::plugin;
//! use greenroom_defaults::create_backend;
//!
//! #[tokio::main]
//! async fn main() {
//!     let hello = plugin("hello", |env| env.register_init(async || Ok(())));
//!     create_backend().add(hello).run().await
//! }
//! ```
//!
//! It reads `app-config.yaml` as Backstage does, `--config` arguments included. What is added replaces the default of
//! the same id, in the order of [`factories`].

mod boot_config;
mod boot_log;
mod config_report;
mod finding;
mod kept_boot;
mod live_config;
mod own_metrics;
mod remarks;
mod schemas;
mod waiting;

use std::sync::Arc;

use greenroom_auth::{Auth, ExternalTokens, HttpAuth, PluginKeys, UserInfo, UserTokens};
use greenroom_config::{ConfigOptions, DeclareConfig, ReadContext, RootConfig};
use greenroom_core::{
    Backend, Declarations, ServiceFactory,
    boot::{Boot, BootReport},
    service,
};
use greenroom_data_dir::{DataDirEnvironment, DataDirectory};
use greenroom_database::{Database, StatementListener};
use greenroom_errors::{Error, Result};
use greenroom_health::{HealthChecks, HealthRegistry, OwnChecks, RootHealth};
use greenroom_http::{HttpRouter, HttpSettings, Overload, RootHttpRouter};
use greenroom_http_client::{ClientEnvironment, HttpClient};
use greenroom_log_store::LogStore;
use greenroom_logging::{BridgeOptions, LogEnvironment, LoggerOptions, RootLogger, fields};
use greenroom_metrics::{LogRecords, Metrics, MetricsRegistry};
use greenroom_ops::{Ops, OpsEnvironment, OpsSettings, OpsToken};
use greenroom_otlp::{OtelEnvironment, OtlpSettings, Telemetry};
use greenroom_traces::{TracerProvider, Tracing};

use crate::{boot_config::BootConfig, boot_log::BootLog, kept_boot::KeptBoot, own_metrics::OwnMetrics};

pub use crate::config_report::ConfigReport;
pub use crate::finding::{Finding, Severity};
pub use crate::schemas::{FeatureSchemas, config_schemas};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

/// What a backend takes from its surroundings, as values.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The config: where it is read from, or itself.
    pub config: ConfigFrom,
    /// `NODE_ENV`, `LOG_LEVEL` and what else decides on lines.
    pub log: LogEnvironment,
    /// Where own files go, unless the config says it.
    pub state: DataDirEnvironment,
    /// By which proxies calls go, and which certificates are trusted.
    pub calls: ClientEnvironment,
    /// Where traces and metrics are sent: the `OTEL_*` variables.
    pub telemetry: OtelEnvironment,
    /// The token of operators, where the environment gives it.
    pub ops: OpsEnvironment,
    /// Whether this backend is the process: panics and what libraries say through `tracing` go to its logger.
    pub is_process: bool,
    /// What whoever starts it has found of the config already: it is told with all else.
    pub found: Vec<Finding>,
}

/// Where the config comes from.
#[derive(Clone, Debug)]
pub enum ConfigFrom {
    /// Files, arguments and variables, read at start.
    Options(ConfigOptions),
    /// One that is there already.
    Loaded(RootConfig),
}

impl Surroundings {
    /// Those of this process, with a config that is there already.
    pub fn of_process(config: RootConfig) -> Self {
        let log = LogEnvironment::from_process();
        let is_process = log.logs_panics();
        let (state, calls) = (DataDirEnvironment::from_process(), ClientEnvironment::from_process());
        let (ops, telemetry) = (OpsEnvironment::from_process(), OtelEnvironment::from_process());
        let config = ConfigFrom::Loaded(config);
        Self { config, log, state, calls, telemetry, ops, is_process, found: vec![] }
    }
}

/// A backend with all defaults, configured by this process's files, arguments and environment.
pub fn create_backend() -> Backend {
    let log = LogEnvironment::from_process();
    let is_process = log.logs_panics();
    match ConfigOptions::from_process() {
        Ok(options) => {
            let (state, config) = (DataDirEnvironment::of(&options), ConfigFrom::Options(options));
            let (calls, ops) = (ClientEnvironment::from_process(), OpsEnvironment::from_process());
            let (telemetry, found) = (OtelEnvironment::from_process(), vec![]);
            create_backend_in(Surroundings { config, log, state, calls, telemetry, ops, is_process, found })
        }
        Err(error) => {
            let error = Error::from_any(error);
            Backend::new([service(async move || Err::<RootConfig, _>(error.clone().into()))])
        }
    }
}

/// A backend with all defaults, in surroundings of one's choice.
pub fn create_backend_in(surroundings: Surroundings) -> Backend {
    let Surroundings { log, is_process, found, .. } = surroundings.clone();
    let backend = Backend::new(factories(&surroundings));
    backend.boot(
        async move |config: RootConfig,
                    logger: RootLogger,
                    declarations: Declarations,
                    token: OpsToken,
                    report: BootReport,
                    data: DataDirectory| {
            let mut boot = boot(&config, &logger, &log, &declarations, found)?;
            if is_process {
                logger.log_panics().forever();
                logger.install_tracing(BridgeOptions::new().listener(StatementListener));
                let kept = KeptBoot { report, data, config: config.clone() };
                boot.observer = kept.beside(boot.observer, &logger);
            }
            if LoggerOptions::from_config(&config, &log).is_ok_and(|log| log.format.has_additions()) {
                logger.child(fields! { service: "ops" }).info(token.told());
            }
            Ok(boot)
        },
    )
}

fn boot(
    config: &RootConfig,
    logger: &RootLogger,
    log: &LogEnvironment,
    declarations: &Declarations,
    found: Vec<Finding>,
) -> Result<Boot> {
    let features = FeatureSchemas::of(declarations, config);
    // News is what loaders brought, or that the config is not by the default factory.
    if features.declare(config)? {
        logger.add_redactions(config.secrets());
    }
    let context = ReadContext { node_env: log.node_env.clone(), declarations: declarations.clone() };
    let mut report = ConfigReport::by(&features, &context, config);
    report.add_all(found);
    let additions = LoggerOptions::from_config(config, log).is_ok_and(|log| log.format.has_additions());
    report.tell(logger, additions, &config.masks());
    live_config::follow(config, logger, log, &context, &report);
    // One that cannot be read is among the faults, which are told first.
    let BootConfig { policy, deadlines } = BootConfig::from_config(config).unwrap_or_default();
    let observer = Arc::new(BootLog::new(logger, !additions));
    Ok(Boot { policy, deadlines, observer, faults: report.faults() })
}

/// Every default factory, in the order in which root services are made.
pub fn factories(surroundings: &Surroundings) -> Vec<ServiceFactory> {
    let Surroundings { config, log, state, calls, telemetry, ops, .. } = surroundings.clone();
    let (node_env, read_log) = (log.node_env.clone(), log.clone());
    let factories = [
        service(async move |declarations: Declarations| {
            let config = match config {
                ConfigFrom::Loaded(config) => config,
                ConfigFrom::Options(options) => RootConfig::load(&options)?,
            };
            FeatureSchemas::of(&declarations, &config).declare(&config)?;
            Ok(config)
        }),
        LogStore::factory(),
        LogRecords::factory(),
        service(
            async move |config: RootConfig,
                        store: LogStore,
                        records: LogRecords,
                        declarations: Declarations| {
                let options = LoggerOptions::from_config(&config, &log);
                let context = ReadContext { node_env: log.node_env, declarations };
                // Without a logger there is no boot, which would tell what else is wrong.
                let options = options.map_err(|error| ConfigReport::of(&context, &config).join(error))?;
                // The boot tells them, with those of all other readers.
                let options = LoggerOptions { warnings: vec![], ..options };
                Ok(RootLogger::builder().options(options).tap(store.sink()).tap(records).build())
            },
        )
        .reads_with_warnings(
            move |config| LoggerOptions::from_config(config, &read_log),
            |options| options.warnings.clone(),
        )
        .follows(["level", "overrides", "redactAllowlist"].map(|key| format!("backend.logger.{key}"))),
        greenroom_logging::logger(),
        metrics_registry(telemetry.clone()),
        Metrics::factory(),
        TracerProvider::factory(),
        Tracing::factory(),
        // Before the server listens: the first request is recorded as all others are.
        Telemetry::factory(telemetry, calls.clone()),
        ExternalTokens::factory(),
        PluginKeys::factory(),
        UserTokens::factory(),
        Auth::factory(),
        HttpAuth::factory(),
        UserInfo::factory(),
        HealthRegistry::factory(),
        HealthChecks::factory(),
        RootHealth::factory(),
        OwnMetrics::factory(),
        HttpClient::factory(calls),
        DataDirectory::factory(state.clone()),
        OwnChecks::factory(),
        Database::factory(node_env.clone()),
        HttpSettings::factory(node_env.clone(), state),
        Overload::factory(),
        RootHttpRouter::factory(),
        HttpRouter::factory(),
        OpsSettings::factory(),
        OpsToken::factory(ops, node_env.clone()),
        Ops::factory(node_env),
    ];
    factories.into_iter().chain(drivers()).collect()
}

/// All metrics, kept as whoever sends them on wants them.
fn metrics_registry(telemetry: OtelEnvironment) -> ServiceFactory {
    service(async move |config: RootConfig, logger: RootLogger| {
        let settings = OtlpSettings::from_config(&config, &telemetry)?;
        let sent_as = settings.metrics.map(|_| settings.temporality).unwrap_or_default();
        Ok(MetricsRegistry::sent_as(&logger.child(fields! { service: "metrics" }), sent_as))
    })
}

/// Those that this crate was compiled with.
fn drivers() -> Vec<ServiceFactory> {
    [
        #[cfg(feature = "sqlite")]
        greenroom_database_sqlite::driver(),
        #[cfg(feature = "postgres")]
        greenroom_database_postgres::driver(),
    ]
    .into()
}
