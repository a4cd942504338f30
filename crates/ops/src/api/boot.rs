//! `GET /.greenroom/v1/boot`: what the start did, and what held it.

use axum::{Json, extract::State};
use greenroom_core::boot::{Outcome, Step};
use greenroom_http::{HandlerResult, Query};
use serde::Serialize;

use super::{
    Told, millis,
    page::{Asked, Page},
    time,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Boot {
    began_at: Option<String>,
    outcome: Option<&'static str>,
    took_ms: Option<f64>,
    critical_path: Vec<Link>,
    steps: Page<Done>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    step: usize,
    kind: &'static str,
    name: String,
    owner: Option<String>,
    held_ms: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    step: usize,
    kind: &'static str,
    name: String,
    owner: Option<String>,
    waited_for: Vec<usize>,
    began_ms: f64,
    called_ms: Option<f64>,
    ended_ms: Option<f64>,
    failed: bool,
}

pub(crate) async fn boot(State(told): State<Told>, Query(asked): Query<Asked>) -> HandlerResult<Json<Boot>> {
    let report = &told.sources.report;
    let result = report.result();
    let path = report.critical_path().into_iter().map(|link| Link {
        step: link.step.id.index(),
        kind: link.step.kind.as_str(),
        name: link.step.name.to_string(),
        owner: link.step.owner.as_ref().map(ToString::to_string),
        held_ms: millis(link.held),
    });
    let outcome = |outcome| if outcome == Outcome::Success { "success" } else { "failure" };
    Ok(Json(Boot {
        began_at: time(report.began_at()),
        outcome: result.as_ref().map(|result| outcome(result.outcome)),
        took_ms: result.as_ref().map(|result| millis(result.took)),
        critical_path: path.collect(),
        steps: asked.of(report.steps().into_iter().map(done))?,
    }))
}

fn done(step: Step) -> Done {
    Done {
        step: step.id.index(),
        kind: step.kind.as_str(),
        name: step.name.to_string(),
        owner: step.owner.as_ref().map(ToString::to_string),
        waited_for: step.waited_for.iter().map(|id| id.index()).collect(),
        began_ms: millis(step.began),
        called_ms: step.called.map(millis),
        ended_ms: step.ended.map(millis),
        failed: step.failed,
    }
}
