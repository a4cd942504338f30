//! One step of a sweep.

use greenroom_database_sqlite::sqlx;

use crate::{Store, sql::Transaction};

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
        let sql = format!(
            "select (select count(*) from (select 1 from rum_session where last_ms < {before_ms} limit 1) s) \
             + (select count(*) from (select 1 from rum_request where start_ms < {before_ms} limit 1) r)"
        );
        Ok(self.number(sql).await? > Some(0))
    }

    /// A time before which there is something, and not very much.
    async fn some_of_the_oldest(&self) -> sqlx::Result<Option<i64>> {
        let sessions = format!(
            "select max(last_ms) from (select last_ms from rum_session order by last_ms limit {SESSIONS}) s"
        );
        let requests = format!(
            "select max(start_ms) from (select start_ms from rum_request order by start_ms limit {REQUESTS}) r"
        );
        let times = [self.number(sessions).await?, self.number(requests).await?];
        Ok(times.into_iter().flatten().min().map(|time| time.saturating_add(1)))
    }

    /// Deletes some of what ended before then.
    async fn delete_step(&self, before_ms: i64) -> sqlx::Result<Step> {
        let mut transaction = Transaction::begin(self.pool()).await?;
        if !transaction.is_the_only_sweep().await? {
            transaction.rollback().await?;
            return Ok(Step::ByAnother);
        }
        let sql = format!(
            "select id from rum_session where last_ms < {before_ms} order by last_ms limit {SESSIONS}"
        );
        let ids = transaction.fetch::<(String,)>(sql, &[]).await?.into_iter().map(|(id,)| id).collect();
        let sessions = transaction.delete_sessions(ids).await?.deleted.sessions;
        let sql = format!(
            "delete from rum_request where id in \
             (select id from rum_request where start_ms < {before_ms} order by start_ms limit {REQUESTS})"
        );
        let requests = transaction.execute(sql, vec![]).await?;
        transaction.commit().await?;
        Ok(Step::Deleted { sessions, requests })
    }
}

impl Transaction {
    /// Whether no other replica sweeps. SQLite lets nobody else write meanwhile.
    async fn is_the_only_sweep(&mut self) -> sqlx::Result<bool> {
        match self {
            Self::Sqlite(_) => Ok(true),
            Self::Postgres(_) => {
                let sql = "select cast(pg_try_advisory_xact_lock(hashtext('greenroom sweeps rum')) as integer)::bigint";
                let taken = self.fetch::<(i64,)>(sql.to_owned(), &[]).await?;
                Ok(taken.first().is_some_and(|(taken,)| *taken == 1))
            }
        }
    }

    /// Deletes groups of which there is no error any more.
    pub(super) async fn delete_empty_groups(&mut self) -> sqlx::Result<u64> {
        let sql = "delete from rum_error_group where not exists \
                   (select 1 from rum_event where rum_event.fingerprint = rum_error_group.fingerprint)";
        self.execute(sql.to_owned(), vec![]).await
    }
}
