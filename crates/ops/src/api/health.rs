//! `GET /.greenroom/v1/health`: whether requests should be sent here, and each check with its reason.

use axum::{Json, extract::State};
use greenroom_health::{CheckState, Outcome, Probe};
use greenroom_http::{HandlerResult, Query};
use serde::Serialize;

use super::{
    Told, millis,
    page::{Asked, Page},
    time,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    ready: bool,
    message: Option<String>,
    checks: Page<Checked>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    name: String,
    kind: &'static str,
    outcome: Option<&'static str>,
    message: Option<String>,
    since: Option<String>,
    checked_at: Option<String>,
    took_ms: Option<f64>,
}

pub(crate) async fn health(
    State(told): State<Told>,
    Query(asked): Query<Asked>,
) -> HandlerResult<Json<Health>> {
    let from = &told.sources;
    let answer = from.health.readiness(&Probe::default()).await;
    let checks = asked.of(from.checks.settled().await.into_iter().map(|check| checked(&told, check)))?;
    Ok(Json(Health { ready: answer.passes(), message: answer.message().map(str::to_owned), checks }))
}

fn checked(told: &Told, state: CheckState) -> Checked {
    let last = state.last.as_ref();
    // What a check says is an author's text, or that of a library.
    let message =
        last.and_then(|last| last.check.message.as_deref()).map(|text| told.sources.config.masked(text));
    Checked {
        name: state.name,
        kind: if state.readiness { "readiness" } else { "information" },
        outcome: last.map(|last| match last.check.outcome {
            Outcome::Pass => "pass",
            Outcome::Warn => "warn",
            Outcome::Fail => "fail",
        }),
        message,
        since: last.and_then(|last| time(last.since)),
        checked_at: last.and_then(|last| time(last.at)),
        took_ms: last.map(|last| millis(last.took)),
    }
}
