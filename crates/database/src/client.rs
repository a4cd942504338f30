//! What a plugin holds of its database.

use std::{
    any::{TypeId, type_name},
    fmt,
    future::Future,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use greenroom_errors::{BoxError, Error, Result};
use greenroom_logging::{Logger, info};
use tokio::time::timeout;

use crate::{
    BoxFuture,
    away::Away,
    driver::OpenDatabase,
    error::DatabaseError,
    measured::{Asked, ClientMetrics, DatabaseMetrics},
    migration::Migrations,
    settings::PluginDatabase,
    target::{Engine, Target},
};

/// How long it is waited for what the server says of itself.
const SAYS: Duration = Duration::from_secs(1);
/// How long an answer to `select 1` is waited for, its connection included.
const PING: Duration = Duration::from_secs(5);
/// From when on the database is tried beside what is asked of it.
const IMPATIENT: Duration = Duration::from_secs(1);

/// A plugin's database: its pool, its migrations, and what errors mean. A cheap handle; there is one client per plugin.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    open: Arc<dyn OpenDatabase>,
    database: PluginDatabase,
    logger: Logger,
    away: Away,
    measured: Option<Arc<ClientMetrics>>,
}

impl Client {
    /// A client of what a driver has opened.
    pub fn new(open: Arc<dyn OpenDatabase>, database: PluginDatabase, logger: Logger) -> Self {
        Self(Arc::new(Inner { open, database, logger, away: Away::default(), measured: None }))
    }

    /// The same, measured there.
    pub fn measured(
        open: Arc<dyn OpenDatabase>,
        database: PluginDatabase,
        logger: Logger,
        metrics: &DatabaseMetrics,
    ) -> Self {
        let measured = Some(metrics.of(open.clone(), &database, logger.clone()));
        Self(Arc::new(Inner { open, database, logger, away: Away::default(), measured }))
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
    /// A plugin that speaks to both has `greenroom-database-sql`, or asks [`engine`](Self::engine) first:
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

    /// How many connections its server lets in, if it says so soon.
    pub(crate) async fn most_connections(&self) -> Option<u32> {
        timeout(SAYS, self.0.open.most_connections()).await.ok().flatten()
    }

    pub(crate) async fn ping_within(&self, limit: Duration) -> Result<(), Error> {
        let open = &self.0.open;
        // Where nobody is let in any more, the connections that there are may go on.
        let asked = if self.is_in_doubt() { open.connects() } else { open.ping() };
        self.within(limit, asked).await?;
        self.0.away.answered();
        Ok(())
    }

    async fn within(
        &self,
        limit: Duration,
        asked: BoxFuture<'_, Result<(), DatabaseError>>,
    ) -> Result<(), DatabaseError> {
        let answer = timeout(limit, asked).await.unwrap_or_else(|_| Err(self.no_answer(limit)));
        answer.inspect_err(|error| self.0.away.heard(error))
    }

    /// The next try of a database that has failed. It has as long as an answer has: a server may have to wake up.
    fn tries(&self) -> BoxFuture<'static, Result<(), DatabaseError>> {
        let client = self.clone();
        Box::pin(async move {
            let limit = client.0.database.query_timeout.max(PING);
            client.within(limit, client.0.open.ping()).await.inspect(|()| client.0.away.answered())
        })
    }

    /// A try beside what is asked, which says nothing by itself: that a server takes no more connections does not mean that it is away.
    fn tries_beside(&self) -> BoxFuture<'static, Result<(), DatabaseError>> {
        let client = self.clone();
        Box::pin(async move {
            let asked = timeout(PING, client.0.open.ping()).await;
            asked.unwrap_or_else(|_| Err(client.no_answer(PING)))
        })
    }

    /// Waits for what is asked of the database, at most `query_timeout` of the connection, 30 s unless set, and says what an error
    /// means. **All that a plugin asks belongs into it**: a server that stands still, or a network that swallows what is sent, would
    /// else hold up the caller for as long as the operating system waits.
    ///
    /// Where the last use has failed because nobody was there, or nobody was let in, the database is first tried again: within 2 s it is
    /// told if that fails, too.
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
        let away = &self.0.away;
        // Dropped last: what is still asked then is heard as it ends.
        let measured = self.0.measured.as_ref().map(Asked::begin);
        let mut asked = pin!(Asked::within(measured.as_ref(), asked));
        let answer = timeout(limit, async {
            away.has_a_chance(|| self.tries()).await?;
            let Ok(answer) = timeout(IMPATIENT, asked.as_mut()).await else {
                away.try_beside(|| self.tries_beside());
                return Ok(asked.as_mut().await);
            };
            Ok::<_, DatabaseError>(answer)
        });
        match answer.await {
            Ok(Ok(Ok(value))) => {
                away.answered();
                Ok(value)
            }
            Ok(Ok(Err(error))) => {
                let error = error.into();
                if let Some(measured) = &measured {
                    measured.fails(self.0.open.failure(&error));
                }
                Err(self.explain(error).await)
            }
            // It is remembered already.
            Ok(Err(still_away)) => Err(Error::from(still_away)),
            Err(_) => {
                if let Some(measured) = &measured {
                    measured.fails(Some("timeout".to_owned()));
                }
                Err(self.heard(self.no_answer(limit)))
            }
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

    /// Remembers what it says of the database.
    #[track_caller]
    fn heard(&self, error: DatabaseError) -> Error {
        self.0.away.heard(&error);
        Error::from(error)
    }

    /// Whether the last use went wrong because of the database: nobody was there, nobody was let in, or nothing was heard in time.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.0.away.is_in_doubt()
    }

    /// Has `tell` called when a use fails so, after one that went well.
    pub(crate) fn watch(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.0.away.watch(tell);
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
