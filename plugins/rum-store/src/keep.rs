//! Keeps batches: all of one, or nothing of it.

use std::{collections::HashMap, time::Duration};

use greenroom::errors::Error;
use greenroom_database_sqlite::sqlx;

use crate::{
    Store,
    batch::{Arrival, Batch},
    sql::Transaction,
    view::{Document, Newer, Pending, Replaced},
};

/// How long a batch may take: less than its browser is kept waiting, so that a database which stands still is known to do so.
const LONGEST: Duration = Duration::from_secs(8);

/// What has become of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many events and views have told something new. What was known already changes nothing.
    pub new: u64,
}

impl Store {
    /// Keeps a batch in one transaction, which is committed when this returns.
    ///
    /// # Errors
    /// If nothing of it is known to be kept: it may be sent again.
    pub async fn keep(&self, batch: Batch) -> Result<Kept, Error> {
        if batch.is_empty() {
            return Ok(Kept { new: 0 });
        }
        self.run_within(LONGEST, self.keep_in_transaction(batch)).await
    }

    async fn keep_in_transaction(&self, batch: Batch) -> sqlx::Result<Kept> {
        let groups = batch.groups();
        let mut transaction = Transaction::begin(self.pool()).await?;
        // First, because from then on other batches of the same session wait until this one is committed.
        transaction.insert(batch.sessions.into_values().collect()).await?;
        let views = keep_views(&mut transaction, batch.views.into_values().collect(), &batch.arrival).await?;
        let new = views + transaction.insert(batch.events).await?;
        if new == 0 {
            transaction.rollback().await?;
            return Ok(Kept { new });
        }
        transaction.insert(groups).await?;
        transaction.commit().await?;
        Ok(Kept { new })
    }
}

/// Gives how many views have changed.
async fn keep_views(
    transaction: &mut Transaction,
    views: Vec<Pending>,
    arrival: &Arrival,
) -> sqlx::Result<u64> {
    let (updated, whole): (Vec<_>, Vec<_>) = views.into_iter().partition(|view| view.document.is_some());
    let rows: Vec<_> = whole.iter().map(|view| Newer(view.row.clone())).collect();
    let mut new = transaction.insert(rows).await?;
    if (new as usize) < whole.len() {
        // An older whole view changes nothing, unless updates are stored: then it may be the base they apply to.
        let known = known(transaction, &whole, "and (is_partial = 1 or updates > 0)").await?;
        let whole = whole.into_iter().filter(|view| known.contains_key(view.id())).collect();
        new += join(transaction, whole, known, arrival).await?;
    }
    if !updated.is_empty() {
        let known = known(transaction, &updated, "").await?;
        new += join(transaction, updated, known, arrival).await?;
    }
    Ok(new)
}

/// What is known of these views, by their ids.
async fn known(
    transaction: &mut Transaction,
    views: &[Pending],
    which: &str,
) -> sqlx::Result<HashMap<String, Vec<u8>>> {
    let places = (1..=views.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
    let sql = format!("select id, document from rum_view where id in ({places}) {which}");
    let ids: Vec<_> = views.iter().map(Pending::id).collect();
    Ok(transaction.fetch::<(String, Vec<u8>)>(sql, &ids).await?.into_iter().collect())
}

/// Puts together what is known and what is new of views, and keeps what differs by that.
async fn join(
    transaction: &mut Transaction,
    views: Vec<Pending>,
    known: HashMap<String, Vec<u8>>,
    arrival: &Arrival,
) -> sqlx::Result<u64> {
    let mut rows = vec![];
    for view in views {
        // What cannot be read any more is as if it were not there.
        let before = known.get(view.id()).and_then(|document| Document::unpack(document).ok());
        let Some((row, new)) = view.into_document() else { continue };
        let mut document = before.clone().unwrap_or_default();
        document.join(new);
        if before.as_ref() != Some(&document) {
            rows.extend(row.of_document(&document, arrival).map(Replaced));
        }
    }
    transaction.insert(rows).await
}
