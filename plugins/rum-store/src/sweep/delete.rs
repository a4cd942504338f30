//! Deletes sessions, with all that is of them.

use std::collections::BTreeSet;

use greenroom::errors::Error;
use greenroom_database_sql::{Transaction, pieces, sqlx};

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
    let mut groups = BTreeSet::new();
    // In the order in which batches wait for one another, too.
    ids.sort_unstable();
    for id in &ids {
        is_last = delete_session(transaction, id, &mut room, &mut deleted, &mut groups).await?;
        if !is_last {
            break;
        }
    }
    delete_empty_groups(transaction, groups).await?;
    Ok(Part { deleted, is_last })
}

/// Whether nothing is left of it.
async fn delete_session(
    transaction: &mut Transaction,
    id: &str,
    room: &mut u64,
    deleted: &mut Deleted,
    groups: &mut BTreeSet<String>,
) -> sqlx::Result<bool> {
    // First, because from then on batches of this session wait until this is committed, and then begin it anew.
    let sql = transaction.sql("update rum_session set bytes = bytes where id = ").bind(id);
    transaction.execute(sql).await?;
    let tables = [
        ("rum_event", OF_EVENT, "fingerprint", &mut deleted.events),
        ("rum_view", OF_VIEW, "cast(null as text)", &mut deleted.views),
        ("rum_request", "cast(0 as bigint)", "cast(null as text)", &mut deleted.requests),
    ];
    let mut freed = 0;
    for (table, size, group, count) in tables {
        let sql = transaction.sql("delete from ").then(table).then(" where session_id = ").bind(id);
        let sql = sql.then(" and id in (select id from ").then(table).then(" where session_id = ").bind(id);
        let sql = sql.then(" limit ").bind(i64::try_from(*room).unwrap_or(i64::MAX));
        let sql = sql.then(") returning ").then(size).then(", ").then(group);
        let gone = transaction.rows::<(i64, Option<String>)>(sql).await?;
        let rows = gone.len() as u64;
        freed += gone.iter().map(|(size, _)| size).sum::<i64>();
        groups.extend(gone.into_iter().filter_map(|(_, group)| group));
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

/// Deletes those of these groups of which there is no error any more. They are locked first, in the order in which batches write them: a
/// batch that is about to bring another error of one is then seen, or waits and makes the group anew.
async fn delete_empty_groups(transaction: &mut Transaction, groups: BTreeSet<String>) -> sqlx::Result<()> {
    let groups: Vec<_> = groups.into_iter().collect();
    for groups in pieces(&groups) {
        let those = || groups.iter().map(|group| &**group);
        let sql =
            transaction.sql("select fingerprint from rum_error_group where fingerprint in ").list(those());
        let sql = sql.then(" order by fingerprint").by_engine("", " for update");
        transaction.rows::<(String,)>(sql).await?;
        let sql = transaction.sql("delete from rum_error_group where fingerprint in ").list(those());
        let sql = sql.then(
            " and not exists (select 1 from rum_event where rum_event.fingerprint = rum_error_group.fingerprint)",
        );
        transaction.execute(sql).await?;
    }
    Ok(())
}
