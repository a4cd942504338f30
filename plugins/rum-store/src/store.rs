//! The store: its tables, and whoever holds it.

use std::time::Duration;

use greenroom::{
    database::{Client, Migration, Migrations},
    errors::{Error, Result},
};
use greenroom_database_sql::{Pool, sqlx};

use crate::writer::Writer;

const MIGRATIONS: Migrations = Migrations::new(&[Migration::by_engine(
    "0001-rum",
    include_str!("../migrations/0001-rum.sqlite.sql"),
    include_str!("../migrations/0001-rum.postgres.sql"),
)]);

/// Browser sessions in a database. A cheap handle.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
    writer: Writer,
}

/// The database by itself.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    client: Client,
    pool: Pool,
}

impl Store {
    /// The store in this database, with its tables made. Whoever opens it owns the task that writes, which ends with the backend.
    ///
    /// # Errors
    /// If the database cannot be reached, or its tables are not those of this store.
    pub async fn open(client: &Client) -> Result<Self, Error> {
        client.migrate(&MIGRATIONS).await?;
        let database = Database { client: client.clone(), pool: Pool::of(client)? };
        Ok(Self { writer: Writer::start(database.clone()), database })
    }

    /// Where batches wait to be kept.
    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// The connections.
    pub(crate) fn pool(&self) -> &Pool {
        &self.database.pool
    }

    /// Has something asked, and says what an error means: a 503 where the database is away, or says nothing in time.
    ///
    /// # Errors
    /// That one.
    pub(crate) async fn run<T>(&self, asked: impl Future<Output = sqlx::Result<T>>) -> Result<T, Error> {
        self.database.client.run(asked).await
    }

    /// The same for what must be known sooner.
    ///
    /// # Errors
    /// That one.
    pub(crate) async fn run_within<T>(
        &self,
        limit: Duration,
        asked: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, Error> {
        self.database.run_within(limit, asked).await
    }
}

impl Database {
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Has something asked that must be known soon, and says what an error means: a 503 where the database is away.
    ///
    /// # Errors
    /// That one.
    pub(crate) async fn run_within<T>(
        &self,
        limit: Duration,
        asked: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, Error> {
        self.client.run_within(limit, asked).await
    }
}
