//! Keeps a batch: all of it, or nothing.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use greenroom::errors::Error;
use greenroom_database_sql::{Sql, Transaction, sqlx};

use crate::{
    Store,
    batch::Batch,
    size::{OF_EVENT, OF_VIEW},
    view::{Document, Newer, Pending, Replaced},
    writer::Kept,
};

/// How long a batch may take: less than its browser is kept waiting, so that a database which stands still is known to do so.
const LONGEST: Duration = Duration::from_secs(8);
/// How many views are asked for in one statement.
const VIEWS_AT_ONCE: usize = 32;
/// How many sessions have their size changed in one statement.
const SESSIONS_AT_ONCE: usize = 32;

/// The ids of a view's session and its own.
type Key = (String, String);

impl Store {
    /// Keeps a batch in one transaction, within the time that there is for one.
    pub(crate) async fn keep_at_once(&self, batch: Batch) -> Result<Kept, Error> {
        self.run_within(LONGEST, Box::pin(self.keep_in_transaction(batch))).await
    }

    async fn keep_in_transaction(&self, batch: Batch) -> sqlx::Result<Kept> {
        let groups = batch.groups();
        let mut transaction = self.pool().begin().await?;
        // First, because from then on other batches of the same session wait until this one is committed.
        transaction.insert(batch.sessions.into_values().collect()).await?;
        let keys: Vec<_> = batch.views.keys().cloned().collect();
        let before = sizes(&mut transaction, &keys).await?;
        let views = keep_views(&mut transaction, batch.views.into_values().collect()).await?;
        let events: Vec<(String, i64)> =
            transaction.insert_returning(batch.events, &format!("session_id, {OF_EVENT}")).await?;
        let new = views + events.len() as u64;
        if new == 0 {
            transaction.rollback().await?;
            return Ok(Kept { new });
        }
        let mut after = sizes(&mut transaction, &keys).await?;
        after.extend(events);
        grow(&mut transaction, before, after).await?;
        transaction.insert(groups).await?;
        transaction.commit().await?;
        Ok(Kept { new })
    }
}

/// The sessions of these views, and about how many bytes each of those takes that are there.
async fn sizes(transaction: &mut Transaction, keys: &[Key]) -> sqlx::Result<Vec<(String, i64)>> {
    let mut sizes = vec![];
    for keys in keys.chunks(VIEWS_AT_ONCE) {
        let sql = transaction.sql("select session_id, ").then(OF_VIEW).then(" from rum_view where ");
        sizes.extend(transaction.rows::<(String, i64)>(one_of(keys, sql)).await?);
    }
    Ok(sizes)
}

/// Counts what sessions have more than before: of what came again there is no more.
async fn grow(
    transaction: &mut Transaction,
    before: Vec<(String, i64)>,
    after: Vec<(String, i64)>,
) -> sqlx::Result<()> {
    let mut grown = BTreeMap::<String, i64>::new();
    for (session, bytes) in after {
        *grown.entry(session).or_default() += bytes;
    }
    for (session, bytes) in before {
        *grown.entry(session).or_default() -= bytes;
    }
    let grown: Vec<_> = grown.into_iter().filter(|(_, bytes)| *bytes != 0).collect();
    for grown in grown.chunks(SESSIONS_AT_ONCE) {
        let sql = transaction.sql("update rum_session set bytes = bytes + case id");
        let sql = grown.iter().fold(sql, |sql, (session, bytes)| {
            sql.then(" when ").bind(&**session).then(" then ").bind(*bytes)
        });
        let sessions = grown.iter().map(|(session, _)| &**session);
        transaction.execute(sql.then(" end where id in ").list(sessions)).await?;
    }
    Ok(())
}

/// Goes on with a condition that each of these views holds.
fn one_of(keys: &[Key], sql: Sql) -> Sql {
    let one = |(place, sql): (usize, Sql), (session, id): &Key| {
        let sql = sql.then(if place == 0 { "(session_id = " } else { " or session_id = " }).bind(&**session);
        (place + 1, sql.then(" and id = ").bind(&**id))
    };
    keys.iter().fold((0, sql), one).1.then(")")
}

/// Gives how many views have changed.
async fn keep_views(transaction: &mut Transaction, views: Vec<Pending>) -> sqlx::Result<u64> {
    let (updated, whole): (Vec<_>, Vec<_>) = views.into_iter().partition(|view| view.document.is_some());
    let rows: Vec<_> = whole.iter().map(|view| Newer(view.row.clone())).collect();
    let mut new = transaction.insert(rows).await?;
    if (new as usize) < whole.len() {
        // An older whole view changes nothing, unless updates are stored: then it may be the base they apply to.
        let known = known(transaction, &whole, " and (is_partial = 1 or updates > 0)").await?;
        let whole = whole.into_iter().filter(|view| known.contains_key(&view.key())).collect();
        new += join(transaction, whole, known).await?;
    }
    if !updated.is_empty() {
        let known = known(transaction, &updated, "").await?;
        new += join(transaction, updated, known).await?;
    }
    Ok(new)
}

/// What is known of these views.
async fn known(
    transaction: &mut Transaction,
    views: &[Pending],
    which: &str,
) -> sqlx::Result<HashMap<Key, Vec<u8>>> {
    let keys: Vec<_> = views.iter().map(Pending::key).collect();
    let mut known = HashMap::new();
    for keys in keys.chunks(VIEWS_AT_ONCE) {
        let sql = one_of(keys, transaction.sql("select session_id, id, document from rum_view where "));
        let found = transaction.rows::<(String, String, Vec<u8>)>(sql.then(which)).await?;
        known.extend(found.into_iter().map(|(session, id, document)| ((session, id), document)));
    }
    Ok(known)
}

/// Puts together what is known and what is new of views, and keeps what differs by that.
async fn join(
    transaction: &mut Transaction,
    views: Vec<Pending>,
    known: HashMap<Key, Vec<u8>>,
) -> sqlx::Result<u64> {
    let mut rows = vec![];
    for view in views {
        // What cannot be read any more is as if it were not there.
        let before = known.get(&view.key()).and_then(|document| Document::unpack(document).ok());
        let Some((row, new, clock)) = view.into_document() else { continue };
        let mut document = before.clone().unwrap_or_default();
        document.join(new);
        if before.as_ref() != Some(&document) {
            rows.extend(row.of_document(&document, clock).map(Replaced));
        }
    }
    transaction.insert(rows).await
}
