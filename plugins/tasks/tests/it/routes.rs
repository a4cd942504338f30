//! What callers get.

use greenroom_plugin_tasks::tasks;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::{Value, json};

use crate::support::{Gate, error, line, queue, results};

async fn start() -> RunningTestBackend {
    TestBackend::new().add(tasks()).start().await.unwrap()
}

/// The members of a task that are the same on every run.
fn timeless(mut task: Value) -> Value {
    for key in ["queuedAt", "startedAt", "finishedAt"] {
        let time = task.as_object_mut().unwrap().remove(key);
        assert!(time.is_none_or(|time| time.as_str().unwrap().ends_with('Z')));
    }
    task
}

#[tokio::test]
async fn a_task_is_queued_runs_and_has_a_result() {
    let gate = Gate::closed();
    let backend = gate.backend(json!({})).start().await.unwrap();

    let queued = queue(&backend, "7", "gate").await;
    assert_eq!(queued.status, 202);
    assert_eq!(timeless(queued.json()), json!({"task": "7", "kind": "gate", "state": "queued"}));

    line(&backend, "7", "Task started").await;
    let running = results(&backend, "7").await;
    assert_eq!(running.status, 200);
    assert_eq!(timeless(running.json()), json!({"task": "7", "kind": "gate", "state": "running"}));

    gate.let_through(1);
    line(&backend, "7", "Task finished").await;
    let done = results(&backend, "7").await.json();
    let keys: Vec<_> = done.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["task", "kind", "state", "queuedAt", "startedAt", "finishedAt", "result"]);
    assert_eq!(
        timeless(done),
        json!({"task": "7", "kind": "gate", "state": "succeeded", "result": {"let through": "7"}})
    );
}

#[tokio::test]
async fn without_a_body_it_is_an_echo_of_nothing() {
    let backend = start().await;
    let queued = backend.post("/api/tasks/task/7/queue").await;
    assert_eq!((queued.status.as_u16(), &queued.json()["kind"]), (202, &json!("echo")));
    line(&backend, "7", "Task finished").await;
    assert_eq!(results(&backend, "7").await.json()["result"], Value::Null);
}

#[tokio::test]
async fn a_finished_task_may_be_queued_again() {
    let backend = start().await;
    for (kind, input, result) in
        [("echo", json!("first"), json!("first")), ("wait", json!({"seconds": 0}), json!({"waited": 0}))]
    {
        let body = json!({"kind": kind, "input": input});
        assert_eq!(backend.post_json("/api/tasks/task/7/queue", &body).await.status, 202);
        backend.await_log(|line| line["message"] == "Task finished" && line["kind"] == kind).await;
        assert_eq!(results(&backend, "7").await.json()["result"], result);
    }
}

#[tokio::test]
async fn an_unknown_task_is_not_found() {
    let response = results(&start().await, "7").await;
    assert_eq!(response.status, 404);
    assert_eq!(
        response.json(),
        json!({
            "error": {"name": "NotFoundError", "message": "No task '7'"},
            "request": {"method": "GET", "url": "/task/7/results"},
            "response": {"statusCode": 404},
        })
    );
}

#[tokio::test]
async fn a_task_that_is_queued_or_running_conflicts() {
    let backend = Gate::closed().backend(json!({"tasks": {"workers": 1}})).start().await.unwrap();
    queue(&backend, "runs", "gate").await;
    line(&backend, "runs", "Task started").await;
    queue(&backend, "waits", "gate").await;
    for (id, message) in
        [("runs", "Task 'runs' is already running"), ("waits", "Task 'waits' is already queued")]
    {
        let again = queue(&backend, id, "gate").await;
        assert_eq!(again.status, 409);
        assert_eq!(error(&again.json()), ("ConflictError", message));
    }
}

#[tokio::test]
async fn what_cannot_be_run_is_an_input_error() {
    let backend = start().await;
    let too_long = "x".repeat(129);
    for (body, message) in [
        (json!({"kind": "shell"}), "Unknown task kind 'shell', expected one of 'echo', 'wait'"),
        (json!({"kind": too_long}), "The kind of a task has at most 128 characters"),
        (json!({"kinds": "echo"}), "Invalid body: 'kinds' is not known, known are 'kind', 'input'"),
        (json!({"kind": 7}), "Invalid body: 'kind' must be a string, not 7"),
        (json!(["echo"]), "Invalid body: it must be an object, not an array"),
    ] {
        let response = backend.post_json("/api/tasks/task/7/queue", &body).await;
        assert_eq!(response.status, 400, "{body}");
        assert_eq!(error(&response.json()), ("InputError", message));
    }
    assert_eq!(results(&backend, "7").await.status, 404);
}

#[tokio::test]
async fn an_id_has_at_most_128_characters() {
    let backend = start().await;
    let longest = "%C3%A9".repeat(128);
    assert_eq!(queue(&backend, &longest, "echo").await.status, 202);
    assert_eq!(results(&backend, &longest).await.json()["task"], "é".repeat(128));
    for request in [queue(&backend, &"x".repeat(129), "echo"), results(&backend, &"x".repeat(129))] {
        let response = request.await;
        assert_eq!(response.status, 400);
        assert_eq!(error(&response.json()), ("InputError", "The id of a task has at most 128 characters"));
    }
}

#[tokio::test]
async fn callers_need_credentials() {
    let backend = start().await;
    assert_eq!(queue(&backend, "7", "echo").without_credentials().await.status, 401);
    assert_eq!(results(&backend, "7").without_credentials().await.status, 401);
    assert_eq!(queue(&backend, "7", "echo").with_token("mock-service-token").await.status, 202);
}
