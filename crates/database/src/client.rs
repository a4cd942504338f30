//! What a plugin holds of its database.

use std::{
    any::{TypeId, type_name},
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom_errors::{BoxError, Error, Result};
use greenroom_logging::{Logger, info};
use tokio::time::timeout;

use crate::{
    driver::OpenDatabase,
    error::DatabaseError,
    migration::Migrations,
    settings::PluginDatabase,
    target::{Engine, Target},
};

/// How long an answer to `select 1` is waited for, its connection included.
const PING: Duration = Duration::from_secs(5);

/// A plugin's database: its pool, its migrations, and what errors mean. A cheap handle; there is one client per plugin.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    open: Arc<dyn OpenDatabase>,
    database: PluginDatabase,
    logger: Logger,
    /// Whether it was away when something was last heard of it.
    is_away: AtomicBool,
}

impl Client {
    /// A client of what a driver has opened.
    pub fn new(open: Arc<dyn OpenDatabase>, database: PluginDatabase, logger: Logger) -> Self {
        Self(Arc::new(Inner { open, database, logger, is_away: AtomicBool::new(false) }))
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
        let Inner { open, database, logger, .. } = &*self.0;
        if database.skip_migrations {
            return Ok(());
        }
        let applied = open.migrate(*migrations).await.map_err(|error| self.heard(error))?;
        if !applied.is_empty() {
            info!(logger, migrations = applied.join(", "), "Migrated the database");
        }
        Ok(())
    }

    /// Whether it answers, within 5 s.
    ///
    /// # Errors
    /// Why not.
    pub async fn ping(&self) -> Result<(), Error> {
        self.ping_within(PING).await
    }

    pub(crate) async fn ping_within(&self, limit: Duration) -> Result<(), Error> {
        match timeout(limit, self.0.open.ping()).await {
            Ok(Ok(())) => {
                self.0.is_away.store(false, Relaxed);
                Ok(())
            }
            Ok(Err(error)) => Err(self.heard(error)),
            Err(_) => Err(self.heard(self.no_answer(limit))),
        }
    }

    /// Waits for what is asked of the database, at most `query_timeout` of the connection, 30 s unless set, and says what an error
    /// means. **All that a plugin asks belongs into it**: a server that stands still, or a network that swallows what is sent, would
    /// else hold up the caller for as long as the operating system waits.
    ///
    /// ```
    /// # use greenroom_database::Client;
    /// # use greenroom_errors::Result;
    /// # async fn query() -> std::io::Result<u32> { Ok(1) }
    /// async fn count(client: &Client) -> Result<u32> {
    ///     Ok(client.run(query()).await?)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`explain`](Self::explain) says, and if nothing was heard in time. What was asked may be done by the server all the same;
    /// a transaction is not committed.
    pub async fn run<T, E>(&self, asked: impl Future<Output = Result<T, E>>) -> Result<T, Error>
    where
        E: Into<BoxError>,
    {
        self.run_within(self.0.database.query_timeout, asked).await
    }

    /// The same for what is known to take longer, or must not take as long.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_within<T, E>(
        &self,
        limit: Duration,
        asked: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error>
    where
        E: Into<BoxError>,
    {
        match timeout(limit, asked).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.explain(error).await),
            Err(_) => Err(self.heard(self.no_answer(limit))),
        }
    }

    fn no_answer(&self, limit: Duration) -> DatabaseError {
        self.0.database.timed_out(format_args!("nothing was heard for {} s", limit.as_secs_f64()))
    }

    /// What an error of the driver's library means, with the plugin, the place and the config key: a lost server is told from a
    /// pool whose connections are all in use. Both are a 503 to clients, who see nothing else of it. What is explained already, and
    /// any other error of Greenroom's, stays as it is.
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
            Ok(known) => self.heard(*known),
            Err(other) => match other.downcast::<Error>() {
                Ok(explained) => *explained,
                Err(other) => self.heard(self.0.open.explain(other).await),
            },
        }
    }

    /// Remembers whether it was away.
    #[track_caller]
    fn heard(&self, error: DatabaseError) -> Error {
        if matches!(error, DatabaseError::Unreachable { .. } | DatabaseError::TimedOut { .. }) {
            self.0.is_away.store(true, Relaxed);
        }
        Error::from(error)
    }

    /// Whether it was away when something was last heard of it.
    pub(crate) fn is_away(&self) -> bool {
        self.0.is_away.load(Relaxed)
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
