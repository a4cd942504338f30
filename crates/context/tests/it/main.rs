//! Contexts travel with work, and work ends.

mod request;

use std::time::Duration;

use greenroom_context::{Context, Tasks, spawn};

#[tokio::test]
async fn outside_of_any_scope_the_context_is_empty() {
    assert_eq!(Context::current().plugin(), None);
    assert_eq!(Context::current().module(), None);
}

#[tokio::test]
async fn a_module_is_left_when_another_plugin_is_entered() {
    let module = Context::current().with_plugin("a").with_module("m");
    assert_eq!((module.plugin(), module.module()), (Some("a"), Some("m")));
    let other = module.with_plugin("b");
    assert_eq!((other.plugin(), other.module()), (Some("b"), None));
}

#[tokio::test]
async fn a_task_outlives_its_spawner_and_ends_at_stop() {
    let tasks = Tasks::new();
    let context = Context::current().with_plugin("catalog").with_tasks(tasks.clone());
    let handle = context.sync_scope(|| spawn("forever", std::future::pending::<()>()));
    assert_eq!(tasks.running(), ["catalog/forever"]);
    assert_eq!(tasks.stop(Duration::from_secs(5)).await, Vec::<String>::new());
    assert_eq!(handle.await.unwrap(), None);
    assert_eq!(tasks.running(), Vec::<String>::new());
}

#[tokio::test]
async fn a_task_that_never_awaits_is_named() {
    let tasks = Tasks::new();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let context = Context::current().with_plugin("catalog").with_tasks(tasks.clone());
    let (started, has_started) = tokio::sync::oneshot::channel();
    runtime.spawn(context.scope(async move {
        spawn("stuck", async move {
            let _ = started.send(());
            let _ = held.recv();
        });
    }));
    has_started.await.unwrap();
    assert_eq!(tasks.stop(Duration::from_millis(20)).await, ["catalog/stuck"]);
    drop(release);
    runtime.shutdown_background();
}
