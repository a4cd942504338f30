//! What a plugin holds of its database.

use std::{
    any::{TypeId, type_name},
    fmt,
    sync::Arc,
};

use greenroom_errors::{BoxError, Error, Result};
use greenroom_logging::{Logger, info};

use crate::{
    driver::OpenDatabase,
    error::DatabaseError,
    migration::Migrations,
    settings::PluginDatabase,
    target::{Engine, Target},
};

/// A plugin's database: its pool, its migrations, and what errors mean. A cheap handle; there is one client per plugin.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    open: Arc<dyn OpenDatabase>,
    database: PluginDatabase,
    logger: Logger,
}

impl Client {
    /// A client of what a driver has opened.
    pub fn new(open: Arc<dyn OpenDatabase>, database: PluginDatabase, logger: Logger) -> Self {
        Self(Arc::new(Inner { open, database, logger }))
    }

    /// Which SQL it speaks.
    pub fn engine(&self) -> Engine {
        self.0.database.target.engine()
    }

    /// Where the data is.
    pub fn target(&self) -> &Target {
        &self.0.database.target
    }

    /// The pool of connections, by the driver's type of it.
    ///
    /// A plugin that speaks to both asks [`engine`](Self::engine) first:
    ///
    /// ```
    /// use greenroom_database::{Client, Engine};
    /// # type SqlitePool = String;
    /// # type PgPool = u64;
    ///
    /// enum Store {
    ///     Sqlite(SqlitePool), // of `greenroom_database_sqlite`
    ///     Postgres(PgPool),   // of `greenroom_database_postgres`
    /// }
    ///
    /// fn store(client: &Client) -> greenroom_errors::Result<Store> {
    ///     Ok(match client.engine() {
    ///         Engine::Sqlite => Store::Sqlite(client.pool()?),
    ///         Engine::Postgres => Store::Postgres(client.pool()?),
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    /// If the configured client has no such pool: the plugin was written for another database.
    pub fn pool<P: Clone + 'static>(&self) -> Result<P, Error> {
        let found = self.0.open.pool(TypeId::of::<P>()).and_then(|pool| pool.downcast_ref::<P>());
        found.cloned().ok_or_else(|| {
            let PluginDatabase { plugin, client, .. } = &self.0.database;
            Error::new(format!(
                "Plugin '{plugin}' asks for the pool `{}`, and its database client is '{client}', by `backend.database.client` or \
                 `backend.database.plugin.{plugin}.client`",
                type_name::<P>()
            ))
        })
    }

    /// Brings the tables to where the plugin wants them. Replicas that start at once take turns: each migration is applied
    /// once. With `skipMigrations` it does nothing.
    ///
    /// # Errors
    /// If one cannot be applied, was changed after it had been, or is not known any more.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), Error> {
        let Inner { open, database, logger } = &*self.0;
        if database.skip_migrations {
            return Ok(());
        }
        let applied = open.migrate(*migrations).await?;
        if !applied.is_empty() {
            info!(logger, migrations = applied.join(", "), "Migrated the database");
        }
        Ok(())
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// Why not.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.0.open.ping().await?)
    }

    /// What an error of the driver's library means, with the plugin, the place and the config key: a lost server is told from a
    /// pool whose connections are all in use. Both are a 503 to clients, who see nothing else of it.
    ///
    /// ```
    /// # use greenroom_database::Client;
    /// # use greenroom_errors::Result;
    /// # async fn query() -> std::io::Result<u32> { Ok(1) }
    /// async fn count(client: &Client) -> Result<u32> {
    ///     match query().await {
    ///         Ok(count) => Ok(count),
    ///         Err(error) => Err(client.explain(error).await.into()),
    ///     }
    /// }
    /// ```
    pub async fn explain(&self, error: impl Into<BoxError>) -> Error {
        match error.into().downcast::<DatabaseError>() {
            Ok(known) => Error::from(*known),
            Err(other) => Error::from(self.0.open.explain(other).await),
        }
    }

    /// Waits for connections in use, and closes all.
    pub(crate) async fn close(&self) {
        self.0.open.close().await;
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0.database.target).finish()
    }
}
