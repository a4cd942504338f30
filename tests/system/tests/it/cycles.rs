//! A thousand backends in one process, one after another, leave nothing behind.

use greenroom_plugin_healthcheck::healthcheck;
use greenroom_plugin_tasks::tasks;
use greenroom_test::TestBackend;

/// What a process holds that a leak would add to.
#[derive(Debug)]
struct Held {
    descriptors: usize,
    tasks: usize,
}

fn held() -> Held {
    Held {
        descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
        tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
    }
}

async fn cycle() {
    let backend = TestBackend::new().add(healthcheck()).add(tasks()).start().await.unwrap();
    assert_eq!(backend.get("/healthcheck").await.status, 200);
    backend.stop().await;
}

#[tokio::test]
async fn a_thousand_starts_and_stops_leak_neither_tasks_nor_descriptors() {
    // The first ones open what is kept for good: the runtime's own descriptors, for one.
    for _ in 0..10 {
        cycle().await;
    }
    let before = held();
    for _ in 0..1000 {
        cycle().await;
    }
    let after = held();
    assert!(after.descriptors <= before.descriptors, "{before:?} became {after:?}");
    assert!(after.tasks <= before.tasks, "{before:?} became {after:?}");
}
