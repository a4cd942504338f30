//! What is tried only where the operator allows it: a large body, and event streams that stay open.

use serde_json::Value;

use crate::{
    seen::{Active, Asked, Held, Reply, Stream},
    target::Target,
    web::{Ask, Web},
};

/// What Backstage takes of a body where nothing else is configured for a route of its scaffolder or its events.
const MEGABYTES: usize = 10 * 1024 * 1024;

/// Behind all events of a task. A column of PostgreSQL's holds no larger one.
const LAST: u32 = i32::MAX.cast_unsigned();

/// A task of the scaffolder.
struct Task {
    id: String,
    runs: bool,
}

/// All but how long a stream may be silent, which is found out while the rest of the run goes on.
pub(crate) async fn try_out(web: &Web<'_>, target: &Target, has_token: bool) -> (Active, Option<String>) {
    let large_body = web.announce(target, "/api/look-nothing-is-here", MEGABYTES).await;
    let (event_stream, running) = match has_token {
        true => event_stream(web, target).await,
        false => (Stream::Not("a stream needs a token: --token-env NAME".to_owned()), None),
    };
    (Active { large_body, event_stream, silence: Held::default() }, running)
}

/// How long the way to the backend keeps the stream of a task that says nothing: its events begin behind the last one.
pub(crate) async fn silence(web: &Web<'_>, target: &Target, running: Option<&str>) -> Held {
    match running {
        Some(id) => web.hold(stream_of(target, id, &format!("?after={LAST}")), web.longest_silence()).await,
        None => Held::Not("no task of the scaffolder was running that this token may read".to_owned()),
    }
}

/// The events of a task that runs, else of one that has ended, which are replayed; and the task that runs.
async fn event_stream(web: &Web<'_>, target: &Target) -> (Stream, Option<String>) {
    let tasks = web.ask(Ask::get(target.url("/api/scaffolder/v2/tasks?limit=20")).with_token()).await;
    let tasks: Vec<_> = tasks.with(200).and_then(Reply::json).map(|told| tasks_in(&told)).unwrap_or_default();
    if let Some(task) = tasks.iter().find(|task| task.runs) {
        let held = web.hold(stream_of(target, &task.id, ""), web.shortest()).await;
        return (Stream::Running(held), Some(task.id.clone()));
    }
    let replayed = match tasks.first() {
        Some(task) => web.ask(stream_of(target, &task.id, "")).await,
        None => Asked::Not("the scaffolder has no task that this token may read".to_owned()),
    };
    (Stream::Replayed(replayed), None)
}

/// As a browser asks for it.
fn stream_of(target: &Target, id: &str, query: &str) -> Ask {
    Ask::get(target.url(&format!("/api/scaffolder/v2/tasks/{id}/eventstream{query}")))
        .with_token()
        .header("accept", "text/event-stream")
        .header("accept-encoding", "gzip, br")
}

/// Those that run or have ended: what waits has said nothing yet.
fn tasks_in(told: &Value) -> Vec<Task> {
    let all = told.get("tasks").unwrap_or(told).as_array();
    let task = |task: &Value| {
        let text = |name: &str| task.get(name).and_then(Value::as_str);
        let id = text("id").filter(|id| id.len() <= 100)?;
        let is_plain = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let runs = text("status") == Some("processing");
        (is_plain && text("status") != Some("open")).then(|| Task { id: id.to_owned(), runs })
    };
    all.into_iter().flatten().filter_map(task).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_read_and_an_id_that_is_no_plain_one_is_not_asked_for() {
        let told = serde_json::json!({"tasks": [
            {"id": "a-1", "status": "processing"}, {"id": "b", "status": "failed"}, {"id": "c", "status": "open"},
            {"id": "../x", "status": "completed"}, {"id": "a".repeat(101), "status": "completed"}, {"id": 7}, "x",
        ]});
        let found: Vec<_> = tasks_in(&told).into_iter().map(|task| (task.id, task.runs)).collect();
        assert_eq!(found, [("a-1".to_owned(), true), ("b".to_owned(), false)]);
        assert_eq!(tasks_in(&serde_json::json!([{"id": "a", "status": "completed"}])).len(), 1);
        assert!(tasks_in(&serde_json::json!("<html>")).is_empty());
    }
}
