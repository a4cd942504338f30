//! One step of a sweep.

use greenroom_database_sql::{Engine, Transaction, sqlx};

use super::delete::delete_sessions;
use crate::Store;

/// How many sessions go at once.
const SESSIONS: i64 = 50;
/// How many requests of the backend do.
const REQUESTS: i64 = 2_000;

pub(super) enum Step {
    Deleted {
        sessions: u64,
        requests: u64,
    },
    NothingLeft,
    /// Another replica is at it.
    ByAnother,
}

impl Store {
    /// Deletes some of what is too old, else of what is too much.
    pub(super) async fn step(&self, oldest_ms: i64, bytes: u64) -> sqlx::Result<Step> {
        if self.has_before(oldest_ms).await? {
            return self.delete_step(oldest_ms).await;
        }
        if self.used().await? <= bytes {
            return Ok(Step::NothingLeft);
        }
        match self.some_of_the_oldest().await? {
            Some(before_ms) => self.delete_step(before_ms).await,
            None => Ok(Step::NothingLeft),
        }
    }

    /// Whether there is anything that ended before then.
    async fn has_before(&self, before_ms: i64) -> sqlx::Result<bool> {
        let sql = self.pool().sql("select (select count(*) from (select 1 from rum_session where last_ms < ");
        let sql = sql.bind(before_ms).then(" limit 1) s) + (select count(*) from (select 1 from rum_request");
        let sql = sql.then(" where start_ms < ").bind(before_ms).then(" limit 1) r)");
        Ok(self.number(sql).await? > Some(0))
    }

    /// A time before which there is something, and not very much.
    async fn some_of_the_oldest(&self) -> sqlx::Result<Option<i64>> {
        let sessions = self
            .pool()
            .sql("select max(last_ms) from (select last_ms from rum_session order by last_ms limit ")
            .bind(SESSIONS)
            .then(") s");
        let requests = self
            .pool()
            .sql("select max(start_ms) from (select start_ms from rum_request order by start_ms limit ")
            .bind(REQUESTS)
            .then(") r");
        let times = [self.number(sessions).await?, self.number(requests).await?];
        Ok(times.into_iter().flatten().min().map(|time| time.saturating_add(1)))
    }

    /// Deletes some of what ended before then.
    async fn delete_step(&self, before_ms: i64) -> sqlx::Result<Step> {
        let mut transaction = self.pool().begin().await?;
        if !is_the_only_sweep(&mut transaction).await? {
            transaction.rollback().await?;
            return Ok(Step::ByAnother);
        }
        let sql = transaction.sql("select id from rum_session where last_ms < ").bind(before_ms);
        let sql = sql.then(" order by last_ms limit ").bind(SESSIONS);
        let ids = transaction.rows::<(String,)>(sql).await?.into_iter().map(|(id,)| id).collect();
        let sessions = delete_sessions(&mut transaction, ids).await?.deleted.sessions;
        let sql = transaction
            .sql("delete from rum_request where id in (select id from rum_request where start_ms < ");
        let sql = sql.bind(before_ms).then(" order by start_ms limit ").bind(REQUESTS).then(")");
        let requests = transaction.execute(sql).await?;
        transaction.commit().await?;
        Ok(Step::Deleted { sessions, requests })
    }
}

/// Whether no other replica sweeps. SQLite lets nobody else write meanwhile.
async fn is_the_only_sweep(transaction: &mut Transaction) -> sqlx::Result<bool> {
    if transaction.engine() == Engine::Sqlite {
        return Ok(true);
    }
    let sql = transaction
        .sql("select cast(pg_try_advisory_xact_lock(hashtext('greenroom sweeps rum')) as integer)::bigint");
    let taken = transaction.rows::<(i64,)>(sql).await?;
    Ok(taken.first().is_some_and(|(taken,)| *taken == 1))
}
