//! Sessions: visits of one browser, which end by time.

use std::collections::HashMap;

use greenroom::errors::Error;
use greenroom_database_sql::{Sql, row};

use super::{
    cursor::{Cursor, Page},
    filter::{Filter, Of},
    values::Values,
    views::{View, ns},
    vitals::MOST_ROUTES,
    words::Words,
};
use crate::store::Store;

/// The most views and errors of a page of sessions that are looked at.
const MOST_OF_A_PAGE: i64 = 5_000;
/// How much slower a view is than most of its route to be called slow.
const SLOW: f64 = 2.0;

row! {
    /// A visit of one browser.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SessionRow {
        /// As the SDK calls it.
        pub id: String,
        /// When its first event was, in milliseconds since 1970.
        pub started_ms: i64,
        /// When its last event was, in milliseconds since 1970.
        pub last_ms: i64,
        /// As the SDK was told.
        pub service: Option<String>,
        /// As the SDK was told.
        pub env: Option<String>,
        /// Of the app.
        pub version: Option<String>,
        /// A name.
        pub browser: Option<String>,
        /// The major one.
        pub browser_version: Option<String>,
        /// A name.
        pub os: Option<String>,
        /// A class, as `desktop`.
        pub device: Option<String>,
        /// Of Datadog's SDK.
        pub sdk_version: Option<String>,
    }
}

const COLUMNS: &str = "s.id, s.started_ms, s.last_ms, s.service, s.env, s.version, s.browser, s.browser_version, s.os, \
    s.device, s.sdk_version";

/// Goes on to a condition of one of its views.
const OF_A_VIEW: &str = "exists (select 1 from rum_view r where r.session_id = s.id and ";
/// The condition of a view that met an error.
const WITH_AN_ERROR: &str = "r.errors > 0)";

/// A session with what happened in it.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionCourse {
    /// Whose.
    pub session: SessionRow,
    /// In the order in which they began.
    pub views: Vec<View>,
    /// When errors were, in milliseconds since 1970.
    pub errors_ms: Vec<i64>,
}

impl SessionCourse {
    /// Rage clicks, dead clicks, clicks that met an error.
    pub fn frustrations(&self) -> i64 {
        self.views.iter().map(|view| view.frustrations).fold(0, i64::saturating_add)
    }

    /// The view that took longest to load.
    pub fn slowest(&self) -> Option<&View> {
        let took = |view: &&View| view.loading_ms.unwrap_or(-1.0);
        self.views.iter().max_by(|a, b| took(a).total_cmp(&took(b))).filter(|view| view.loading_ms.is_some())
    }
}

/// What sessions must have met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Has {
    /// An error.
    Errors,
    /// A rage click, a dead click, or one that met an error.
    Frustration,
    /// A view that took twice as long as most of its route.
    SlowView,
}

impl Has {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Errors, Self::Frustration, Self::SlowView];

    /// As parameters name it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Frustration => "frustration",
            Self::SlowView => "slow-view",
        }
    }
}

/// Which sessions are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Those that met this.
    pub has: Option<Has>,
    /// Those that met an error of this group.
    pub error: Option<String>,
}

impl From<Has> for Met {
    fn from(has: Has) -> Self {
        Self { has: Some(has), error: None }
    }
}

row! {
    struct Pace { route: String, took: Values }
}

row! {
    struct ErrorTime { session_id: String, date_ms: i64 }
}

row! {
    /// How many sessions there are.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct SessionCounts {
        /// All that were asked for.
        pub sessions: i64,
        /// Those of them that had an event since a moment.
        pub open: i64,
        /// Those of them that met an error.
        pub with_errors: i64,
    }
}

impl Store {
    /// Sessions, those that began last first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sessions(
        &self,
        filter: &Filter,
        met: &Met,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<SessionCourse>, Error> {
        let sql = self.wanted(filter, met, self.session_columns().then(" where ")).await?;
        let found: Vec<SessionRow> =
            self.rows(Cursor::older(after, ["s.started_ms", "s.id"], sql, limit)).await?;
        let page = Page::of(found, limit, |session| Cursor::new(session.started_ms, &session.id));

        let ids = || page.rows.iter().map(|session| &*session.id);
        let errors = self.sql(
            "select e.session_id, e.date_ms from rum_event e where e.fingerprint is not null and e.session_id in ",
        );
        let errors = errors.list(ids()).then(" limit ").bind(MOST_OF_A_PAGE);
        let (views, errors) =
            tokio::try_join!(self.views_of(ids(), MOST_OF_A_PAGE), self.rows::<ErrorTime>(errors))?;
        let mut courses: HashMap<String, (Vec<View>, Vec<i64>)> = HashMap::new();
        for view in views {
            courses.entry(view.session_id.clone()).or_default().0.push(view);
        }
        for ErrorTime { session_id, date_ms } in errors {
            courses.entry(session_id).or_default().1.push(date_ms);
        }
        Ok(page.map(|session| {
            let (views, errors_ms) = courses.remove(&session.id).unwrap_or_default();
            SessionCourse { session, views, errors_ms }
        }))
    }

    /// How many sessions a list of them has, how many of these had an event since a moment, and how many met an error.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn session_counts(
        &self,
        filter: &Filter,
        met: &Met,
        open_since_ms: i64,
    ) -> Result<SessionCounts, Error> {
        let sql =
            self.sql("select count(*) as sessions, count(*) filter (where s.last_ms >= ").bind(open_since_ms);
        let sql = sql.then(") as open, count(*) filter (where ").then(OF_A_VIEW).then(WITH_AN_ERROR);
        let sql = self.wanted(filter, met, sql.then(") as with_errors from rum_session s where ")).await?;
        Ok(self.row(sql).await?.unwrap_or_default())
    }

    /// Goes on with the conditions of those that are wanted.
    async fn wanted(&self, filter: &Filter, met: &Met, sql: Sql) -> Result<Sql, Error> {
        let sql = filter.conditions(Of::Sessions, sql);
        let sql = match &met.error {
            None => sql,
            Some(group) => sql
                .then(" and s.id in (select x.session_id from rum_event x where x.fingerprint = ")
                .bind(&**group)
                .then(")"),
        };
        let Some(has) = met.has else { return Ok(sql) };
        let sql = sql.then(" and ").then(OF_A_VIEW);
        Ok(match has {
            Has::Errors => sql.then(WITH_AN_ERROR),
            Has::Frustration => sql.then("r.frustrations > 0)"),
            Has::SlowView => {
                let slow = self.paces(filter).await?;
                let any = slow.into_iter().fold(sql.then("(1 = 0"), |sql, (route, limit_ms)| {
                    let sql = sql.then(" or r.route = ").bind(&*route).then(" and r.loading_time_ns > ");
                    sql.bind(ns(limit_ms))
                });
                any.then("))")
            }
        })
    }

    /// Above what a view of a route is slow, in milliseconds: twice what 75 of 100 do not exceed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn paces(&self, filter: &Filter) -> Result<HashMap<String, f64>, Error> {
        let sql = self
            .sql("select v.route, ")
            .values(&["v.loading_time_ns"])
            .then(" as took from rum_view v where ");
        let most = i64::try_from(MOST_ROUTES).unwrap_or(i64::MAX);
        let sql = filter.conditions(Of::Views, sql.then("v.loading_time_ns is not null and "));
        let sql = self.one_of_many(filter, sql).await?;
        let found: Vec<Pace> =
            self.rows(sql.then(" group by 1 order by count(*) desc limit ").bind(most)).await?;
        let pace = |Pace { route, mut took }| took.p75().map(|p75| (route, p75 / 1e6 * SLOW));
        Ok(found.into_iter().filter_map(pace).collect())
    }

    pub(super) async fn session_row(&self, id: &str) -> Result<Option<SessionRow>, Error> {
        self.row(self.session_columns().then(" where s.id = ").bind(id)).await
    }

    fn session_columns(&self) -> Sql {
        self.sql("select ").then(COLUMNS).then(" from rum_session s")
    }
}
