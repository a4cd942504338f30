//! A transaction of either database.

use greenroom_database_postgres::sqlx::Postgres;
use greenroom_database_sqlite::sqlx::{self, AssertSqlSafe, Sqlite};

use super::{Cell, Row, table::at_once};
use crate::pool::Pool;

/// Gone without a trace unless it is committed.
#[derive(Debug)]
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// The same on both: they differ by type alone.
macro_rules! on {
    ($self:expr, $connection:ident => $do:expr) => {
        match $self {
            Transaction::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $do
            }
            Transaction::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $do
            }
        }
    };
}

impl Transaction {
    /// Begins one that writes.
    pub(crate) async fn begin(pool: &Pool) -> sqlx::Result<Self> {
        Ok(match pool {
            // One that began to read and then writes could not wait for another writer.
            Pool::Sqlite { writer, .. } => Self::Sqlite(writer.begin_with("begin immediate").await?),
            Pool::Postgres(pool) => Self::Postgres(pool.begin().await?),
        })
    }

    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }

    pub(crate) async fn rollback(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.rollback().await,
            Self::Postgres(transaction) => transaction.rollback().await,
        }
    }

    /// How many rows it has changed. The statement is one of this crate's own.
    pub(crate) async fn execute(&mut self, sql: String, cells: Vec<Cell>) -> sqlx::Result<u64> {
        on!(self, connection => {
            let query = cells.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, cell| match cell {
                Cell::Int(value) => query.bind(value),
                Cell::Real(value) => query.bind(value),
                Cell::Text(value) => query.bind(value),
                Cell::Bytes(value) => query.bind(value),
            });
            Ok(query.execute(connection).await?.rows_affected())
        })
    }

    /// Inserts rows, and says how many of them have changed something.
    pub(crate) async fn insert<R: Row>(&mut self, rows: Vec<R>) -> sqlx::Result<u64> {
        let (mut rows, mut changed) = (rows.into_iter(), 0);
        while rows.len() > 0 {
            let count = at_once(rows.len());
            let cells = rows.by_ref().take(count).flat_map(R::cells).collect();
            changed += self.execute(R::TABLE.insert(count), cells).await?;
        }
        Ok(changed)
    }

    /// Inserts rows, and gives these columns of those that were not there before.
    pub(crate) async fn insert_returning<R: Row, O>(
        &mut self,
        rows: Vec<R>,
        columns: &str,
    ) -> sqlx::Result<Vec<O>>
    where
        O: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> sqlx::FromRow<'r, greenroom_database_postgres::sqlx::postgres::PgRow>
            + Send
            + Unpin,
    {
        let (mut rows, mut returned) = (rows.into_iter(), vec![]);
        while rows.len() > 0 {
            let count = at_once(rows.len());
            let cells = rows.by_ref().take(count).flat_map(R::cells).collect();
            let sql = format!("{} returning {columns}", R::TABLE.insert(count));
            returned.extend(self.fetch_with::<O>(sql, cells).await?);
        }
        Ok(returned)
    }

    async fn fetch_with<O>(&mut self, sql: String, cells: Vec<Cell>) -> sqlx::Result<Vec<O>>
    where
        O: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> sqlx::FromRow<'r, greenroom_database_postgres::sqlx::postgres::PgRow>
            + Send
            + Unpin,
    {
        on!(self, connection => {
            let query = cells.into_iter().fold(sqlx::query_as(AssertSqlSafe(sql)), |query, cell| match cell {
                Cell::Int(value) => query.bind(value),
                Cell::Real(value) => query.bind(value),
                Cell::Text(value) => query.bind(value),
                Cell::Bytes(value) => query.bind(value),
            });
            query.fetch_all(connection).await
        })
    }

    /// All rows of a query of this crate's own, by their columns.
    pub(crate) async fn fetch<O>(&mut self, sql: String, texts: &[&str]) -> sqlx::Result<Vec<O>>
    where
        O: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> sqlx::FromRow<'r, greenroom_database_postgres::sqlx::postgres::PgRow>
            + Send
            + Unpin,
    {
        on!(self, connection => {
            let query = sqlx::query_as(AssertSqlSafe(sql));
            texts.iter().fold(query, |query, text| query.bind(*text)).fetch_all(connection).await
        })
    }
}
