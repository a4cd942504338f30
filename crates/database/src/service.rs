//! `core.database`: the handle that plugins ask for, and its default factory.

use std::{fmt, sync::Arc, time::Duration};

use greenroom_config::{DeclareConfig, RootConfig};
use greenroom_core::{
    Lifecycle, Phase, PluginMetadata, RootLifecycle, Service, ServiceFactory, scope, service_with_root,
};
use greenroom_errors::{Error, Result};
use greenroom_health::HealthChecks;
use greenroom_logging::{Logger, warn};
use greenroom_metrics::MetricsRegistry;
use greenroom_traces::{Tracer, TracerProvider};
use tokio::sync::OnceCell;

use crate::{
    BoxFuture,
    client::Client,
    driver::DatabaseDriver,
    health::DatabaseHealth,
    keepalive::keep_alive,
    measured::DatabaseMetrics,
    pools::Pools,
    settings::{DatabaseSettings, PluginDatabase},
    target::{Sqlite, Target},
};

/// How long connections that are in use at a stop are waited for.
const CLOSE: Duration = Duration::from_secs(10);

/// What gives a plugin its database; implement it to replace or mock one.
pub trait DatabaseService: Send + Sync + 'static {
    /// The plugin's client, made at the first call.
    fn client(&self) -> BoxFuture<'_, Result<Client, Error>>;

    /// Whether somebody else makes the tables: `skipMigrations`.
    fn skips_migrations(&self) -> bool;

    /// Makes readiness depend on the database. Where nothing is checked, nothing happens.
    fn require_for_readiness(&self) {}
}

/// A plugin's database. Backstage's `core.database`. See the [crate's example](crate).
#[derive(Clone)]
pub struct Database(Arc<dyn DatabaseService>);

impl Service for Database {
    const ID: &'static str = "core.database";
    type Scope = scope::Plugin;
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Database")
    }
}

impl Database {
    /// A handle on an implementation of one's own.
    pub fn new(service: impl DatabaseService) -> Self {
        Self(Arc::new(service))
    }

    /// The plugin's client. The first call makes the database, if it is missing, and connects; a call that fails is tried again by the
    /// next one.
    ///
    /// # Errors
    /// If it cannot be reached or made, or is of a kind that this program has no driver for.
    pub async fn client(&self) -> Result<Client, Error> {
        self.0.client().await
    }

    /// Whether somebody else makes the tables. [`Client::migrate`] heeds it by itself.
    pub fn skips_migrations(&self) -> bool {
        self.0.skips_migrations()
    }

    /// Readiness fails while the database does: for a plugin without which the backend serves nobody. From when the plugin has asked for
    /// its client there is the health check `<plugin>.database`, which else only tells.
    pub fn require_for_readiness(&self) {
        self.0.require_for_readiness();
    }

    /// The default factory, by `backend.database` and the [drivers](DatabaseDriver) that are installed. Nothing is made
    /// before a plugin asks for it.
    ///
    /// `node_env` is `NODE_ENV`: in production it is told where data lives in memory.
    pub fn factory(node_env: Option<String>) -> ServiceFactory {
        let is_production = node_env.as_deref() == Some("production");
        service_with_root(
            async move |config: RootConfig,
                        drivers: Vec<DatabaseDriver>,
                        lifecycle: RootLifecycle,
                        registry: Option<MetricsRegistry>,
                        traces: Option<TracerProvider>| {
                let settings = DatabaseSettings::from_config(&config.frozen())?;
                let tracer = traces.map_or_else(Tracer::noop, |traces| traces.own());
                let metrics = registry.map(|registry| DatabaseMetrics::new(&registry, tracer));
                let pools = Pools::default();
                Ok(Arc::new(Shared { settings, drivers, lifecycle, metrics, pools, is_production }))
            },
            async |shared: Arc<Shared>,
                   me: PluginMetadata,
                   lifecycle: Lifecycle,
                   logger: Logger,
                   checks: HealthChecks| {
                let database = shared.settings.for_plugin(me.id())?;
                DatabaseHealth::announce(&checks);
                let (health, client) = (DatabaseHealth::default(), OnceCell::new());
                Ok(Self::new(OfPlugin { shared, database, lifecycle, logger, checks, health, client }))
            },
        )
        .reads_with_warnings(DatabaseSettings::from_config, DatabaseSettings::warnings)
    }
}

/// What all plugins share.
struct Shared {
    settings: DatabaseSettings,
    drivers: Vec<DatabaseDriver>,
    lifecycle: RootLifecycle,
    metrics: Option<DatabaseMetrics>,
    pools: Pools,
    is_production: bool,
}

/// One plugin's.
struct OfPlugin {
    shared: Arc<Shared>,
    database: PluginDatabase,
    lifecycle: Lifecycle,
    logger: Logger,
    checks: HealthChecks,
    health: DatabaseHealth,
    client: OnceCell<Client>,
}

impl DatabaseService for OfPlugin {
    fn client(&self) -> BoxFuture<'_, Result<Client, Error>> {
        Box::pin(async { self.client.get_or_try_init(|| self.try_to_open()).await.cloned() })
    }

    fn skips_migrations(&self) -> bool {
        self.database.skip_migrations
    }

    fn require_for_readiness(&self) {
        self.health.require();
    }
}

impl OfPlugin {
    /// Opens it; the plugin's check tells why that cannot be.
    async fn try_to_open(&self) -> Result<Client, Error> {
        let opened = self.open().await;
        match &opened {
            Ok(client) => {
                let pools = &self.shared.pools;
                let most = match pools.knows(&self.database) {
                    true => None,
                    false => client.most_connections().await,
                };
                pools.opened(&self.database, most);
                self.health.opened(&self.checks, &self.database, client.clone(), pools.clone());
            }
            Err(why) => self.health.not_opened(&self.checks, &self.database, why),
        }
        opened
    }

    async fn open(&self) -> Result<Client, Error> {
        let Self { shared, database, lifecycle, logger, .. } = self;
        let engine = database.target.engine();
        let driver =
            shared.drivers.iter().rev().find(|driver| driver.engine() == engine).ok_or_else(|| {
                Error::new(format!(
                    "Database client '{}' of plugin '{}' is {engine}, which this program was built without",
                    database.client, database.plugin
                ))
            })?;
        self.warn_of_memory();
        let open = driver.open(database.clone()).await?;
        let (owned, said) = (database.clone(), logger.clone());
        let client = match &shared.metrics {
            Some(metrics) => Client::measured(open, owned, said, metrics),
            None => Client::new(open, owned, said),
        };
        let closing = client.clone();
        let name = format!("close the database of plugin '{}'", database.plugin);
        let close = async move || {
            closing.close().await;
            Ok(())
        };
        if let Err(too_late) = shared.lifecycle.add_hook_in(Phase::Close, name, CLOSE, close) {
            client.close().await;
            return Err(Error::from_any(too_late));
        }
        if shared.settings.keepalive {
            let plugin = database.plugin.to_string();
            lifecycle.spawn("database keepalive", keep_alive(plugin, client.clone(), logger.clone()));
        }
        Ok(client)
    }

    /// Who has written `:memory:` for a development knows it.
    fn warn_of_memory(&self) {
        let Shared { settings, is_production, .. } = &*self.shared;
        let is_unexpected = *is_production || !settings.is_configured;
        if self.database.target == Target::Sqlite(Sqlite::Memory) && is_unexpected {
            let plugin = &self.database.plugin;
            warn!(
                self.logger,
                key = "backend.database.connection.directory",
                "The data of plugin '{plugin}' is in memory and is lost when the backend stops: set \
                 backend.database.connection.directory to keep it in files, or backend.database.client to pg"
            );
        }
    }
}
