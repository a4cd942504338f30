//! Deletes sessions, with all that is of them.

use greenroom::errors::Error;
use greenroom_database_sqlite::sqlx;

use super::steps::{cells, places};
use crate::{Store, sql::Transaction};

/// How many sessions of somebody go in one transaction.
const AT_ONCE: usize = 50;

/// What is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// How many sessions.
    pub sessions: u64,
    /// How many views.
    pub views: u64,
    /// How many events.
    pub events: u64,
    /// How many requests of the backend that named such a session.
    pub requests: u64,
}

impl Store {
    /// Deletes a session, if there is one of this id. Who calls it writes down who asked for it.
    ///
    /// # Errors
    /// If nothing is deleted.
    pub async fn delete_session(&self, id: &str) -> Result<Deleted, Error> {
        self.run(self.delete_all(&[id.to_owned()])).await
    }

    /// Deletes all sessions of a user, by the id that the portal has told or by the one that the SDK has made up.
    ///
    /// # Errors
    /// If not all is deleted: some may be.
    pub async fn delete_user(&self, id: &str) -> Result<Deleted, Error> {
        let mut all = Deleted::default();
        loop {
            let some = self.run(self.delete_some(id)).await?;
            if some == Deleted::default() {
                return Ok(all);
            }
            all = all.and(some);
        }
    }

    async fn delete_some(&self, user: &str) -> sqlx::Result<Deleted> {
        let mut transaction = Transaction::begin(self.pool()).await?;
        let sql =
            format!("select id from rum_session where usr_id = $1 or anonymous_id = $1 limit {AT_ONCE}");
        let found = transaction.fetch::<(String,)>(sql, &[user]).await?;
        let ids: Vec<_> = found.into_iter().map(|(id,)| id).collect();
        let deleted = transaction.delete_sessions(&ids).await?;
        transaction.delete_empty_groups().await?;
        transaction.commit().await?;
        Ok(deleted)
    }

    async fn delete_all(&self, ids: &[String]) -> sqlx::Result<Deleted> {
        let mut transaction = Transaction::begin(self.pool()).await?;
        let deleted = transaction.delete_sessions(ids).await?;
        transaction.delete_empty_groups().await?;
        transaction.commit().await?;
        Ok(deleted)
    }
}

impl Deleted {
    fn and(self, other: Self) -> Self {
        Self {
            sessions: self.sessions + other.sessions,
            views: self.views + other.views,
            events: self.events + other.events,
            requests: self.requests + other.requests,
        }
    }
}

impl Transaction {
    /// The sessions first: a batch of one of them waits for that, and then begins it anew.
    pub(super) async fn delete_sessions(&mut self, ids: &[String]) -> sqlx::Result<Deleted> {
        if ids.is_empty() {
            return Ok(Deleted::default());
        }
        let mut counts = [0; 4];
        let of = [
            ("rum_session", "id"),
            ("rum_view", "session_id"),
            ("rum_event", "session_id"),
            ("rum_request", "session_id"),
        ];
        for ((table, column), count) in of.into_iter().zip(&mut counts) {
            let sql = format!("delete from {table} where {column} in ({})", places(ids.len()));
            *count = self.execute(sql, cells(ids)).await?;
        }
        let [sessions, views, events, requests] = counts;
        Ok(Deleted { sessions, views, events, requests })
    }
}
