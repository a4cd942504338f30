//! How much there is, and how what is free again is given back.

use greenroom_database_sqlite::{
    shrink,
    sqlx::{self, AssertSqlSafe},
};

use crate::{Store, pool::Pool};

/// How many pages of a file are given back at a time: those who write wait for it.
const PAGES: u32 = 1_000;

impl Store {
    /// About how many bytes are in use. In a file of SQLite it is what the file would be without its free pages; PostgreSQL gives room
    /// back when it likes, so that there it is what was counted.
    pub(super) async fn used(&self) -> sqlx::Result<u64> {
        let used = match self.pool() {
            Pool::Sqlite { .. } => {
                let sql = "select (page_count - freelist_count) * page_size \
                           from pragma_page_count(), pragma_freelist_count(), pragma_page_size()";
                self.number(sql.to_owned()).await?
            }
            Pool::Postgres(_) => {
                let sql = "select cast(coalesce((select sum(bytes) from rum_session), 0) \
                           + 400 * (select count(*) from rum_request) as bigint)";
                self.number(sql.to_owned()).await?
            }
        };
        Ok(used.and_then(|used| u64::try_from(used).ok()).unwrap_or_default())
    }

    /// Gives back some of what is free, and says how many pages. PostgreSQL does so by itself.
    pub(super) async fn shrink(&self) -> sqlx::Result<u64> {
        match self.pool() {
            Pool::Sqlite { writer, .. } => shrink(writer, PAGES).await,
            Pool::Postgres(_) => Ok(0),
        }
    }

    /// The one number that a query of this crate's own gives.
    pub(super) async fn number(&self, sql: String) -> sqlx::Result<Option<i64>> {
        let sql = AssertSqlSafe(sql);
        match self.pool() {
            Pool::Sqlite { readers, .. } => sqlx::query_scalar(sql).fetch_one(readers).await,
            Pool::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await,
        }
    }
}
