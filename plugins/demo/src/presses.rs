//! What each button does.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::{
    button::Button,
    calls::{OwnCalls, Told},
    dependency::Dependency,
    evidence::{Evidence, Installed, Place, request_id},
};

/// Behind the buttons.
pub(crate) struct Presses {
    pub(crate) calls: OwnCalls,
    pub(crate) dependency: Dependency,
    pub(crate) installed: Installed,
}

const READINESS: &str = "/.backstage/health/v1/readiness";
/// Tasks of the demo are told from others by how their ids begin.
const TASK: &str = "demo-";

impl Presses {
    pub(crate) async fn queue(&self) -> Evidence {
        let id: String = request_id().chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        let task = format!("{TASK}{id}");
        let body = json!({"kind": "echo", "input": "from the demo's page"});
        let told = self.calls.post(&format!("/api/tasks/task/{task}/queue"), Some(&body)).await;
        let meaning = match told.status() {
            Some(202) => format!("The task {task} is queued, and runs without anybody waiting for it."),
            Some(409) => format!("The task {task} is queued already."),
            _ => "The task is not queued.".to_owned(),
        };
        let next = Some((format!("/demo/tasks/{task}"), "What became of it"));
        Evidence { next, ..self.evidence(Button::Queue, told, meaning) }
    }

    /// What became of a task of the demo's; `None` for one of somebody else's.
    pub(crate) async fn task(&self, id: &str) -> Option<Evidence> {
        let own = id.strip_prefix(TASK)?;
        if own.is_empty() || own.len() > 8 || !own.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let told = self.calls.get(&format!("/api/tasks/task/{id}/results")).await;
        let meaning = match told.json()["state"].as_str() {
            Some(state @ ("succeeded" | "failed")) => format!("The task {id} has {state}."),
            Some(state) => format!("The task {id} is {state}: look again in a moment."),
            None => format!("Of the task {id} nothing is known any more."),
        };
        let next = Some((format!("/demo/tasks/{id}"), "Look again"));
        Some(Evidence { next, ..self.evidence(Button::Queue, told, meaning) })
    }

    pub(crate) async fn fail(&self) -> Evidence {
        let told = self.calls.post("/api/demo/fail", None).await;
        let message = told.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        let log_id = message.split_once("logId=").map(|(_, id)| id.to_owned());
        let meaning = match &log_id {
            Some(_) => "The caller learns nothing of the file. Its logId is in the line that has the error.",
            None => "The handler has failed.",
        };
        let mut evidence = self.evidence(Button::Fail, told, meaning.to_owned());
        if let Some(id) = log_id {
            let page = self.installed.page("/.greenroom/#errors");
            evidence.places.insert(0, Place { name: "Now, last errors", page, exact: format!("logId={id}") });
        }
        evidence
    }

    pub(crate) async fn slow(&self) -> Evidence {
        let told = self.calls.post("/api/demo/slow", None).await;
        let waited = told.json()["waitedMs"].as_u64();
        let meaning = match waited {
            Some(ms) => {
                format!("Of {} ms it has waited {ms} ms for a place in the pool.", told.took.as_millis())
            }
            None => "It has not got a place in the pool.".to_owned(),
        };
        self.evidence(Button::Slow, told, meaning)
    }

    pub(crate) async fn break_down(&self) -> Evidence {
        self.dependency.break_down().await;
        self.readiness().await
    }

    pub(crate) async fn mend(&self) -> Evidence {
        self.dependency.mend().await;
        self.readiness().await
    }

    /// What a probe gets now.
    pub(crate) async fn readiness(&self) -> Evidence {
        let told = self.calls.get(READINESS).await;
        let meaning = match (told.status(), self.broken_for().await) {
            (Some(200), _) => "The backend is ready.".to_owned(),
            (Some(503), Some(seconds)) => {
                format!("The backend is not ready. What is broken comes back in {seconds} s.")
            }
            (Some(503), None) => "The backend is not ready.".to_owned(),
            _ => "The probe got no answer that it understands.".to_owned(),
        };
        let mut evidence = self.evidence(Button::Break, told, meaning);
        let page = self.installed.page("/.greenroom/#checks");
        evidence.places.insert(0, Place { name: "Now, checks", page, exact: "demo.dependency".to_owned() });
        evidence.next = Some(("/demo/readiness".to_owned(), "Ask again"));
        evidence
    }

    /// For how many seconds the dependency stays broken, if it is.
    pub(crate) async fn broken_for(&self) -> Option<u64> {
        let until = self.dependency.broken_until().await?;
        // Rounded up: at its end it is mended.
        Some(until.duration_since(SystemTime::now()).unwrap_or_default().as_millis().div_ceil(1000) as u64)
    }

    fn evidence(&self, button: Button, told: Told, meaning: String) -> Evidence {
        let place = Place { name: "The log", page: None, exact: request_id() };
        let command = self.calls.command(&told);
        Evidence { button, told, meaning, places: vec![place], command, next: None }
    }
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
