//! What each button does.

use std::{
    fmt,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use greenroom::log_store::{Line, LogStore};
use greenroom_plugin_observatory_node::{assets, format};
use greenroom_plugin_rum::{Installed as Sdk, MeasuredPages};
use serde_json::{Value, json};

use crate::{
    button::Button,
    calls::{OwnCalls, Told},
    dependency::Dependency,
    evidence::{Evidence, Installed, Place, Trail, request_id},
    pressed::LastPresses,
};

/// Behind the buttons.
pub(crate) struct Presses {
    pub(crate) calls: OwnCalls,
    pub(crate) dependency: Dependency,
    pub(crate) pages: MeasuredPages,
    pub(crate) lines: LogStore,
    pub(crate) installed: Installed,
    pub(crate) last: LastPresses,
    /// Where npm is set up as whoever starts the backend has it.
    pub(crate) working_dir: PathBuf,
}

const READINESS: &str = "/.backstage/health/v1/readiness";
const CHECK: &str = "demo.dependency";
/// Tasks of the demo are told from others by how their ids begin.
const TASK: &str = "demo-";

impl Presses {
    pub(crate) async fn queue(&self) -> Evidence {
        let trail = Trail::begin(&self.lines);
        let id: String = request_id().chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        let task = format!("{TASK}{id}");
        let body = json!({"kind": "echo", "input": "from the demo's page"});
        let told = self.calls.post(&format!("/api/tasks/task/{task}/queue"), Some(&body)).await;
        let meaning = match told.status() {
            Some(202) => format!("The task {task} is queued, and runs without anybody waiting for it."),
            Some(409) => format!("The task {task} is queued already."),
            _ => "The task is not queued.".to_owned(),
        };
        let next = Some((format!("/api/demo/press/tasks/{task}"), "What became of it"));
        Evidence { next, ..self.evidence(Button::Queue, meaning, told, trail.of_the_press()) }
    }

    /// What became of a task of the demo's; `None` for one of somebody else's.
    pub(crate) async fn task(&self, id: &str) -> Option<Evidence> {
        let own = id.strip_prefix(TASK)?;
        if own.is_empty() || own.len() > 8 || !own.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let trail = Trail::begin(&self.lines);
        let told = self.calls.get(&format!("/api/tasks/task/{id}/results")).await;
        let meaning = match told.json()["state"].as_str() {
            Some(state @ ("succeeded" | "failed")) => format!("The task {id} has {state}."),
            Some(state) => format!("The task {id} is {state}: look again in a moment."),
            None => format!("Of the task {id} nothing is known."),
        };
        let next = Some((format!("/api/demo/press/tasks/{id}"), "Look again"));
        Some(Evidence { next, ..self.evidence(Button::Queue, meaning, told, trail.of_the_press()) })
    }

    pub(crate) async fn fail(&self) -> Evidence {
        let trail = Trail::begin(&self.lines);
        let told = self.calls.post("/api/demo/fail", None).await;
        let message = told.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        let log_id = message.split_once("logId=").map(|(_, id)| id.to_owned());
        let meaning = match &log_id {
            Some(_) => "The caller learns nothing of the file. Its logId is in the line that has the error.",
            None => "The handler has failed.",
        };
        let mut evidence = self.evidence(Button::Fail, meaning.to_owned(), told, trail.of_the_press());
        if let Some(id) = log_id {
            let page = self.installed.page("/.greenroom/#errors");
            evidence.places.insert(0, Place { name: "Now, last errors", page, exact: format!("logId={id}") });
        }
        evidence
    }

    pub(crate) async fn slow(&self) -> Evidence {
        let trail = Trail::begin(&self.lines);
        let told = self.calls.post("/api/demo/slow", None).await;
        let meaning = match told.json()["waitedMs"].as_u64() {
            Some(ms) => {
                format!(
                    "Of {} it has waited {} for a place in the pool.",
                    format::ms(told.took),
                    format::ms(Duration::from_millis(ms))
                )
            }
            None => "It has not got a place in the pool.".to_owned(),
        };
        self.evidence(Button::Slow, meaning, told, trail.of_the_press())
    }

    pub(crate) async fn break_down(&self) -> Evidence {
        let trail = Trail::begin(&self.lines);
        self.dependency.break_down().await;
        self.probed(&trail).await
    }

    pub(crate) async fn mend(&self) -> Evidence {
        let trail = Trail::begin(&self.lines);
        self.dependency.mend().await;
        self.probed(&trail).await
    }

    pub(crate) async fn readiness(&self) -> Evidence {
        self.probed(&Trail::begin(&self.lines)).await
    }

    /// What a probe gets now.
    async fn probed(&self, trail: &Trail<'_>) -> Evidence {
        let told = self.calls.get(READINESS).await;
        let meaning = match (told.status(), self.broken_for().await) {
            (Some(200), _) => "The backend is ready.".to_owned(),
            (Some(503), Some(seconds)) => {
                format!("The backend is not ready. What is broken comes back in {seconds} s.")
            }
            (Some(503), None) => "The backend is not ready.".to_owned(),
            _ => "The probe got no answer that it understands.".to_owned(),
        };
        let mut evidence = self.evidence(Button::Break, meaning, told, trail.of_check(CHECK));
        let page = self.installed.page("/.greenroom/#checks");
        evidence.places = vec![Place { name: "Now, checks", page, exact: CHECK.to_owned() }];
        evidence.next = Some(("/api/demo/press/readiness".to_owned(), "Ask again"));
        evidence
    }

    /// For how many seconds the dependency stays broken, if it is.
    pub(crate) async fn broken_for(&self) -> Option<u64> {
        let until = self.dependency.broken_until().await?;
        // Rounded up: at its end it is mended.
        Some(until.duration_since(SystemTime::now()).unwrap_or_default().as_millis().div_ceil(1000) as u64)
    }

    /// Lays Datadog's SDK out, from which on the page loads it.
    pub(crate) async fn lay_out(&self) -> Evidence {
        let trail = Trail::begin(&self.lines);
        let installed = self.pages.install(self.working_dir.clone()).await;
        laid_out(installed, trail.of_the_press())
    }

    fn evidence(&self, button: Button, meaning: String, told: Told, lines: Vec<Line>) -> Evidence {
        let id = request_id();
        let page = self.installed.page(format!("{}?request={id}", assets::LINES));
        let place = Place { name: "The log, by requestId", page, exact: id };
        let command = self.calls.command(&told, &self.working_dir);
        Evidence { button, meaning, told: Some(told), lines, places: vec![place], command, next: None }
    }
}

/// Where npm gets nothing, a file does: the error says which, and not which command takes it.
fn laid_out(installed: Result<Sdk, impl fmt::Display>, lines: Vec<Line>) -> Evidence {
    let (meaning, command) = match installed {
        Ok(sdk) => {
            let (version, dir) = (sdk.version, sdk.dir.display());
            let meaning = format!(
                "Datadog's browser SDK {version} is in {dir}. This page has just loaded it; a front end that is served here \
                 loads it from now on, too."
            );
            (meaning, None)
        }
        Err(error) => {
            let command = "greenroom rum sdk --from datadog-browser-rum.tgz".to_owned();
            (format!("The SDK is not here: {error}"), Some(command))
        }
    };
    let (told, places, next) = (None, vec![], None);
    Evidence { button: Button::Throw, meaning, told, lines, places, command, next }
}

impl Told {
    pub(crate) fn status(&self) -> Option<u16> {
        self.answer.as_ref().ok().map(|(status, _)| status.as_u16())
    }

    /// The body, where it is JSON.
    pub(crate) fn json(&self) -> Value {
        let body = self.answer.as_ref().ok().map(|(_, body)| body.as_str());
        body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_npm_gets_nothing_the_command_is_named_that_takes_a_file() {
        let evidence = laid_out(Err("npm is not here: give the file to `rum sdk --from`"), vec![]);
        assert_eq!(
            evidence.meaning,
            "The SDK is not here: npm is not here: give the file to `rum sdk --from`"
        );
        assert!(evidence.command.is_some_and(|command| command.starts_with("greenroom rum sdk --from ")));
    }
}
