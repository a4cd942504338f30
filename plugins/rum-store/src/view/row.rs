//! A view as a row.

use std::sync::Arc;

use greenroom_database_sql::{Bind, Insert, Table};

use super::Document;
use crate::{
    batch::{About, Clock},
    event::{Line, Moment, Text},
    size::{self, Besides},
    text::first_bytes,
};

/// How long a selector is kept, and what else a browser says in words.
const LONGEST: usize = 512;

#[derive(Clone, Debug)]
pub(crate) struct ViewRow {
    pub(crate) about: About,
    path: Arc<str>,
    loading_type: Option<Arc<str>>,
    is_active: bool,
    version: i64,
    is_partial: bool,
    updates: i64,
    time_spent_ns: Option<i64>,
    loading_time_ns: Option<i64>,
    lcp_ns: Option<i64>,
    inp_ns: Option<i64>,
    cls: Option<f64>,
    fcp_ns: Option<i64>,
    ttfb_ns: Option<i64>,
    lcp_target: Option<Arc<str>>,
    inp_target: Option<Arc<str>>,
    cls_target: Option<Arc<str>>,
    counts: [i64; 5],
    pub(crate) document: Vec<u8>,
}

impl ViewRow {
    /// The ids of its session and its own.
    pub(crate) fn key(&self) -> (String, String) {
        (self.about.session_id.to_string(), self.about.view_id.to_string())
    }

    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> i64 {
        let About { session_id, view_id, route, .. } = &self.about;
        size::of_row(&[view_id, session_id, route, &self.path], &self.document, Besides::View)
    }

    pub(super) fn of(line: &Line<'_>, about: &About, version: i64) -> Self {
        let view = &line.view;
        let performance = &view.performance;
        let target = |moment: &Moment<'_>, flat: &Text<'_>| {
            let selector = moment.target_selector.as_deref().or(flat.as_deref());
            selector.map(|selector| first_bytes(selector, LONGEST).into())
        };
        let counts = [&view.action, &view.error, &view.long_task, &view.resource, &view.frustration];
        Self {
            about: about.clone(),
            path: about.path.clone(),
            loading_type: view.loading_type.as_deref().map(|kind| first_bytes(kind, LONGEST).into()),
            is_active: view.is_active.0,
            version,
            is_partial: false,
            updates: 0,
            time_spent_ns: view.time_spent.0,
            loading_time_ns: view.loading_time.0,
            lcp_ns: performance.lcp.timestamp.0.or(view.largest_contentful_paint.0),
            inp_ns: performance.inp.duration.0.or(view.interaction_to_next_paint.0),
            cls: performance.cls.score.0.or(view.cumulative_layout_shift.0).filter(|score| score.is_finite()),
            fcp_ns: performance.fcp.timestamp.0.or(view.first_contentful_paint.0),
            ttfb_ns: view.first_byte.0,
            lcp_target: target(&performance.lcp, &view.largest_contentful_paint_target_selector),
            inp_target: target(&performance.inp, &view.interaction_to_next_paint_target_selector),
            cls_target: target(&performance.cls, &view.cumulative_layout_shift_target_selector),
            counts: counts.map(|counted| counted.count.0.unwrap_or_default()),
            document: vec![],
        }
    }

    /// The row of a view that was put together, which keeps what this one knows of its browser.
    pub(crate) fn of_document(self, document: &Document, clock: Clock) -> Option<Self> {
        let text = document.view().to_string();
        let line = Line::read(&text)?;
        let mut about = self.about;
        if line.date != 0 {
            about.date_ms = clock.time(line.date);
        }
        let mut row = Self::of(&line, &about, document.version());
        row.is_partial = document.is_partial();
        row.updates = document.updates() as i64;
        row.document = document.pack();
        Some(row)
    }
}

const COLUMNS: &[&str] = &[
    "id",
    "session_id",
    "date_ms",
    "route",
    "path",
    "loading_type",
    "is_active",
    "document_version",
    "is_partial",
    "updates",
    "time_spent_ns",
    "loading_time_ns",
    "lcp_ns",
    "inp_ns",
    "cls",
    "fcp_ns",
    "ttfb_ns",
    "lcp_target",
    "inp_target",
    "cls_target",
    "actions",
    "errors",
    "long_tasks",
    "resources",
    "frustrations",
    "service",
    "env",
    "version",
    "browser",
    "device",
    "document",
];

/// What becomes of a view that is there already. What an update does not tell stays.
macro_rules! replace_view {
    ($where:literal) => {
        concat!(
            "on conflict (session_id, id) do update set date_ms = excluded.date_ms, route = excluded.route, path = excluded.path, \
             loading_type = excluded.loading_type, is_active = excluded.is_active, document_version = excluded.document_version, \
             is_partial = excluded.is_partial, updates = excluded.updates, time_spent_ns = excluded.time_spent_ns, \
             loading_time_ns = excluded.loading_time_ns, lcp_ns = excluded.lcp_ns, inp_ns = excluded.inp_ns, cls = excluded.cls, \
             fcp_ns = excluded.fcp_ns, ttfb_ns = excluded.ttfb_ns, lcp_target = excluded.lcp_target, \
             inp_target = excluded.inp_target, cls_target = excluded.cls_target, actions = excluded.actions, \
             errors = excluded.errors, long_tasks = excluded.long_tasks, resources = excluded.resources, \
             frustrations = excluded.frustrations, service = coalesce(excluded.service, rum_view.service), \
             env = coalesce(excluded.env, rum_view.env), version = coalesce(excluded.version, rum_view.version), \
             browser = coalesce(excluded.browser, rum_view.browser), device = coalesce(excluded.device, rum_view.device), \
             document = excluded.document ",
            $where
        )
    };
}

/// A whole view, which counts where its version is the highest.
#[derive(Debug)]
pub(crate) struct Newer(pub(crate) ViewRow);

impl Insert for Newer {
    const TABLE: Table = Table {
        name: "rum_view",
        columns: COLUMNS,
        on_conflict: replace_view!("where excluded.document_version > rum_view.document_version"),
    };

    fn binds(self) -> Vec<Bind> {
        self.0.binds()
    }
}

/// A view that was put together of all that is known of it.
#[derive(Debug)]
pub(crate) struct Replaced(pub(crate) ViewRow);

impl Insert for Replaced {
    const TABLE: Table = Table { name: "rum_view", columns: COLUMNS, on_conflict: replace_view!("") };

    fn binds(self) -> Vec<Bind> {
        self.0.binds()
    }
}

impl ViewRow {
    fn binds(self) -> Vec<Bind> {
        let About { session_id, view_id, date_ms, route, service, env, version, browser, device, .. } =
            self.about;
        let [actions, errors, long_tasks, resources, frustrations] = self.counts;
        vec![
            view_id.into(),
            session_id.into(),
            date_ms.into(),
            route.into(),
            self.path.into(),
            self.loading_type.into(),
            self.is_active.into(),
            self.version.into(),
            self.is_partial.into(),
            self.updates.into(),
            self.time_spent_ns.into(),
            self.loading_time_ns.into(),
            self.lcp_ns.into(),
            self.inp_ns.into(),
            self.cls.into(),
            self.fcp_ns.into(),
            self.ttfb_ns.into(),
            self.lcp_target.into(),
            self.inp_target.into(),
            self.cls_target.into(),
            actions.into(),
            errors.into(),
            long_tasks.into(),
            resources.into(),
            frustrations.into(),
            service.into(),
            env.into(),
            version.into(),
            browser.into(),
            device.into(),
            self.document.into(),
        ]
    }
}
