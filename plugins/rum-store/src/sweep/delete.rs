//! Deletes sessions, with all that is of them.

use greenroom::errors::Error;
use greenroom_database_sql::{Transaction, sqlx};

use crate::{
    Store,
    batch::LONGEST,
    size::{OF_EVENT, OF_VIEW},
    text::first_bytes,
};

/// How many sessions of somebody go in one transaction.
const AT_ONCE: i64 = 50;
/// How many rows go in one transaction, about.
const ROWS: u64 = 5_000;

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
    /// If not all is deleted: some may be.
    pub async fn delete_session(&self, id: &str) -> Result<Deleted, Error> {
        let mut all = Deleted::default();
        loop {
            let Part { deleted, is_last } = self.run(Box::pin(self.delete_part(id))).await?;
            all = all.and(deleted);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Deletes all sessions of a user, by the id that the portal has told or by the one that the SDK has made up.
    ///
    /// # Errors
    /// If not all is deleted: some may be.
    pub async fn delete_user(&self, id: &str) -> Result<Deleted, Error> {
        // It is kept no longer than that.
        let id = first_bytes(id, LONGEST);
        let mut all = Deleted::default();
        while let Some(some) = self.run(Box::pin(self.delete_some(id))).await? {
            all = all.and(some);
        }
        Ok(all)
    }

    /// `None` once there is no session any more.
    async fn delete_some(&self, user: &str) -> sqlx::Result<Option<Deleted>> {
        let mut transaction = self.pool().begin().await?;
        let sql = transaction.sql("select id from rum_session where usr_id = ").bind(user);
        let sql = sql.then(" or anonymous_id = ").bind(user).then(" limit ").bind(AT_ONCE);
        let found = transaction.rows::<(String,)>(sql).await?;
        if found.is_empty() {
            transaction.rollback().await?;
            return Ok(None);
        }
        let found = found.into_iter().map(|(id,)| id).collect();
        let Part { deleted, .. } = delete_sessions(&mut transaction, found).await?;
        transaction.commit().await?;
        Ok(Some(deleted))
    }

    async fn delete_part(&self, session: &str) -> sqlx::Result<Part> {
        let mut transaction = self.pool().begin().await?;
        let part = delete_sessions(&mut transaction, vec![session.to_owned()]).await?;
        transaction.commit().await?;
        Ok(part)
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

/// What one transaction has deleted.
pub(super) struct Part {
    pub(super) deleted: Deleted,
    /// Whether nothing is left of its sessions.
    pub(super) is_last: bool,
}

/// Deletes sessions, or as much of them as goes in one transaction: those who write wait for it. A session goes once nothing is left of
/// it, so that what is left of a large one is found again.
pub(super) async fn delete_sessions(
    transaction: &mut Transaction,
    mut ids: Vec<String>,
) -> sqlx::Result<Part> {
    let (mut deleted, mut room, mut is_last) = (Deleted::default(), ROWS, true);
    // In the order in which batches wait for one another, too.
    ids.sort_unstable();
    for id in &ids {
        is_last = delete_session(transaction, id, &mut room, &mut deleted).await?;
        if !is_last {
            break;
        }
    }
    if deleted.sessions > 0 {
        delete_empty_groups(transaction).await?;
    }
    Ok(Part { deleted, is_last })
}

/// Whether nothing is left of it.
async fn delete_session(
    transaction: &mut Transaction,
    id: &str,
    room: &mut u64,
    deleted: &mut Deleted,
) -> sqlx::Result<bool> {
    // First, because from then on batches of this session wait until this is committed, and then begin it anew.
    let sql = transaction.sql("update rum_session set bytes = bytes where id = ").bind(id);
    transaction.execute(sql).await?;
    let tables = [
        ("rum_event", OF_EVENT, &mut deleted.events),
        ("rum_view", OF_VIEW, &mut deleted.views),
        ("rum_request", "cast(0 as bigint)", &mut deleted.requests),
    ];
    let mut freed = 0;
    for (table, size, count) in tables {
        let sql = transaction.sql(&format!("delete from {table} where session_id = ")).bind(id);
        let sql = sql.then(&format!(" and id in (select id from {table} where session_id = ")).bind(id);
        let sql = sql.then(" limit ").bind(i64::try_from(*room).unwrap_or(i64::MAX));
        let sizes = transaction.rows::<(i64,)>(sql.then(") returning ").then(size)).await?;
        let rows = sizes.len() as u64;
        freed += sizes.into_iter().map(|(size,)| size).sum::<i64>();
        (*count, *room) = (*count + rows, room.saturating_sub(rows));
    }
    if *room == 0 {
        let sql = transaction.sql("update rum_session set bytes = bytes - ").bind(freed);
        transaction.execute(sql.then(" where id = ").bind(id)).await?;
        return Ok(false);
    }
    let sql = transaction.sql("delete from rum_session where id = ").bind(id);
    deleted.sessions += transaction.execute(sql).await?;
    Ok(true)
}

/// Deletes groups of which there is no error any more.
async fn delete_empty_groups(transaction: &mut Transaction) -> sqlx::Result<u64> {
    let sql = "delete from rum_error_group where not exists \
               (select 1 from rum_event where rum_event.fingerprint = rum_error_group.fingerprint)";
    let sql = transaction.sql(sql);
    transaction.execute(sql).await
}
