//! `GET /.greenroom/v1/health`: what works, what does not, why and since when, in the form of the draft
//! `draft-inadarei-api-health-check-06`. It is told from last results, so that no answer waits for a check.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use greenroom_core::State as Lifecycle;
use greenroom_errors::Error;
use greenroom_health::{Cause, Change, CheckState, Kind, Outcome, Probe};
use greenroom_http::HandlerResult;
use greenroom_log_store::Line;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{Told, millis, time};

const PATH: &str = "/.greenroom/v1/health";
/// How many causes have lines, and how many each; of a longer message the beginning.
const MOST_EXPLAINED: usize = 5;
const MOST_LINES: usize = 10;
const LONGEST: usize = 300;
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/health+json");

pub(crate) fn routes() -> Router<Told> {
    Router::new()
        .route("/v1/health", get(whole))
        .route("/v1/health/readiness", get(readiness))
        .route("/v1/health/liveness", get(liveness))
        .route("/v1/health/startup", get(startup))
        .route("/v1/health/checks/{name}", get(one))
}

/// The whole, or a group of checks.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status: &'static str,
    output: Option<String>,
    release_id: &'static str,
    service_id: String,
    ready: bool,
    causes: Vec<Caused>,
    checks: BTreeMap<String, [Checked; 1]>,
    links: BTreeMap<&'static str, String>,
}

/// One thing that is wrong.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Caused {
    dependency: Option<Dependency>,
    status: &'static str,
    fails_readiness: bool,
    since: Option<String>,
    last_success: Option<String>,
    output: Option<String>,
    next_step: Option<String>,
    checks: Vec<String>,
    plugins: Vec<String>,
    affected_endpoints: Vec<String>,
    lines: Vec<Said>,
}

/// A line of the log from around the time when it began: the whole one is found by its number.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    sequence: u64,
    time: Option<String>,
    level: &'static str,
    plugin: Option<String>,
    message: String,
    request_id: Option<String>,
    trace_id: Option<String>,
}

#[derive(Serialize)]
struct Dependency {
    kind: String,
    target: String,
}

/// One check.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    component_id: String,
    component_type: &'static str,
    /// `null` before the first run has ended.
    status: Option<&'static str>,
    output: Option<String>,
    next_step: Option<String>,
    /// How long the last run took.
    observed_value: Option<f64>,
    observed_unit: &'static str,
    time: Option<String>,
    affected_endpoints: Vec<String>,
    kind: &'static str,
    severity: &'static str,
    readiness: bool,
    since: Option<String>,
    last_success: Option<String>,
    last_failure: Option<String>,
    overdue_ms: Option<f64>,
    dependency: Option<Dependency>,
    flips: u64,
    history: Vec<Changed>,
    links: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    at: Option<String>,
    status: &'static str,
    output: Option<String>,
    lasted_ms: Option<f64>,
}

/// One look at the checks and at readiness: what an answer says in several places is said of the same moment.
struct Look {
    states: Vec<CheckState>,
    /// Why requests should not be sent here, in the words of Backstage's probe.
    why_not_ready: Option<String>,
}

impl Look {
    async fn at(told: &Told) -> Self {
        let answer = told.sources.health.readiness(&Probe { at_once: true, ..Probe::default() }).await;
        let why = || answer.message().unwrap_or("Readiness fails").to_owned();
        let why_not_ready = (!answer.passes()).then(why);
        Self { states: told.sources.checks.all_states(), why_not_ready }
    }

    /// The first check of a kind that has failed, or has not run yet where that matters.
    fn failing(&self, kind: Kind, must_have_run: bool) -> Option<String> {
        self.states.iter().filter(|state| state.kind == kind).find_map(|state| match state.outcome() {
            None if must_have_run => Some(format!("Check '{}' has not run yet", state.name)),
            Some(Outcome::Fail) => Some(format!("Check '{}' failed", state.name)),
            _ => None,
        })
    }
}

async fn whole(State(told): State<Told>) -> Response {
    let look = Look::at(&told).await;
    let why = look.why_not_ready.clone();
    let groups = ["readiness", "liveness", "startup"].map(|group| (group, format!("{PATH}/{group}")));
    told_as(&told, look, why, groups.into())
}

async fn readiness(State(told): State<Told>) -> Response {
    let look = Look::at(&told).await;
    let why = look.why_not_ready.clone();
    group(&told, look, |state| state.readiness, why)
}

async fn liveness(State(told): State<Told>) -> Response {
    let answer = told.sources.health.liveness().await;
    let look = Look::at(&told).await;
    let why = (!answer.passes()).then(|| answer.message().unwrap_or("Liveness fails").to_owned());
    let why = why.or_else(|| look.failing(Kind::Liveness, false));
    group(&told, look, |state| state.kind == Kind::Liveness, why)
}

async fn startup(State(told): State<Told>) -> Response {
    let look = Look::at(&told).await;
    let state = *told.sources.lifecycle.state().borrow();
    let why = match state {
        Lifecycle::Starting => Some("Backend has not started yet".to_owned()),
        Lifecycle::Failed => Some("The start has failed".to_owned()),
        Lifecycle::Started | Lifecycle::Stopping => look.failing(Kind::Startup, true),
    };
    group(&told, look, |state| state.kind == Kind::Startup, why)
}

async fn one(State(told): State<Told>, Path(name): Path<String>) -> HandlerResult<Response> {
    let state = told.sources.checks.all_states().into_iter().find(|state| state.name == name);
    let state = state.ok_or_else(|| {
        Error::not_found(format!(
            "There is no health check '{}': GET {PATH} lists those that there are",
            name.chars().take(100).collect::<String>().escape_default()
        ))
    })?;
    let is_failing = state.outcome() == Some(Outcome::Fail);
    Ok(answer(is_failing, serde_json::to_vec(&checked(&told, state))))
}

fn group(
    told: &Told,
    mut look: Look,
    is_of_it: impl Fn(&CheckState) -> bool,
    why: Option<String>,
) -> Response {
    look.states.retain(|state| is_of_it(state));
    told_as(told, look, why, BTreeMap::from([("up", PATH.to_owned())]))
}

/// It fails if `why` says so, and warns if any of its checks does not pass.
fn told_as(
    told: &Told,
    Look { states, why_not_ready }: Look,
    why: Option<String>,
    links: BTreeMap<&'static str, String>,
) -> Response {
    let from = &told.sources;
    let causes = Cause::of(&states);
    let status = match &why {
        Some(_) => Outcome::Fail,
        None if causes.is_empty() && states.iter().all(|state| state.overdue.is_none()) => Outcome::Pass,
        None => Outcome::Warn,
    };
    let health = Health {
        status: status.as_str(),
        ready: why_not_ready.is_none(),
        output: why.map(|text| from.config.masked(&text)),
        release_id: env!("CARGO_PKG_VERSION"),
        service_id: from.metadata.id().to_owned(),
        causes: causes.into_iter().enumerate().map(|(number, cause)| caused(told, cause, number)).collect(),
        checks: states.into_iter().map(|state| (state.name.clone(), [checked(told, state)])).collect(),
        links,
    };
    answer(status == Outcome::Fail, serde_json::to_vec(&health))
}

/// The draft wants a status by which a program that reads no body knows of a failure.
fn answer(is_failing: bool, body: serde_json::Result<Vec<u8>>) -> Response {
    let Ok(body) = body else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let status = if is_failing { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response()
}

/// What a check says is an author's text, or that of a library.
fn masked(told: &Told, text: Option<&str>) -> Option<String> {
    text.map(|text| told.sources.config.masked(text))
}

fn caused(told: &Told, cause: Cause, number: usize) -> Caused {
    let lines = match &told.sources.lines {
        Some(store) if number < MOST_EXPLAINED => store.around(cause.since, &cause.plugins, MOST_LINES),
        _ => vec![],
    };
    Caused {
        next_step: masked(told, Some(&cause.next_step)),
        lines: lines.into_iter().map(said).collect(),
        dependency: cause.dependency.as_ref().map(|on| dependency(told, on)),
        status: cause.outcome.as_str(),
        fails_readiness: cause.fails_readiness,
        since: time(cause.since),
        last_success: cause.last_success.and_then(time),
        output: masked(told, cause.reason.as_deref()),
        checks: cause.checks,
        plugins: cause.plugins,
        affected_endpoints: cause.affects,
    }
}

fn said(line: Line) -> Said {
    let mut message = line.message;
    if let Some((end, _)) = message.char_indices().nth(LONGEST) {
        message.truncate(end);
        message.push('…');
    }
    Said {
        sequence: line.sequence,
        time: time(line.time),
        level: line.level.as_str(),
        plugin: line.plugin,
        message,
        request_id: line.request_id,
        trace_id: line.trace_id,
    }
}

fn dependency(told: &Told, on: &greenroom_health::Dependency) -> Dependency {
    Dependency { kind: on.kind().to_owned(), target: told.sources.config.masked(&on.target()) }
}

fn checked(told: &Told, state: CheckState) -> Checked {
    let last = state.last.as_ref();
    let silent = state.overdue.map(|silent| {
        format!("nothing has run it for {} s: what runs checks may stand still", silent.as_secs())
    });
    let changed = |change: &Change| Changed {
        at: time(change.at),
        status: change.outcome.as_str(),
        output: masked(told, change.reason.as_deref()),
        lasted_ms: change.lasted.map(millis),
    };
    Checked {
        component_type: match &state.dependency {
            Some(on) if ["postgresql", "sqlite"].contains(&on.kind()) => "datastore",
            _ => "component",
        },
        status: state.outcome().map(Outcome::as_str),
        output: silent.or_else(|| masked(told, last.and_then(|last| last.check.message.as_deref()))),
        next_step: masked(told, last.and_then(|last| last.check.next_step.as_deref())),
        observed_value: last.map(|last| millis(last.took)),
        observed_unit: "ms",
        time: last.and_then(|last| time(last.at)),
        kind: state.kind.as_str(),
        severity: state.severity.as_str(),
        readiness: state.readiness,
        since: last.and_then(|last| time(last.since)),
        last_success: state.history.last_success.and_then(time),
        last_failure: state.history.last_failure.and_then(time),
        overdue_ms: state.overdue.map(millis),
        dependency: state.dependency.as_ref().map(|on| dependency(told, on)),
        flips: state.history.flips,
        history: state.history.changes.iter().map(changed).collect(),
        links: BTreeMap::from([("self", format!("{PATH}/checks/{}", state.name))]),
        affected_endpoints: state.affects,
        component_id: state.name,
    }
}
