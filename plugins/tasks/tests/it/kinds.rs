//! Kinds of tasks, those of modules included.

use greenroom::prelude::*;
use greenroom_plugin_tasks::{TaskContext, TaskRunners, tasks};
use greenroom_test::TestBackend;
use serde_json::{Value, json};

use crate::support::{backend_with, line, queue, results};

#[tokio::test]
async fn waiting_takes_the_seconds_that_were_asked_for() {
    let backend = TestBackend::new().add(tasks()).start().await.unwrap();
    let body = json!({"kind": "wait", "input": {"seconds": 0.02}});
    backend.post_json("/api/tasks/task/7/queue", &body).await;
    let finished = line(&backend, "7", "Task finished").await;
    assert!(finished["durationMs"].as_f64().unwrap() >= 20.0);
    assert_eq!(results(&backend, "7").await.json()["result"], json!({"waited": 0.02}));
}

#[tokio::test]
async fn a_module_adds_a_kind() {
    let double = async |task: TaskContext| Ok(json!(task.input.as_i64().map(|number| number * 2)));
    let backend = backend_with("double", double, json!({})).start().await.unwrap();
    let body = json!({"kind": "double", "input": 21});
    assert_eq!(backend.post_json("/api/tasks/task/7/queue", &body).await.status, 202);
    line(&backend, "7", "Task finished").await;
    assert_eq!(results(&backend, "7").await.json()["result"], 42);
}

#[tokio::test]
async fn a_module_can_be_tested_without_the_plugin() {
    let shell = module("tasks", "shell", |env| {
        env.register_init(async |runners: TaskRunners| {
            runners.add("shell", async |task: TaskContext| Ok(task.input))
        });
    });
    let runners = TaskRunners::default();
    TestBackend::new().add(shell).extension_point("tasks", runners.clone()).start().await.unwrap();
    assert_eq!(runners.kinds(), ["echo", "shell", "wait"]);
}

#[tokio::test]
async fn a_kind_that_is_there_already_fails_the_module() {
    let echo = async |task: TaskContext| Ok(task.input);
    let error = backend_with("echo", echo, json!({})).start().await.unwrap_err();
    assert!(
        error.to_string().contains(
            "Module 'echo' for plugin 'tasks' startup failed; \
             caused by ConflictError: Task kind 'echo' is already registered"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn an_error_fails_the_task_and_is_its_result() {
    async fn broken(_: TaskContext) -> Result<Value> {
        Err(Error::not_found("No such repository").with("repository", "shop").into())
    }
    let backend = backend_with("broken", broken, json!({})).start().await.unwrap();
    queue(&backend, "7", "broken").await;
    line(&backend, "7", "Task failed").await;
    let task = results(&backend, "7").await;
    assert_eq!((task.status.as_u16(), &task.json()["state"]), (200, &json!("failed")));
    assert_eq!(
        task.json()["error"],
        json!({"name": "NotFoundError", "message": "No such repository", "repository": "shop"})
    );
    assert_eq!(task.json()["result"], Value::Null);
}

#[tokio::test]
async fn what_a_database_says_is_for_the_log() {
    async fn broken(_: TaskContext) -> Result<Value> {
        Err(Error::named("DatabaseError", "relation users is missing").into())
    }
    let backend = backend_with("broken", broken, json!({})).start().await.unwrap();
    queue(&backend, "7", "broken").await;
    let logged = line(&backend, "7", "Task failed").await;
    assert_eq!(logged["error"]["message"], "relation users is missing");
    let told = &results(&backend, "7").await.json()["error"];
    assert_eq!(*told, json!({"name": "Error", "message": "An internal error occurred"}));
}

#[tokio::test]
async fn a_panic_fails_its_task_alone_and_is_for_the_log() {
    async fn broken(_: TaskContext) -> Result<Value> {
        panic!("the password is hunter2")
    }
    let config = json!({"tasks": {"workers": 1}});
    let backend = backend_with("broken", broken, config).start().await.unwrap();
    queue(&backend, "7", "broken").await;
    queue(&backend, "8", "echo").await;
    let logged = line(&backend, "7", "Task failed").await;
    assert_eq!(logged["error"]["message"], "panicked: the password is hunter2");
    let told = &results(&backend, "7").await.json()["error"];
    assert_eq!(*told, json!({"name": "Error", "message": "The task panicked"}));
    line(&backend, "8", "Task finished").await;
}

#[tokio::test]
async fn a_panic_while_a_task_is_given_up_fails_it_alone_too() {
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("gone")
        }
    }
    async fn fragile(_: TaskContext) -> Result<Value> {
        let _held = Fragile;
        std::future::pending().await
    }
    let config = json!({"tasks": {"workers": 1, "timeout": "1ms"}});
    let backend = backend_with("fragile", fragile, config).start().await.unwrap();
    queue(&backend, "7", "fragile").await;
    queue(&backend, "8", "echo").await;
    assert_eq!(line(&backend, "7", "Task failed").await["error"]["message"], "panicked: gone");
    line(&backend, "8", "Task finished").await;
}
