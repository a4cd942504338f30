//! `GET /.greenroom/v1/boot`: what the start did, what held it, and what failed; `/v1/boots` the last ones, which are kept.

use axum::{Json, extract::State};
use greenroom_core::{
    Owner, StartError,
    boot::{BootReport, Failure, Outcome, Step},
};
use greenroom_data_dir::RecentLines;
use greenroom_http::{HandlerResult, Query};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Told, millis,
    page::{Asked, Page},
    time,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Boot {
    backend: &'static str,
    began_at: Option<String>,
    outcome: Option<&'static str>,
    took_ms: Option<f64>,
    failures: Vec<Failed>,
    critical_path: Vec<Link>,
    steps: Page<Done>,
}

#[derive(Serialize)]
struct Failed {
    owner: Option<String>,
    /// The innermost first.
    causes: Vec<String>,
    permitted: bool,
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
    let steps = asked.of(report.steps().into_iter().map(done))?;
    Ok(Json(whole(report, steps, &|text| told.sources.config.masked(text))))
}

/// The starts that are kept, of this backend and of a Node backend that it runs, the newest last.
pub(crate) async fn boots(State(told): State<Told>) -> Json<Value> {
    let lines =
        RecentLines::at(&told.sources.data.path().join(RecentLines::BOOTS)).read().unwrap_or_default();
    let boots = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Json(json!({ "items": boots.collect::<Vec<_>>() }))
}

/// A start as [`GET /.greenroom/v1/boot`](crate) tells it, with all its steps; `error` is why it failed. `mask` takes secrets out of what
/// errors say.
pub fn boot_document(
    report: &BootReport,
    error: Option<&StartError>,
    mask: impl Fn(&str) -> String,
) -> Value {
    let steps = Page { items: report.steps().into_iter().map(done).collect(), next_cursor: None };
    let mut boot = whole(report, steps, &mask);
    if let Some(error) = error {
        boot.outcome = Some("failure");
        boot.took_ms.get_or_insert_with(|| report.began_at().elapsed().map(millis).unwrap_or_default());
        if boot.failures.iter().all(|failed| failed.permitted) {
            let faults = error.faults().into_iter();
            let of = |fault: greenroom_core::Fault| failed(fault.owner.as_ref(), &fault.error, false, &mask);
            boot.failures.extend(faults.take(MOST_FAILURES).map(of));
        }
    }
    json!(boot)
}

/// The line in which a start is kept: of one that is too long the shortest steps are left out.
pub fn kept_boot(mut boot: Value) -> String {
    let items = match &mut boot["steps"] {
        Value::Object(page) => page.remove("items").unwrap_or_default(),
        steps => steps.take(),
    };
    let mut steps = match items {
        Value::Array(steps) => steps,
        _ => vec![],
    };
    let took = |step: &Value| {
        step["endedMs"].as_f64().unwrap_or(f64::MAX) - step["beganMs"].as_f64().unwrap_or_default()
    };
    loop {
        boot["steps"] = json!(steps);
        let line = boot.to_string();
        if line.len() <= RecentLines::LONGEST || steps.is_empty() {
            return line;
        }
        let mut by_time: Vec<_> = steps.iter().map(&took).collect();
        by_time.sort_by(f64::total_cmp);
        let least = by_time[by_time.len() / 4];
        // The start itself stays, it is the root of all.
        let before = steps.len();
        steps.retain(|step| took(step) > least || step["kind"] == "start");
        if steps.len() == before {
            steps.pop();
        }
    }
}

/// So many failures are told.
const MOST_FAILURES: usize = 20;

fn whole(report: &BootReport, steps: Page<Done>, mask: &dyn Fn(&str) -> String) -> Boot {
    let result = report.result();
    let path = report.critical_path().into_iter().map(|link| Link {
        step: link.step.id.index(),
        kind: link.step.kind.as_str(),
        name: link.step.name.to_string(),
        owner: link.step.owner.as_ref().map(ToString::to_string),
        held_ms: millis(link.held),
    });
    let outcome = |outcome| if outcome == Outcome::Success { "success" } else { "failure" };
    Boot {
        backend: "greenroom",
        began_at: time(report.began_at()),
        outcome: result.as_ref().map(|result| outcome(result.outcome)),
        took_ms: result.as_ref().map(|result| millis(result.took)),
        failures: result.as_ref().map(|result| failures(result, mask)).unwrap_or_default(),
        critical_path: path.collect(),
        steps,
    }
}

fn failures(result: &greenroom_core::boot::BootResult, mask: &dyn Fn(&str) -> String) -> Vec<Failed> {
    let of_plugin = |plugin: &greenroom_core::boot::PluginResult| {
        let owner = |module| Owner { plugin: plugin.plugin_id.clone(), module };
        let own = plugin.failure.iter().map(|failure| (owner(None), failure.clone()));
        let modules = plugin
            .modules
            .iter()
            .filter_map(|module| Some((owner(Some(module.module_id.clone())), module.failure.clone()?)));
        own.chain(modules).collect::<Vec<(Owner, Failure)>>()
    };
    let all = result.plugins.iter().flat_map(of_plugin).take(MOST_FAILURES);
    all.map(|(owner, failure)| failed(Some(&owner), &failure.error, failure.allowed, mask)).collect()
}

fn failed(
    owner: Option<&Owner>,
    error: &greenroom_errors::Error,
    permitted: bool,
    mask: &dyn Fn(&str) -> String,
) -> Failed {
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let mut causes: Vec<_> = chain.take(8).map(|error| mask(&error.to_string())).collect();
    causes.reverse();
    causes.dedup();
    Failed { owner: owner.map(ToString::to_string), causes, permitted }
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
