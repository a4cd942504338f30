//! A thousand backends in one process, one after another, leave nothing behind.

use std::{process::ExitCode, time::Duration};

use greenroom_core::{Backend, Lifecycle, RootLifecycle, plugin};
use greenroom_plugin_healthcheck::healthcheck;
use greenroom_plugin_tasks::tasks;
use greenroom_test::TestBackend;

/// What a process holds that a leak would add to.
#[derive(Debug)]
struct Held {
    descriptors: usize,
    tasks: usize,
    threads: usize,
}

fn held() -> Held {
    Held {
        descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
        tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        threads: std::fs::read_dir("/proc/self/task").unwrap().count(),
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

/// One that is told to stop by a signal after some yields: while it starts, or once it is up.
async fn told_to_stop(after: u32) {
    let busy = plugin("busy", |env| {
        env.register_init(async |own: Lifecycle, root: RootLifecycle| {
            own.spawn("work", std::future::pending::<()>());
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            own.add_startup_hook("up", async || {
                tokio::task::yield_now().await;
                Ok(())
            })?;
            own.add_shutdown_hook("down", async || {
                tokio::task::yield_now().await;
                Ok(())
            })?;
            root.add_shutdown_hook("last", async || {
                tokio::time::sleep(Duration::from_micros(10)).await;
                Ok(())
            })
        });
    });
    let run = Backend::new([]).add(busy).run_with(async |_| {}, |failed| panic!("{failed}"));
    let signal = async {
        for _ in 0..after {
            tokio::task::yield_now().await;
        }
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
    };
    // The first of the two is polled first: from then on signals are served.
    let (code, ()) = tokio::join!(run, signal);
    assert_eq!(code, ExitCode::SUCCESS);
}

#[tokio::test]
async fn a_thousand_backends_told_to_stop_at_any_moment_leave_no_task_thread_or_descriptor() {
    for after in 0..30 {
        told_to_stop(after).await;
    }
    let before = held();
    for run in 0..1000 {
        told_to_stop(run % 40).await;
    }
    let after = held();
    assert!(after.descriptors <= before.descriptors, "{before:?} became {after:?}");
    assert!(after.tasks <= before.tasks, "{before:?} became {after:?}");
    assert!(after.threads <= before.threads, "{before:?} became {after:?}");
}
