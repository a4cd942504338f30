//! Nothing grows without end, and the config says how far.

use greenroom::health::HealthRegistry;
use greenroom_plugin_tasks::{TaskContext, tasks};
use greenroom_test::TestBackend;
use serde_json::{Value, json};

use crate::support::{Gate, backend_with, error, line, queue, results};

#[tokio::test]
async fn a_full_queue_is_unavailable() {
    let gate = Gate::closed();
    let backend = gate.backend(json!({"tasks": {"workers": 1, "queueSize": 1}})).start().await.unwrap();
    queue(&backend, "runs", "gate").await;
    line(&backend, "runs", "Task started").await;
    assert_eq!(queue(&backend, "waits", "gate").await.status, 202);

    let refused = queue(&backend, "late", "gate").await;
    assert_eq!(refused.status, 503);
    assert_eq!(error(&refused.json()), ("ServiceUnavailableError", "The task queue is full"));
    assert_eq!(results(&backend, "late").await.status, 404);

    gate.let_through(1);
    line(&backend, "waits", "Task started").await;
    assert_eq!(queue(&backend, "late", "gate").await.status, 202);
}

#[tokio::test]
async fn workers_run_as_many_as_the_config_says() {
    let gate = Gate::closed();
    let backend = gate.backend(json!({"tasks": {"workers": 3}})).start().await.unwrap();
    for id in ["a", "b", "c", "d"] {
        queue(&backend, id, "gate").await;
    }
    for id in ["a", "b", "c"] {
        line(&backend, id, "Task started").await;
    }
    assert_eq!(results(&backend, "d").await.json()["state"], "queued");
}

#[tokio::test]
async fn the_oldest_finished_tasks_are_forgotten() {
    let config = json!({"tasks": {"keepResults": 2}});
    let backend = TestBackend::new().config(config).add(tasks()).start().await.unwrap();
    for id in ["a", "b", "c"] {
        queue(&backend, id, "echo").await;
        line(&backend, id, "Task finished").await;
    }
    assert_eq!(results(&backend, "a").await.status, 404);
    assert_eq!(results(&backend, "b").await.status, 200);
    assert_eq!(results(&backend, "c").await.status, 200);
}

#[tokio::test]
async fn a_task_that_takes_too_long_is_given_up() {
    let backend = Gate::closed().backend(json!({"tasks": {"timeout": "20ms"}})).start().await.unwrap();
    queue(&backend, "7", "gate").await;
    let failed = line(&backend, "7", "Task failed").await;
    assert!(failed["durationMs"].as_f64().unwrap() >= 20.0);
    assert_eq!(
        results(&backend, "7").await.json()["error"],
        json!({"name": "TimeoutError", "message": "The task took longer than 0.02 s"})
    );
}

#[tokio::test]
async fn a_result_of_more_than_a_mebibyte_is_not_kept() {
    let big = async |_: TaskContext| Ok(Value::from("x".repeat(1024 * 1024)));
    let backend = backend_with("big", big, json!({})).start().await.unwrap();
    queue(&backend, "7", "big").await;
    line(&backend, "7", "Task failed").await;
    assert_eq!(
        results(&backend, "7").await.json()["error"]["message"],
        "The result has 1048578 bytes of JSON, at most 1048576 are kept"
    );
}

#[tokio::test]
async fn the_queue_has_a_health_check() {
    let backend = TestBackend::new().add(tasks()).start().await.unwrap();
    let registry: HealthRegistry = backend.service().await.unwrap();
    let names: Vec<_> = registry.states().into_iter().map(|check| check.name).collect();
    assert_eq!(names, ["tasks.queue"]);
}

#[tokio::test]
async fn a_bad_value_fails_the_plugin_and_is_pointed_at() {
    for (yaml, expected) in [
        (
            "workers: 0",
            "Invalid number 0 in config at 'tasks.workers', expected a whole number from 1 to 256 (mock-config:2:12)",
        ),
        ("workers: 1.5", "Invalid number 1.5 in config at 'tasks.workers'"),
        (
            "queueSize: 1000001",
            "Invalid number 1000001 in config at 'tasks.queueSize', expected a whole number from 1 to 1000000",
        ),
        ("keepResults: -1", "Invalid number -1 in config at 'tasks.keepResults'"),
        ("timeout: 0s", "Invalid duration at tasks.timeout, expected more than none (mock-config:2:12)"),
        ("timeout: soon", "Invalid duration 'soon' in config at 'tasks.timeout'"),
        ("workers: many", "for key 'tasks.workers'"),
    ] {
        let config = format!("tasks:\n  {yaml}\n");
        let error = TestBackend::new().config(&*config).add(tasks()).start().await.unwrap_err().to_string();
        assert!(
            error.contains("Plugin 'tasks' startup failed") && error.contains(expected),
            "{yaml}: {error}"
        );
    }
}

#[tokio::test]
async fn numbers_may_be_given_as_text() {
    let config = json!({"tasks": {"workers": "4", "timeout": {"seconds": 5}}});
    TestBackend::new().config(config).add(tasks()).start().await.unwrap();
}
