//! An open database: its pool, tried once.

use std::{
    any::{Any, TypeId},
    sync::Arc,
    time::Duration,
};

use greenroom_database::{BoxFuture, DatabaseError, Migrations, OpenDatabase, PluginDatabase, Postgres};
use greenroom_errors::BoxError;
use parking_lot::Mutex;
use sqlx::{
    Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::Instant;

use crate::{
    connect::{connect, options, take_on},
    errors, migrate,
};

/// How long it is believed that a server which has let in somebody lets in others.
const KNOWN: Duration = Duration::from_secs(1);

pub(crate) struct Open {
    database: PluginDatabase,
    pool: PgPool,
    options: PgConnectOptions,
    session: Arc<Session>,
    /// When the server has last let in somebody beside the pool.
    let_in: Mutex<Option<Instant>>,
}

/// What each connection takes on.
struct Session {
    role: Option<String>,
    schema: Option<String>,
}

impl Open {
    pub(crate) async fn new(database: PluginDatabase, postgres: &Postgres) -> Result<Self, DatabaseError> {
        let options = options(postgres);
        let session = Arc::new(Session { role: postgres.role.clone(), schema: postgres.schema.clone() });
        let each = session.clone();
        let pool = PgPoolOptions::new()
            .min_connections(database.pool.min)
            .max_connections(database.pool.max)
            .acquire_timeout(database.pool.acquire)
            .idle_timeout(database.pool.idle)
            .after_connect(move |connection, _| {
                let each = each.clone();
                Box::pin(
                    async move { take_on(connection, each.role.as_deref(), each.schema.as_deref()).await },
                )
            })
            .connect_lazy_with(options.clone());
        let open = Self { database, pool, options, session, let_in: Mutex::default() };
        open.try_out().await?;
        Ok(open)
    }

    /// Connects outside of the pool, which would wait for a server that is away, and try a role for ever that is not there.
    async fn try_out(&self) -> Result<(), DatabaseError> {
        let Session { role, schema } = &*self.session;
        let tried = async {
            let mut connection = connect(&self.options).await?;
            take_on(&mut connection, role.as_deref(), schema.as_deref()).await?;
            connection.close().await
        };
        tried.await.map_err(|error| errors::explain(&self.database, error))?;
        *self.let_in.lock() = Some(Instant::now());
        Ok(())
    }

    /// The pool gives up in the same words whether all connections are in use or none can be made: so one is made.
    async fn meaning(&self, error: sqlx::Error) -> DatabaseError {
        if !matches!(error, sqlx::Error::PoolTimedOut) {
            return errors::explain(&self.database, error);
        }
        // A hundred requests that wait in vain do not ask a hundred times. If the server let in somebody while this one waited, it
        // was not the server.
        let lately = KNOWN.min(self.database.pool.acquire / 2);
        let is_known = self.let_in.lock().is_some_and(|at| at.elapsed() < lately);
        if !is_known && let Err(error) = self.try_out().await {
            return error;
        }
        self.database.exhausted(self.database.pool.max)
    }
}

impl OpenDatabase for Open {
    fn pool(&self, wanted: TypeId) -> Option<&(dyn Any + Send + Sync)> {
        (wanted == TypeId::of::<PgPool>()).then_some(&self.pool)
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        Box::pin(async {
            match sqlx::query("select 1").execute(&self.pool).await {
                Ok(_) => Ok(()),
                Err(error) => Err(self.meaning(error).await),
            }
        })
    }

    fn migrate(&self, migrations: Migrations) -> BoxFuture<'_, Result<Vec<&'static str>, DatabaseError>> {
        Box::pin(async move {
            match migrate::migrate(&self.database, &self.pool, migrations).await {
                Ok(done) => done,
                Err(error) => Err(self.meaning(error).await),
            }
        })
    }

    fn explain(&self, error: BoxError) -> BoxFuture<'_, DatabaseError> {
        Box::pin(async {
            match error.downcast::<sqlx::Error>() {
                Ok(error) => self.meaning(*error).await,
                Err(other) => self.database.statement(other),
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.pool.close())
    }
}
