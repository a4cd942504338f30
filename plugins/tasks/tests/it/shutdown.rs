//! A stop finishes what runs, and drops what waits.

use greenroom::prelude::*;
use serde_json::{Value, json};

use crate::support::{Gate, line, queue};

fn debug_with(more: Value) -> Value {
    let mut config = json!({"backend": {"logger": {"level": "debug"}}, "tasks": {"workers": 1}});
    config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    config
}

fn messages(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_running_task_is_finished_and_a_queued_one_dropped() {
    let gate = Gate::closed();
    let backend = gate.backend(debug_with(json!({}))).start().await.unwrap();
    queue(&backend, "runs", "gate").await;
    line(&backend, "runs", "Task started").await;
    queue(&backend, "waits", "gate").await;

    let (client, lines) = (backend.client(), backend.captured());
    let stopping = spawn("stop", backend.stop());
    lines.wait_for(|line| line["message"] == "Queued tasks were dropped" && line["count"] == 1).await;
    let late = client.post("/api/tasks/task/late/queue").await;
    assert_eq!(late.status, 503);
    assert_eq!(late.json()["error"]["message"], "Service is shutting down");

    gate.let_through(1);
    let lines = stopping.await.unwrap().unwrap();
    let told = messages(&lines);
    let at = |message| told.iter().position(|told| *told == message).unwrap();
    assert!(at("Queued tasks were dropped") < at("Task finished"));
    assert!(at("Task finished") < at("Plugin shutdown hook succeeded"));
    assert_eq!(told.iter().filter(|told| **told == "Task started").count(), 1);
}

#[tokio::test]
async fn a_task_that_outlasts_the_stop_has_failed() {
    let deadlines = json!({"greenroom": {"deadlines": {"pluginShutdownHook": "20ms"}}});
    let backend = Gate::closed().backend(debug_with(deadlines)).start().await.unwrap();
    queue(&backend, "7", "gate").await;
    line(&backend, "7", "Task started").await;
    let lines = backend.stop().await;
    let failed = lines.iter().find(|line| line["message"] == "Task failed").unwrap();
    assert_eq!((&failed["task"], &failed["kind"]), (&json!("7"), &json!("gate")));
    assert_eq!(failed["error"]["message"], "The backend stopped before the task had ended");
}

#[tokio::test]
async fn an_idle_queue_stops_at_once_and_says_nothing() {
    let backend = Gate::closed().backend(debug_with(json!({}))).start().await.unwrap();
    queue(&backend, "7", "echo").await;
    line(&backend, "7", "Task finished").await;
    let lines = backend.stop().await;
    assert!(!messages(&lines).contains(&"Queued tasks were dropped"));
    assert!(messages(&lines).contains(&"Plugin shutdown hook succeeded"));
}
