//! The store: its tables, and whoever holds it.

use std::{sync::Arc, time::Duration};

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
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    pool: Pool,
    writer: Writer,
}

impl Store {
    /// The store in this database, with its tables made.
    ///
    /// # Errors
    /// If the database cannot be reached, or its tables are not those of this store.
    pub async fn open(client: &Client) -> Result<Self, Error> {
        client.migrate(&MIGRATIONS).await?;
        Ok(Self(Arc::new(Inner {
            client: client.clone(),
            pool: Pool::of(client)?,
            writer: Writer::default(),
        })))
    }

    /// The connections.
    pub(crate) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// Those who wait to be kept.
    pub(crate) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    /// Has something asked, and says what an error means: a 503 where the database is away, or says nothing in time.
    ///
    /// # Errors
    /// That one.
    pub(crate) async fn run<T>(&self, asked: impl Future<Output = sqlx::Result<T>>) -> Result<T, Error> {
        self.0.client.run(asked).await
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
        self.0.client.run_within(limit, asked).await
    }
}
