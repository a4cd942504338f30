//! How much there is, and how what is free again is given back.

use greenroom_database_sql::{Sql, sqlx};

use crate::Store;

/// How many pages of a file are given back at a time: those who write wait for it.
const PAGES: u32 = 1_000;

impl Store {
    /// About how many bytes are in use. In a file of SQLite it is what the file would be without its free pages; PostgreSQL gives room
    /// back when it likes, so that there it is what was counted.
    pub(super) async fn used(&self) -> sqlx::Result<u64> {
        let used = self.pool().sql("").by_engine(
            "select (page_count - freelist_count) * page_size \
             from pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
            "select cast(coalesce((select sum(bytes) from rum_session), 0) \
             + 400 * (select count(*) from rum_request) as bigint)",
        );
        let used = self.number(used).await?;
        Ok(used.and_then(|used| u64::try_from(used).ok()).unwrap_or_default())
    }

    /// Gives back some of what is free, and says how many pages.
    pub(super) async fn shrink(&self) -> sqlx::Result<u64> {
        self.pool().shrink(PAGES).await
    }

    /// The one number that a question gives.
    pub(super) async fn number(&self, sql: Sql) -> sqlx::Result<Option<i64>> {
        Ok(self.pool().row::<(Option<i64>,)>(sql).await?.and_then(|(number,)| number))
    }
}
