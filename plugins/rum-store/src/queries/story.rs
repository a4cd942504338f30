//! One session from its first view to its last event, with the requests that this backend has answered for it.

use greenroom::errors::Error;
use greenroom_database_sql::{Sql, row};
use serde_json::Value;

use super::{
    sessions::SessionRow,
    views::{View, ms},
};
use crate::{detail, store::Store};

/// The most views of a session that are told.
pub(super) const MOST_VIEWS: i64 = 200;
/// The most events of a session that are told.
const MOST_EVENTS: i64 = 3_000;
/// The most bytes of their details, as they are kept and as they are told.
const MOST_DETAIL: usize = 4 << 20;
/// The most requests of a session that are told.
const MOST_REQUESTS: i64 = 1_000;

row! {
    pub(super) struct FoundEvent {
        id: String,
        session_id: String,
        view_id: String,
        kind: String,
        date_ms: i64,
        duration_ns: Option<i64>,
        name: String,
        route: String,
        sub_type: Option<String>,
        method: Option<String>,
        status: Option<i64>,
        size: Option<i64>,
        trace_id: Option<String>,
        span_id: Option<String>,
        fingerprint: Option<String>,
        version: Option<String>,
        detail: Vec<u8>,
    }
}

pub(super) const EVENT: &str = "e.id, e.session_id, e.view_id, e.type as kind, e.date_ms, e.duration_ns, e.name, e.route, e.sub_type, \
    e.method, e.status, e.size, e.trace_id, e.span_id, e.fingerprint, e.version, e.detail";

/// A resource, an error, an action, a long task or a vital.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// As the SDK calls it.
    pub id: String,
    /// Of which it is.
    pub session_id: String,
    /// Of which it is.
    pub view_id: String,
    /// `resource`, `error`, `action`, `long_task`, `vital`.
    pub kind: String,
    /// When it began, in milliseconds since 1970.
    pub began_ms: i64,
    /// How long it took.
    pub duration_ms: Option<f64>,
    /// A resource's templated URL, an error's message, an action's target, what a long task or a vital is called.
    pub name: String,
    /// Of the view.
    pub route: String,
    /// A resource's or an action's type, an error's source, a long task's entry type.
    pub sub_type: Option<String>,
    /// Of a resource.
    pub method: Option<String>,
    /// Of a resource: 0 where there was no answer.
    pub status: Option<i64>,
    /// Of a resource, in bytes.
    pub size: Option<i64>,
    /// 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// 16 hexadecimal digits.
    pub span_id: Option<String>,
    /// Of the group of errors.
    pub fingerprint: Option<String>,
    /// Of the app.
    pub version: Option<String>,
    detail: Vec<u8>,
}

impl From<FoundEvent> for Event {
    fn from(found: FoundEvent) -> Self {
        Self {
            id: found.id,
            session_id: found.session_id,
            view_id: found.view_id,
            kind: found.kind,
            began_ms: found.date_ms,
            duration_ms: found.duration_ns.map(ms),
            name: found.name,
            route: found.route,
            sub_type: found.sub_type,
            method: found.method,
            status: found.status,
            size: found.size,
            trace_id: found.trace_id,
            span_id: found.span_id,
            fingerprint: found.fingerprint,
            version: found.version,
            detail: found.detail,
        }
    }
}

row! {
    struct Size { bytes: i64 }
}

/// How many come before there would be too much.
fn within(sizes: impl IntoIterator<Item = usize>) -> usize {
    let mut left = Some(MOST_DETAIL);
    let is_within = |size: &usize| {
        left = left.and_then(|left| left.checked_sub(*size));
        left.is_some()
    };
    sizes.into_iter().take_while(is_within).count()
}

impl Event {
    /// What else is kept of it: JSON, null if it cannot be read.
    pub fn detail(&self) -> Value {
        let text = detail::unpack(&self.detail).ok();
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Whether it is a resource without an answer, or with one that says that it failed.
    pub fn has_failed(&self) -> bool {
        self.status.is_some_and(|status| status == 0 || status >= 400)
    }
}

row! {
    struct FoundRequest {
        request_id: String,
        trace_id: String,
        parent_span_id: Option<String>,
        replica: String,
        plugin: Option<String>,
        method: String,
        route: Option<String>,
        path: String,
        status: i64,
        start_ms: i64,
        duration_ns: i64,
        bytes: Option<i64>,
        is_aborted: i64,
        stages: Option<String>,
    }
}

/// A request of a page, as the backend has seen it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// As its log lines name it.
    pub request_id: String,
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// That of the resource which it was for.
    pub parent_span_id: Option<String>,
    /// Which of the backends has answered it.
    pub replica: String,
    /// Which plugin has answered it.
    pub plugin: Option<String>,
    #[expect(missing_docs, reason = "its name says it")]
    pub method: String,
    /// The plugin's.
    pub route: Option<String>,
    /// Without a query.
    pub path: String,
    /// 0 where it was given up before there was one.
    pub status: i64,
    /// When it began, in milliseconds since 1970.
    pub began_ms: i64,
    /// How long it took.
    pub duration_ms: f64,
    /// Of the answer's body.
    pub bytes: Option<i64>,
    /// The client left before its end.
    pub is_aborted: bool,
    /// What took how many milliseconds, in this order.
    pub stages: Vec<(String, f64)>,
}

impl From<FoundRequest> for Request {
    fn from(found: FoundRequest) -> Self {
        let stages: serde_json::Map<String, Value> =
            found.stages.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self {
            request_id: found.request_id,
            trace_id: found.trace_id,
            parent_span_id: found.parent_span_id,
            replica: found.replica,
            plugin: found.plugin,
            method: found.method,
            route: found.route,
            path: found.path,
            status: found.status,
            began_ms: found.start_ms,
            duration_ms: ms(found.duration_ns),
            bytes: found.bytes,
            is_aborted: found.is_aborted != 0,
            stages: stages.into_iter().filter_map(|(name, took)| Some((name, ms(took.as_i64()?)))).collect(),
        }
    }
}

row! {
    /// By what it is seen that a session has grown.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Grown {
        /// When its first event was, in milliseconds since 1970.
        pub started_ms: i64,
        /// When its last event was, in milliseconds since 1970.
        pub last_ms: i64,
        /// How many events are kept of it.
        pub events: i64,
    }
}

/// One session from its first view to its last event.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// Whose.
    pub session: SessionRow,
    /// In the order in which they began.
    pub views: Vec<View>,
    /// In the order in which they began.
    pub events: Vec<Event>,
    /// Of its resources.
    pub requests: Vec<Request>,
    /// There is more of it than is told.
    pub is_cut: bool,
}

impl Story {
    /// The request that a resource was answered by.
    pub fn request_of(&self, event: &Event) -> Option<&Request> {
        let trace = event.trace_id.as_deref()?;
        let mut of_trace = self.requests.iter().filter(|request| request.trace_id == trace);
        // One trace may have had several: each knows the span that asked for it.
        of_trace.find(|request| match (&request.parent_span_id, &event.span_id) {
            (Some(parent), Some(span)) => parent == span,
            _ => true,
        })
    }
}

impl Store {
    /// One session, or none of that id.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn story(&self, session: &str) -> Result<Option<Story>, Error> {
        // They are read once it is known that they are not too large.
        let sizes = self.sql("select cast(length(e.detail) as bigint) as bytes from rum_event e");
        let sizes = sizes.then(" where e.session_id = ").bind(session);
        let sizes =
            self.rows::<Size>(sizes.then(" order by e.date_ms, e.id limit ").bind(MOST_EVENTS)).await?;
        let count = within(sizes.iter().map(|size| usize::try_from(size.bytes).unwrap_or_default()));
        let events =
            self.sql("select ").then(EVENT).then(" from rum_event e where e.session_id = ").bind(session);
        let events =
            events.then(" order by e.date_ms, e.id limit ").bind(i64::try_from(count).unwrap_or(MOST_EVENTS));
        let requests = self
            .requests()
            .then(" where q.trace_id in (select e.trace_id from rum_event e where e.session_id = ");
        let requests = requests
            .bind(session)
            .then(" and e.trace_id is not null) order by q.start_ms limit ")
            .bind(MOST_REQUESTS);
        let (row, views, mut events, requests) = tokio::try_join!(
            self.session_row(session),
            self.views_of([session], MOST_VIEWS),
            self.rows::<FoundEvent>(events),
            self.rows::<FoundRequest>(requests),
        )?;
        let is_full = |len: usize, most: i64| i64::try_from(len).is_ok_and(|len| len >= most);
        // A little that is packed may be much.
        events.truncate(within(events.iter().map(|event| detail::length(&event.detail))));
        let is_cut = is_full(views.len(), MOST_VIEWS)
            || is_full(sizes.len(), MOST_EVENTS)
            || events.len() < sizes.len();
        Ok(row.map(|session| Story {
            session,
            views,
            events: events.into_iter().map(Event::from).collect(),
            requests: requests.into_iter().map(Request::from).collect(),
            is_cut,
        }))
    }

    /// How far a session has come, or none of that id.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn grown(&self, session: &str) -> Result<Option<Grown>, Error> {
        let sql = self.sql(
            "select s.started_ms, s.last_ms, (select count(*) from rum_event e where e.session_id = s.id) as events \
             from rum_session s where s.id = ",
        );
        self.row(sql.bind(session)).await
    }

    /// The requests of a trace, in the order in which they began.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn requests_of(&self, trace_id: &str) -> Result<Vec<Request>, Error> {
        let sql = self.requests().then(" where q.trace_id = ").bind(trace_id);
        let found: Vec<FoundRequest> =
            self.rows(sql.then(" order by q.start_ms limit ").bind(MOST_REQUESTS)).await?;
        Ok(found.into_iter().map(Request::from).collect())
    }

    fn requests(&self) -> Sql {
        self.sql(
            "select q.request_id, q.trace_id, q.parent_span_id, q.replica, q.plugin, q.method, q.route, q.path, q.status, \
             q.start_ms, q.duration_ns, q.bytes, q.is_aborted, q.stages from rum_request q",
        )
    }
}
