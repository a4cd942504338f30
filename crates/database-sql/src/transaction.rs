//! A transaction of either engine.

use greenroom_database::Engine;
use sqlx::AssertSqlSafe;

use crate::{Insert, Pool, Row, Sql, bind::bound, insert::at_once, pool::Connections};

/// Gone without a trace unless it is committed.
#[derive(Debug)]
pub struct Transaction(Open);

#[derive(Debug)]
enum Open {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// The same on both: they differ by type alone.
macro_rules! on {
    ($open:expr, $transaction:ident => $do:expr) => {
        match $open {
            #[cfg(feature = "sqlite")]
            Open::Sqlite($transaction) => $do,
            #[cfg(feature = "postgres")]
            Open::Postgres($transaction) => $do,
        }
    };
}

impl Transaction {
    pub(crate) async fn begin(pool: &Pool) -> sqlx::Result<Self> {
        Ok(Self(match &pool.0 {
            // One that began to read and then writes could not wait for another writer.
            #[cfg(feature = "sqlite")]
            Connections::Sqlite { writer, .. } => Open::Sqlite(writer.begin_with("begin immediate").await?),
            #[cfg(feature = "postgres")]
            Connections::Postgres(pool) => Open::Postgres(pool.begin().await?),
        }))
    }

    /// SQLite or PostgreSQL.
    pub fn engine(&self) -> Engine {
        match self.0 {
            #[cfg(feature = "sqlite")]
            Open::Sqlite(_) => Engine::Sqlite,
            #[cfg(feature = "postgres")]
            Open::Postgres(_) => Engine::Postgres,
        }
    }

    /// A statement that begins like this.
    pub fn sql(&self, text: &'static str) -> Sql {
        Sql::new(self.engine(), text)
    }

    /// Has it all stay.
    ///
    /// # Errors
    /// What sqlx says.
    pub async fn commit(self) -> sqlx::Result<()> {
        on!(self.0, transaction => transaction.commit().await)
    }

    /// Takes it all back, and waits until that is done.
    ///
    /// # Errors
    /// What sqlx says.
    pub async fn rollback(self) -> sqlx::Result<()> {
        on!(self.0, transaction => transaction.rollback().await)
    }

    /// How many rows it has changed.
    ///
    /// # Errors
    /// What sqlx says.
    pub async fn execute(&mut self, sql: Sql) -> sqlx::Result<u64> {
        let Sql { text, binds, .. } = sql;
        let query = AssertSqlSafe(text);
        on!(&mut self.0, transaction => {
            Ok(bound!(sqlx::query(query), binds).execute(&mut **transaction).await?.rows_affected())
        })
    }

    /// All rows, of a question or of a statement that returns some.
    ///
    /// # Errors
    /// What sqlx says.
    pub async fn rows<T: Row>(&mut self, sql: Sql) -> sqlx::Result<Vec<T>> {
        let Sql { text, binds, .. } = sql;
        let query = AssertSqlSafe(text);
        on!(&mut self.0, transaction => {
            bound!(sqlx::query_as::<_, T>(query), binds).fetch_all(&mut **transaction).await
        })
    }

    /// Inserts rows, and says how many of them have changed something.
    ///
    /// # Errors
    /// What sqlx says.
    pub async fn insert<R: Insert>(&mut self, rows: Vec<R>) -> sqlx::Result<u64> {
        let (mut rows, mut changed) = (rows.into_iter(), 0);
        while let Some(sql) = self.next(&mut rows) {
            changed += self.execute(sql).await?;
        }
        Ok(changed)
    }

    /// The statement for the next ones of these rows.
    fn next<R: Insert>(&self, rows: &mut std::vec::IntoIter<R>) -> Option<Sql> {
        let count = (rows.len() > 0).then(|| at_once(rows.len()))?;
        let mut sql = Sql::new(self.engine(), &R::TABLE.insert(self.engine(), count));
        sql.binds = rows.by_ref().take(count).flat_map(R::binds).collect();
        Some(sql)
    }
}
