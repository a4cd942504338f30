//! The database, whichever it is.

use greenroom_database::{Client, Engine};
#[cfg(feature = "postgres")]
use greenroom_database_postgres::PgPool;
#[cfg(feature = "sqlite")]
use greenroom_database_sqlite::{Readers, SqlitePool};
use greenroom_errors::Error;
use sqlx::AssertSqlSafe;

use crate::{Row, Sql, Transaction, bind::bound};

/// Connections to it. A cheap handle.
#[derive(Clone, Debug)]
pub struct Pool(pub(crate) Connections);

#[derive(Clone, Debug)]
pub(crate) enum Connections {
    /// One connection that writes, and those that read.
    #[cfg(feature = "sqlite")]
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    #[cfg(feature = "postgres")]
    Postgres(PgPool),
}

impl Pool {
    /// The connections of a plugin's client.
    ///
    /// # Errors
    /// If this program was built without its engine.
    pub fn of(client: &Client) -> Result<Self, Error> {
        Ok(Self(match client.engine() {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite => {
                let Readers(readers) = client.pool()?;
                Connections::Sqlite { writer: client.pool()?, readers }
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres => Connections::Postgres(client.pool()?),
            #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
            engine => {
                let text = format!("this program was built without {engine} for `greenroom-database-sql`");
                return Err(Error::new(text));
            }
        }))
    }

    /// SQLite or PostgreSQL.
    pub fn engine(&self) -> Engine {
        match self.0 {
            #[cfg(feature = "sqlite")]
            Connections::Sqlite { .. } => Engine::Sqlite,
            #[cfg(feature = "postgres")]
            Connections::Postgres(_) => Engine::Postgres,
        }
    }

    /// A statement that begins like this.
    pub fn sql(&self, text: &'static str) -> Sql {
        Sql::new(self.engine(), text)
    }

    /// All rows: a statement says itself how many there can be. On SQLite it holds up nobody who writes.
    ///
    /// # Errors
    /// What sqlx says; [`Client::run`] tells what it means.
    pub async fn rows<T: Row>(&self, sql: Sql) -> sqlx::Result<Vec<T>> {
        let Sql { text, binds, .. } = sql;
        // Of values it holds the places alone.
        let query = AssertSqlSafe(text);
        match &self.0 {
            #[cfg(feature = "sqlite")]
            Connections::Sqlite { readers, .. } => {
                bound!(sqlx::query_as::<_, T>(query), binds).fetch_all(readers).await
            }
            #[cfg(feature = "postgres")]
            Connections::Postgres(pool) => bound!(sqlx::query_as::<_, T>(query), binds).fetch_all(pool).await,
        }
    }

    /// The first row, of a statement that gives one at the most.
    ///
    /// # Errors
    /// As of [`rows`](Self::rows).
    pub async fn row<T: Row>(&self, sql: Sql) -> sqlx::Result<Option<T>> {
        Ok(self.rows(sql).await?.into_iter().next())
    }

    /// Statements one after the other, each ended by `;`, to which nothing is bound.
    ///
    /// # Errors
    /// As of [`rows`](Self::rows).
    pub async fn script(&self, statements: String) -> sqlx::Result<()> {
        let statements = sqlx::raw_sql(AssertSqlSafe(statements));
        match &self.0 {
            #[cfg(feature = "sqlite")]
            Connections::Sqlite { writer, .. } => statements.execute(writer).await.map(drop),
            #[cfg(feature = "postgres")]
            Connections::Postgres(pool) => statements.execute(pool).await.map(drop),
        }
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// As of [`rows`](Self::rows).
    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        Transaction::begin(self).await
    }

    /// Gives back at most so many pages that are free, and says how many. PostgreSQL does so by itself.
    ///
    /// # Errors
    /// As of [`rows`](Self::rows).
    pub async fn shrink(&self, pages: u32) -> sqlx::Result<u64> {
        match &self.0 {
            #[cfg(feature = "sqlite")]
            Connections::Sqlite { writer, .. } => greenroom_database_sqlite::shrink(writer, pages).await,
            #[cfg(feature = "postgres")]
            Connections::Postgres(_) => {
                let _ = pages;
                Ok(0)
            }
        }
    }
}
