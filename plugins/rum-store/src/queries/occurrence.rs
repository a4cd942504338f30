//! One group of errors: its last error, and the sessions that met it.

use greenroom::errors::Error;
use greenroom_database_sql::{Sql, row};

use super::{
    errors::ErrorGroup,
    filter::{Filter, Of},
    sessions::SessionRow,
    story::{EVENT, Event, FoundEvent},
};
use crate::store::Store;

/// The most versions, browsers and routes that are told, each.
const MOST_SHARES: i64 = 10;
/// The most sessions that are told.
const MOST_SESSIONS: i64 = 10;
/// The most events before an error that are looked at.
const MOST_BEFORE: i64 = 20;
/// How long before an error something was just before it.
const JUST_BEFORE_MS: i64 = 30_000;

/// How many errors are of a version, a browser or a route.
pub type Shares = Vec<(String, i64)>;

/// One group of errors.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupStory {
    /// In this time.
    pub group: ErrorGroup,
    /// Most errors first; none is an empty text.
    pub versions: Shares,
    /// Most errors first.
    pub browsers: Shares,
    /// Most errors first.
    pub routes: Shares,
    /// The one version that all its errors had, of all that are kept and not of this time alone.
    pub only_version: Option<String>,
    /// The one route on which all of them were.
    pub only_route: Option<String>,
    /// The last one.
    pub last: Event,
    /// The last ones that met it.
    pub affected: Vec<Affected>,
}

/// A session that met an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Affected {
    /// Which; it may be kept no more.
    pub session: Option<SessionRow>,
    /// Its id.
    pub session_id: String,
    /// How many errors of the group it met.
    pub n: i64,
    /// When the last one was, in milliseconds since 1970.
    pub last_ms: i64,
    /// What happened just before, the last first.
    pub before: Vec<Event>,
}

row! {
    struct Share { name: String, n: i64 }
}

row! {
    struct Met { session_id: String, n: i64, last_ms: i64 }
}

impl Store {
    /// One group, if it has errors in this time.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn group_story(&self, filter: &Filter, fingerprint: &str) -> Result<Option<GroupStory>, Error> {
        let Some(group) = self.error_group(filter, fingerprint).await? else { return Ok(None) };
        let last = self
            .sql("select ")
            .then(EVENT)
            .then(" from rum_event e where e.fingerprint = ")
            .bind(fingerprint);
        let last = filter
            .conditions(Of::Events, last.then(" and "))
            .then(" order by e.date_ms desc, e.id desc limit 1");
        let met = self.sql("select e.session_id, count(*) as n, max(e.date_ms) as last_ms from rum_event e");
        let met = filter
            .conditions(Of::Events, met.then(" where e.fingerprint = ").bind(fingerprint).then(" and "));
        let met = met.then(" group by 1 order by 3 desc, 1 limit ").bind(MOST_SESSIONS);
        let (last, met, versions, browsers, routes, only_version, only_route) = tokio::try_join!(
            self.row::<FoundEvent>(last),
            self.rows::<Met>(met),
            self.shares(filter, fingerprint, "version"),
            self.shares(filter, fingerprint, "browser"),
            self.shares(filter, fingerprint, "route"),
            self.only(fingerprint, "version"),
            self.only(fingerprint, "route"),
        )?;
        // Between two statements the last one can be deleted.
        let Some(last) = last else { return Ok(None) };
        let mut affected = vec![];
        for Met { session_id, n, last_ms } in met {
            let (session, before) =
                tokio::try_join!(self.session_row(&session_id), self.just_before(&session_id, last_ms))?;
            affected.push(Affected { session, session_id, n, last_ms, before });
        }
        Ok(Some(GroupStory {
            group,
            versions,
            browsers,
            routes,
            only_version,
            only_route,
            last: last.into(),
            affected,
        }))
    }

    async fn shares(
        &self,
        filter: &Filter,
        fingerprint: &str,
        column: &'static str,
    ) -> Result<Shares, Error> {
        let sql = self.by_name(column).then(" where e.fingerprint = ").bind(fingerprint).then(" and ");
        let sql = filter
            .conditions(Of::Events, sql)
            .then(" group by 1 order by 2 desc, 1 limit ")
            .bind(MOST_SHARES);
        let shares: Vec<Share> = self.rows(sql).await?;
        Ok(shares.into_iter().map(|Share { name, n }| (name, n)).collect())
    }

    /// What all errors of a group have in common, whatever the time.
    async fn only(&self, fingerprint: &str, column: &'static str) -> Result<Option<String>, Error> {
        let sql = self
            .by_name(column)
            .then(" where e.fingerprint = ")
            .bind(fingerprint)
            .then(" group by 1 limit 2");
        let shares: Vec<Share> = self.rows(sql).await?;
        Ok(match <[Share; 1]>::try_from(shares) {
            Ok([Share { name, .. }]) => Some(name).filter(|name| !name.is_empty()),
            Err(_) => None,
        })
    }

    fn by_name(&self, column: &'static str) -> Sql {
        self.sql("select coalesce(e.").then(column).then(", '') as name, count(*) as n from rum_event e")
    }

    async fn just_before(&self, session: &str, moment_ms: i64) -> Result<Vec<Event>, Error> {
        let sql =
            self.sql("select ").then(EVENT).then(" from rum_event e where e.session_id = ").bind(session);
        let sql = sql
            .then(" and e.type in ('action', 'resource') and e.date_ms >= ")
            .bind(moment_ms - JUST_BEFORE_MS);
        let sql = sql.then(" and e.date_ms <= ").bind(moment_ms);
        let sql = sql.then(" order by e.date_ms desc, e.id desc limit ").bind(MOST_BEFORE);
        let found: Vec<FoundEvent> = self.rows(sql).await?;
        Ok(found.into_iter().map(Event::from).collect())
    }
}
