//! Keeps a batch: all of it, or nothing.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use greenroom::errors::Error;
use greenroom_database_sql::{Engine, Transaction, pieces, sqlx};
use tokio::task::yield_now;

use crate::{
    batch::{Batch, Event},
    grown::{Grown, Key, one_of},
    store::Database,
    view::{Document, Newer, Pending, Replaced},
    writer::Kept,
};

/// How long a batch may take: less than its browser is kept waiting, so that a database which stands still is known to do so.
pub(crate) const LONGEST: Duration = Duration::from_secs(8);

impl Database {
    /// Keeps a batch in one transaction, within this time.
    pub(crate) async fn keep_in_one_transaction(&self, batch: Batch, limit: Duration) -> Result<Kept, Error> {
        self.run_within(limit, Box::pin(self.keep_in_transaction(batch))).await
    }

    async fn keep_in_transaction(&self, batch: Batch) -> sqlx::Result<Kept> {
        let groups = batch.groups();
        let mut transaction = self.pool().begin().await?;
        if transaction.engine() == Engine::Postgres {
            // Whoever waits holds up all others: one that meets a sweep, or another replica, comes again.
            let sql = transaction.sql("set local lock_timeout = 1000");
            transaction.execute(sql).await?;
        }
        // First, because from then on other batches of the same session wait until this one is committed.
        transaction.insert(batch.sessions.into_values().collect()).await?;
        let views: Vec<_> = batch.views.keys().cloned().collect();
        let mut grown = Grown::before(&mut transaction, &views).await?;
        let views = keep_views(&mut transaction, batch.views.into_values().collect(), &mut grown).await?;
        let events = keep_events(&mut transaction, batch.events, &mut grown).await?;
        let new = views + events;
        if new == 0 {
            transaction.rollback().await?;
            return Ok(Kept { new });
        }
        grown.write(&mut transaction).await?;
        transaction.insert(groups).await?;
        transaction.commit().await?;
        Ok(Kept { new })
    }
}

/// Gives how many events are new. They belong to sessions that wait for this transaction, so nobody else brings one meanwhile.
async fn keep_events(
    transaction: &mut Transaction,
    mut events: Vec<Event>,
    grown: &mut Grown,
) -> sqlx::Result<u64> {
    let keys: Vec<_> = events.iter().map(Event::key).collect();
    let mut known = HashSet::new();
    for keys in pieces(&keys) {
        let sql = one_of(keys, transaction.sql("select session_id, id from rum_event where "));
        known.extend(transaction.rows::<Key>(sql).await?);
    }
    // One may be told twice in a batch, too.
    events.retain(|event| known.insert(event.key()));
    for event in &events {
        grown.add(event.session(), event.bytes());
    }
    transaction.insert(events).await
}

/// Gives how many views have changed.
async fn keep_views(
    transaction: &mut Transaction,
    views: Vec<Pending>,
    grown: &mut Grown,
) -> sqlx::Result<u64> {
    let (updated, whole): (Vec<_>, Vec<_>) = views.into_iter().partition(|view| view.document.is_some());
    let rows: Vec<_> = whole.iter().map(|view| Newer(view.row.clone())).collect();
    rows.iter().for_each(|Newer(row)| grown.add_view(row));
    let mut new = transaction.insert(rows).await?;
    if (new as usize) < whole.len() {
        // An older whole view changes nothing, unless updates are stored: then it may be the base they apply to.
        let known = known(transaction, &whole, " and (is_partial = 1 or updates > 0)").await?;
        let whole = whole.into_iter().filter(|view| known.contains_key(&view.key())).collect();
        new += join(transaction, whole, known, grown).await?;
    }
    if !updated.is_empty() {
        let known = known(transaction, &updated, "").await?;
        new += join(transaction, updated, known, grown).await?;
    }
    Ok(new)
}

/// What is known of these views.
async fn known(
    transaction: &mut Transaction,
    views: &[Pending],
    which: &'static str,
) -> sqlx::Result<HashMap<Key, Vec<u8>>> {
    let keys: Vec<_> = views.iter().map(Pending::key).collect();
    let mut known = HashMap::new();
    for keys in pieces(&keys) {
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
    mut known: HashMap<Key, Vec<u8>>,
    grown: &mut Grown,
) -> sqlx::Result<u64> {
    let mut rows = vec![];
    for view in views {
        // One takes milliseconds where it is large: between two the time that a batch has, and a stop, are heeded.
        yield_now().await;
        // What cannot be read any more is as if it were not there.
        let before = known.remove(&view.key()).and_then(|document| Document::unpack(&document).ok());
        let Some((row, new, clock)) = view.into_document() else { continue };
        let mut document = before.unwrap_or_default();
        if document.join(new) {
            rows.extend(row.of_document(&document, clock).map(Replaced));
        }
    }
    rows.iter().for_each(|Replaced(row)| grown.add_view(row));
    transaction.insert(rows).await
}
