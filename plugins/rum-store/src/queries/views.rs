//! Views: the pages that people have seen.

use greenroom::errors::Error;
use greenroom_database_sql::{Sql, row};

use super::{
    cursor::{Cursor, Page},
    filter::{Filter, Of},
    vital::Vital,
};
use crate::store::Store;

row! {
    struct Found {
        id: String,
        session_id: String,
        date_ms: i64,
        route: String,
        path: String,
        loading_type: Option<String>,
        is_active: i64,
        time_spent_ns: Option<i64>,
        loading_time_ns: Option<i64>,
        lcp_ns: Option<i64>,
        inp_ns: Option<i64>,
        cls: Option<f64>,
        fcp_ns: Option<i64>,
        ttfb_ns: Option<i64>,
        lcp_target: Option<String>,
        inp_target: Option<String>,
        cls_target: Option<String>,
        actions: i64,
        errors: i64,
        long_tasks: i64,
        resources: i64,
        frustrations: i64,
        version: Option<String>,
        env: Option<String>,
        browser: Option<String>,
        device: Option<String>,
    }
}

const COLUMNS: &str = "v.id, v.session_id, v.date_ms, v.route, v.path, v.loading_type, v.is_active, v.time_spent_ns, \
    v.loading_time_ns, v.lcp_ns, v.inp_ns, v.cls, v.fcp_ns, v.ttfb_ns, v.lcp_target, v.inp_target, v.cls_target, \
    v.actions, v.errors, v.long_tasks, v.resources, v.frustrations, v.version, v.env, v.browser, v.device";

/// One page that somebody has seen.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// As the SDK calls it.
    pub id: String,
    /// Of which it is.
    pub session_id: String,
    /// When it began, in milliseconds since 1970.
    pub began_ms: i64,
    /// As `/catalog/:namespace/:kind/:name`.
    pub route: String,
    /// The path itself.
    pub path: String,
    /// As the SDK calls it: `initial_load`, `route_change`, ….
    pub loading_type: Option<String>,
    /// The SDK has not said that it ended; the last one of a session never ends.
    pub is_active: bool,
    /// How long it was looked at.
    pub time_spent_ms: Option<f64>,
    /// How long it took to be quiet.
    pub loading_ms: Option<f64>,
    /// In the order of [`Vital::ALL`]: milliseconds, CLS without a unit.
    pub vitals: [Option<f64>; 5],
    /// What the largest paint, the slowest interaction and the largest shift were of: CSS selectors.
    pub targets: [Option<String>; 3],
    #[expect(missing_docs, reason = "counts, as the SDK tells them")]
    pub actions: i64,
    #[expect(missing_docs, reason = "counts, as the SDK tells them")]
    pub errors: i64,
    #[expect(missing_docs, reason = "counts, as the SDK tells them")]
    pub long_tasks: i64,
    #[expect(missing_docs, reason = "counts, as the SDK tells them")]
    pub resources: i64,
    /// Rage clicks, dead clicks, clicks that met an error.
    pub frustrations: i64,
    /// Of the app.
    pub version: Option<String>,
    /// As the SDK was told.
    pub env: Option<String>,
    /// A name.
    pub browser: Option<String>,
    /// A class, as `desktop`.
    pub device: Option<String>,
}

/// Nanoseconds to milliseconds.
#[expect(clippy::cast_precision_loss, reason = "a duration of 104 days has still no error")]
pub(super) fn ms(ns: i64) -> f64 {
    ns as f64 / 1e6
}

/// Milliseconds to nanoseconds.
#[expect(clippy::cast_possible_truncation, reason = "saturates, as it should")]
pub(crate) fn ns(ms: f64) -> i64 {
    (ms * 1e6) as i64
}

impl From<Found> for View {
    fn from(found: Found) -> Self {
        let is_first = found.loading_type.as_deref() == Some("initial_load");
        let first = |ns: Option<i64>| ns.filter(|_| is_first).map(ms);
        let mut vitals = [None; 5];
        vitals[Vital::Lcp as usize] = first(found.lcp_ns);
        vitals[Vital::Inp as usize] = found.inp_ns.map(ms);
        vitals[Vital::Cls as usize] = found.cls;
        vitals[Vital::Fcp as usize] = first(found.fcp_ns);
        vitals[Vital::Ttfb as usize] = first(found.ttfb_ns);
        Self {
            id: found.id,
            session_id: found.session_id,
            began_ms: found.date_ms,
            route: found.route,
            path: found.path,
            loading_type: found.loading_type,
            is_active: found.is_active != 0,
            time_spent_ms: found.time_spent_ns.map(ms),
            loading_ms: found.loading_time_ns.map(ms),
            vitals,
            targets: [found.lcp_target, found.inp_target, found.cls_target],
            actions: found.actions,
            errors: found.errors,
            long_tasks: found.long_tasks,
            resources: found.resources,
            frustrations: found.frustrations,
            version: found.version,
            env: found.env,
            browser: found.browser,
            device: found.device,
        }
    }
}

impl View {
    /// One of its vitals.
    pub fn vital(&self, vital: Vital) -> Option<f64> {
        self.vitals[vital as usize]
    }
}

impl Store {
    /// Views, the newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn views(
        &self,
        filter: &Filter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<View>, Error> {
        let sql = self.view_columns().then(" where v.is_partial = 0 and ");
        let sql = Cursor::older(after, ["v.date_ms", "v.id"], filter.conditions(Of::Views, sql), limit);
        let found: Vec<Found> = self.rows(sql).await?;
        Ok(Page::of(found, limit, |view| Cursor::new(view.date_ms, &view.id)).map(View::from))
    }

    /// Views of some sessions, in the order in which they began.
    pub(super) async fn views_of<'a>(
        &self,
        sessions: impl IntoIterator<Item = &'a str>,
        most: i64,
    ) -> Result<Vec<View>, Error> {
        let sql = self.view_columns().then(" where v.session_id in ").list(sessions);
        let sql = sql.then(" order by v.date_ms, v.id limit ").bind(most);
        let found: Vec<Found> = self.rows(sql).await?;
        Ok(found.into_iter().map(View::from).collect())
    }

    fn view_columns(&self) -> Sql {
        self.sql("select ").then(COLUMNS).then(" from rum_view v")
    }
}
