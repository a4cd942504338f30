//! By how much sessions grow, as their rows come. Most rows are new, and of those nothing need be asked: a row that is read costs as much
//! as several that are written.

use std::collections::{BTreeMap, HashMap};

use greenroom_database_sql::{Sql, Transaction, pieces, sqlx};

use crate::{size::OF_VIEW, view::ViewRow};

/// The ids of a row's session and its own.
pub(crate) type Key = (String, String);

/// By how many bytes, about.
#[derive(Debug)]
pub(crate) struct Grown {
    /// The views that were there, and what they took.
    before: HashMap<Key, i64>,
    /// In the order in which batches wait for one another.
    sessions: BTreeMap<String, i64>,
}

impl Grown {
    /// Nothing yet; looks which of these views are there.
    pub(crate) async fn before(transaction: &mut Transaction, views: &[Key]) -> sqlx::Result<Self> {
        Ok(Self { before: sizes(transaction, views).await?, sessions: BTreeMap::new() })
    }

    pub(crate) fn add(&mut self, session: &str, bytes: i64) {
        *self.sessions.entry(session.to_owned()).or_default() += bytes;
    }

    /// A view that is written. One that was there is asked for in the end, when it is known what it has become.
    pub(crate) fn add_view(&mut self, row: &ViewRow) {
        let key = row.key();
        if !self.before.contains_key(&key) {
            self.add(&key.0, row.size());
        }
    }

    /// Writes it down: of what came again there is no more.
    pub(crate) async fn write(mut self, transaction: &mut Transaction) -> sqlx::Result<()> {
        let again: Vec<_> = self.before.keys().cloned().collect();
        for (key, bytes) in sizes(transaction, &again).await? {
            self.add(&key.0, bytes - self.before.get(&key).copied().unwrap_or_default());
        }
        let sessions: Vec<_> = self.sessions.into_iter().filter(|(_, bytes)| *bytes != 0).collect();
        for sessions in pieces(&sessions) {
            let sql = transaction.sql("update rum_session set bytes = bytes + case id");
            let sql = sessions.iter().fold(sql, |sql, (session, bytes)| {
                sql.then(" when ").bind(&**session).then(" then ").bind(*bytes)
            });
            let ids = sessions.iter().map(|(session, _)| &**session);
            transaction.execute(sql.then(" end where id in ").list(ids)).await?;
        }
        Ok(())
    }
}

/// Those of these views that are there, and about how many bytes each takes.
async fn sizes(transaction: &mut Transaction, views: &[Key]) -> sqlx::Result<HashMap<Key, i64>> {
    let mut sizes = HashMap::new();
    for views in pieces(views) {
        let sql = transaction.sql("select session_id, id, ").then(OF_VIEW).then(" from rum_view where ");
        let found = transaction.rows::<(String, String, i64)>(one_of(views, sql)).await?;
        sizes.extend(found.into_iter().map(|(session, id, bytes)| ((session, id), bytes)));
    }
    Ok(sizes)
}

/// Goes on with a condition that each of these rows holds, and no other.
pub(crate) fn one_of(keys: &[Key], sql: Sql) -> Sql {
    let one = |(place, sql): (usize, Sql), (session, id): &Key| {
        let sql = sql.then(if place == 0 { "(session_id = " } else { " or session_id = " }).bind(&**session);
        (place + 1, sql.then(" and id = ").bind(&**id))
    };
    keys.iter().fold((0, sql), one).1.then(")")
}
