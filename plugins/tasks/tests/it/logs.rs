//! What operators read: the lines of a task carry its id.

use greenroom_plugin_tasks::{TaskContext, tasks};
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::{Value, json};

use crate::support::{backend_with, line, queue, results};

fn of_task<'a>(lines: &'a [Value], id: &str) -> Vec<&'a str> {
    let own = lines.iter().filter(|line| line["task"] == id);
    own.map(|line| line["message"].as_str().unwrap()).collect()
}

async fn start() -> RunningTestBackend {
    TestBackend::new().add(tasks()).start().await.unwrap()
}

#[tokio::test]
async fn queueing_and_getting_results_are_told_in_the_documented_words() {
    let backend = start().await;
    queue(&backend, "7", "echo").await;
    results(&backend, "8").await;
    for (id, message) in [("7", "Queueing this task."), ("8", "Getting the results of this task.")] {
        assert_eq!(
            line(&backend, id, message).await,
            json!({"level": "info", "message": message, "plugin": "tasks", "service": "backstage", "task": id})
        );
    }
}

#[tokio::test]
async fn a_run_is_told_with_its_kind_and_duration() {
    let backend = start().await;
    queue(&backend, "7", "echo").await;
    let finished = line(&backend, "7", "Task finished").await;
    assert_eq!(finished["kind"], "echo");
    assert!(finished["durationMs"].is_number());
    assert_eq!(of_task(&backend.stop().await, "7"), ["Queueing this task.", "Task started", "Task finished"]);
}

#[tokio::test]
async fn a_failed_run_is_told_as_an_error() {
    let backend = start().await;
    queue(&backend, "7", "wait").await;
    let failed = line(&backend, "7", "Task failed").await;
    assert_eq!((&failed["level"], &failed["kind"]), (&json!("error"), &json!("wait")));
    assert_eq!(failed["error"]["name"], "InputError");
    assert_eq!(failed["error"]["message"], "`seconds` must be a number from 0 to 60");
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason() {
    let backend = start().await;
    queue(&backend, "7", "shell").await;
    let refused = line(&backend, "7", "Task not queued").await;
    assert_eq!(refused["error"]["name"], "InputError");
}

#[tokio::test]
async fn a_runners_own_lines_belong_to_its_task() {
    let talk = async |task: TaskContext| {
        task.logger.info("Working");
        Ok(Value::Null)
    };
    let backend = backend_with("talk", talk, json!({})).start().await.unwrap();
    queue(&backend, "7", "talk").await;
    assert_eq!(line(&backend, "7", "Working").await["plugin"], "tasks");
}

#[tokio::test]
async fn an_id_is_data_and_not_part_of_a_line() {
    let backend = start().await;
    queue(&backend, "%0A%22level%22", "echo").await;
    line(&backend, "\n\"level\"", "Task finished").await;
}

#[tokio::test]
async fn the_log_of_a_task_can_be_chosen_by_its_id() {
    let config = json!({
        "backend": {"logger": {"level": "warn", "overrides": [{"matchers": {"task": "7"}, "level": "info"}]}},
        "tasks": {"workers": 1},
    });
    let backend = TestBackend::new().config(config).add(tasks()).start().await.unwrap();
    queue(&backend, "6", "echo").await;
    queue(&backend, "7", "echo").await;
    line(&backend, "7", "Task finished").await;
    assert_eq!(results(&backend, "6").await.json()["state"], "succeeded");
    assert_eq!(of_task(&backend.stop().await, "6"), [""; 0]);
}
