//! `sessions` and `sessions/:id`.

use axum::extract::{RawQuery, State};
use greenroom::prelude::*;
use greenroom_plugin_rum_store::queries::{Event, Request, SessionCourse, SessionRow, Story};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{List, rounded, time, views::ViewJson};
use crate::{asked::Asked, browser::Browser};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    id: String,
    began: Option<String>,
    last_event: Option<String>,
    is_open: bool,
    service: Option<String>,
    env: Option<String>,
    version: Option<String>,
    browser: Option<String>,
    browser_version: Option<String>,
    os: Option<String>,
    device: Option<String>,
    sdk_version: Option<String>,
}

impl Session {
    pub(super) fn of(row: SessionRow, now_ms: i64) -> Self {
        Self {
            is_open: crate::words::is_open(&row, now_ms),
            began: time(row.started_ms),
            last_event: time(row.last_ms),
            id: row.id,
            service: row.service,
            env: row.env,
            version: row.version,
            browser: row.browser,
            browser_version: row.browser_version,
            os: row.os,
            device: row.device,
            sdk_version: row.sdk_version,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    #[serde(flatten)]
    session: Session,
    views: usize,
    errors: usize,
    frustrations: i64,
    last_route: Option<String>,
    slowest_route: Option<String>,
    slowest_loading_ms: Option<f64>,
}

pub(super) async fn sessions(
    State(browser): State<Browser>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Json<List<Row>>> {
    let asked = Asked::parse(query.as_deref(), &["cursor", "limit", "has", "error"])?;
    let page = browser
        .store()?
        .sessions(&asked.filter, &asked.met()?, asked.cursor()?.as_ref(), asked.limit()?)
        .await?;
    let row = |course: SessionCourse| Row {
        views: course.views.len(),
        errors: course.errors_ms.len(),
        frustrations: course.frustrations(),
        last_route: course.views.last().map(|view| view.route.clone()),
        slowest_route: course.slowest().map(|view| view.route.clone()),
        slowest_loading_ms: course.slowest().and_then(|view| view.loading_ms).map(rounded),
        session: Session::of(course.session, asked.now_ms),
    };
    Ok(Json(List::new(page.rows.into_iter().map(row).collect(), page.next.as_ref())))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    #[serde(flatten)]
    session: Session,
    views: Vec<ViewJson>,
    events: Vec<EventJson>,
    /// There is more of it than is told.
    is_cut: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventJson {
    id: String,
    session_id: String,
    view_id: String,
    #[serde(rename = "type")]
    kind: String,
    began: Option<String>,
    duration_ms: Option<f64>,
    name: String,
    route: String,
    sub_type: Option<String>,
    method: Option<String>,
    status: Option<i64>,
    bytes: Option<i64>,
    trace_id: Option<String>,
    span_id: Option<String>,
    fingerprint: Option<String>,
    version: Option<String>,
    /// The backend's request, of a resource that had one.
    request: Option<RequestJson>,
    /// What else is kept of it, as the SDK calls it.
    detail: Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestJson {
    request_id: String,
    replica: String,
    plugin: Option<String>,
    method: String,
    route: Option<String>,
    path: String,
    status: i64,
    began: Option<String>,
    duration_ms: f64,
    bytes: Option<i64>,
    is_aborted: bool,
    stages_ms: Map<String, Value>,
}

impl From<&Request> for RequestJson {
    fn from(request: &Request) -> Self {
        let stages = request.stages.iter().map(|(name, took)| (name.clone(), rounded(*took).into()));
        Self {
            request_id: request.request_id.clone(),
            replica: request.replica.clone(),
            plugin: request.plugin.clone(),
            method: request.method.clone(),
            route: request.route.clone(),
            path: request.path.clone(),
            status: request.status,
            began: time(request.began_ms),
            duration_ms: rounded(request.duration_ms),
            bytes: request.bytes,
            is_aborted: request.is_aborted,
            stages_ms: stages.collect(),
        }
    }
}

impl EventJson {
    pub(super) fn of(event: &Event, request: Option<&Request>) -> Self {
        Self {
            id: event.id.clone(),
            session_id: event.session_id.clone(),
            view_id: event.view_id.clone(),
            kind: event.kind.clone(),
            began: time(event.began_ms),
            duration_ms: event.duration_ms.map(rounded),
            name: event.name.clone(),
            route: event.route.clone(),
            sub_type: event.sub_type.clone(),
            method: event.method.clone(),
            status: event.status,
            bytes: event.size,
            trace_id: event.trace_id.clone(),
            span_id: event.span_id.clone(),
            fingerprint: event.fingerprint.clone(),
            version: event.version.clone(),
            request: request.map(RequestJson::from),
            detail: event.detail(),
        }
    }
}

pub(super) async fn session(
    State(browser): State<Browser>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Json<Told>> {
    let asked = Asked::parse(query.as_deref(), &[])?;
    let Some(story) = browser.story(&id).await? else {
        Err(Error::not_found("There is no such session: it was never kept, or is kept no more"))?
    };
    let events = story.events.iter().map(|event| EventJson::of(event, story.request_of(event))).collect();
    let Story { session, views, is_cut, .. } = story;
    Ok(Json(Told {
        session: Session::of(session, asked.now_ms),
        views: views.into_iter().map(ViewJson::from).collect(),
        events,
        is_cut,
    }))
}
