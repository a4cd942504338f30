//! Hooks, and the order of start and stop.

use std::{sync::Arc, time::Duration};

use greenroom_context::{spawn, spawn_blocking};
use greenroom_core::{
    Backend, Lifecycle, Phase, Plugin, RootLifecycle, State,
    boot::{BootPolicy, OnFailure},
    plugin,
};
use greenroom_errors::{Error, Result};
use tokio::sync::Notify;

use crate::kit::{Journal, observed};

fn hooked(journal: &Journal) -> Plugin {
    let journal = journal.clone();
    plugin("p", move |env| {
        env.register_init(async move |own: Lifecycle, root: RootLifecycle| {
            let note = |line: &'static str| {
                let journal = journal.clone();
                async move || -> Result {
                    journal.write(line);
                    Ok(())
                }
            };
            own.add_startup_hook("s", note("plugin startup"))?;
            root.add_startup_hook("s", note("root startup"))?;
            root.add_hook_in(Phase::Close, "c", Duration::from_secs(1), note("close"))?;
            root.add_hook_in(Phase::Flush, "f", Duration::from_secs(1), note("flush"))?;
            root.add_shutdown_hook("s", note("root shutdown"))?;
            root.add_hook_in(Phase::Drain, "d", Duration::from_secs(1), note("drain"))?;
            own.add_shutdown_hook("s", note("plugin shutdown"))?;
            root.add_before_shutdown_hook("b", note("before shutdown"))
        })
    })
}

fn note_down(journal: &Journal, line: &str) -> Result {
    journal.write(line);
    Ok(())
}

#[tokio::test]
async fn plugin_95_99_the_order_of_start_and_stop() {
    let journal = Journal::default();
    let running = Backend::new([]).add(hooked(&journal)).start().await.unwrap();
    assert_eq!(journal.lines(), ["plugin startup", "root startup"]);
    running.stop().await;
    assert_eq!(
        journal.lines()[2..],
        ["before shutdown", "plugin shutdown", "drain", "root shutdown", "flush", "close"]
    );
}

#[tokio::test]
async fn plugin_96_103_106_hooks_that_fail_panic_or_hang_are_named_and_never_fatal() {
    let journal = Journal::default();
    let p = plugin("p", |env| {
        env.register_init(async |own: Lifecycle, root: RootLifecycle| {
            own.add_startup_hook("errs", async || Err(Error::new("startup boom").into()))?;
            own.add_startup_hook("panics", async || -> Result { panic!("lost it") })?;
            own.add_shutdown_hook("errs", async || Err(Error::new("shutdown boom").into()))?;
            root.add_hook_in(Phase::BeforeShutdown, "hangs", Duration::from_millis(5), std::future::pending)
        })
    });
    let running = observed(Backend::new([]).add(p), &journal, BootPolicy::default()).start().await.unwrap();
    running.stop().await;
    for line in [
        r#"hook failed Some("p") Startup errs: startup boom"#,
        r#"hook failed Some("p") Startup panics: panicked: lost it"#,
        r#"hook failed None BeforeShutdown hangs: did not end within 0.005 s and was given up"#,
        r#"hook failed Some("p") PluginShutdown errs: shutdown boom"#,
    ] {
        journal.position(line);
    }
}

#[tokio::test]
async fn plugin_97_98_after_a_failure_startup_hooks_do_not_run_shutdown_hooks_do() {
    for (on_failure, root_started) in [(OnFailure::Continue, true), (OnFailure::Abort, false)] {
        let journal = Journal::default();
        let note = journal.clone();
        let p = plugin("p", move |env| {
            env.register_init(async move |own: Lifecycle, root: RootLifecycle| {
                let (a, b, c, d) = (note.clone(), note.clone(), note.clone(), note.clone());
                own.add_startup_hook("s", async move || note_down(&a, "plugin startup"))?;
                own.add_shutdown_hook("s", async move || note_down(&b, "plugin shutdown"))?;
                root.add_startup_hook("s", async move || note_down(&c, "root startup"))?;
                root.add_shutdown_hook("s", async move || note_down(&d, "root shutdown"))?;
                Err(Error::new("boom").into())
            })
        });
        let policy = BootPolicy { plugin_default: on_failure, ..BootPolicy::default() };
        match observed(Backend::new([]).add(p), &journal, policy).start().await {
            Ok(running) => running.stop().await,
            Err(_) => assert_eq!(on_failure, OnFailure::Abort),
        }
        let lines = journal.lines();
        let has = |line: &str| lines.iter().any(|l| l == line);
        assert!(!has("plugin startup") && has("plugin shutdown") && has("root shutdown"), "{lines:?}");
        assert_eq!(has("root startup"), root_started);
    }
}

#[tokio::test]
async fn plugin_102_late_hooks_are_refused_in_backstages_words() {
    let keep = Arc::new(std::sync::Mutex::new(None));
    let kept = keep.clone();
    let p = plugin("p", move |env| {
        env.register_init(async move |own: Lifecycle, root: RootLifecycle| {
            *kept.lock().unwrap() = Some((own, root));
            Ok(())
        })
    });
    let running = Backend::new([]).add(p).start().await.unwrap();
    let (own, root) = keep.lock().unwrap().clone().unwrap();
    let text = |result: Result| result.unwrap_err().to_string();
    assert_eq!(
        text(own.add_startup_hook("x", async || Ok(()))),
        "Attempted to add startup hook after startup"
    );
    assert_eq!(
        text(root.add_startup_hook("x", async || Ok(()))),
        "Attempted to add startup hook after startup"
    );
    running.stop().await;
    assert_eq!(
        text(own.add_shutdown_hook("x", async || Ok(()))),
        "Attempted to add shutdown hook after shutdown"
    );
    assert_eq!(
        text(root.add_shutdown_hook("x", async || Ok(()))),
        "Attempted to add shutdown hook after shutdown"
    );
    assert_eq!(
        text(root.add_before_shutdown_hook("x", async || Ok(()))),
        "Attempt to add before shutdown hook after shutdown has started"
    );
}

#[tokio::test]
async fn state_is_seen_from_start_to_stop() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (begun.clone(), go_on.clone());
    let (send, receive) = tokio::sync::oneshot::channel();
    let p = plugin("p", move |env| {
        env.register_init(async move |own: Lifecycle, root: RootLifecycle| {
            let _ = send.send((own.state(), root.state()));
            tell.notify_one();
            wait.notified().await;
            Ok(())
        })
    });
    #[expect(clippy::disallowed_methods, reason = "the test outlives the backend's own tasks")]
    let started = tokio::spawn(Backend::new([]).add(p).start());
    begun.notified().await;
    let (own, root) = receive.await.unwrap();
    assert_eq!((*own.borrow(), *root.borrow()), (State::Starting, State::Starting));
    go_on.notify_one();
    let running = started.await.unwrap().unwrap();
    assert_eq!((*own.borrow(), *root.borrow()), (State::Started, State::Started));
    running.stop().await;
    assert_eq!((*own.borrow(), *root.borrow()), (State::Stopping, State::Stopping));
}

#[tokio::test]
async fn background_tasks_end_with_their_backend() {
    let (dropped, gone) = tokio::sync::oneshot::channel::<()>();
    let p = plugin("p", move |env| {
        env.register_init(async move || {
            spawn("forever", async move {
                let _held = dropped;
                std::future::pending::<()>().await;
            });
            Ok(())
        })
    });
    let running = Backend::new([]).add(p).start().await.unwrap();
    running.stop().await;
    assert!(gone.await.is_err());
}

#[tokio::test]
async fn a_panic_in_a_worker_is_told_once_with_its_plugin_and_name() {
    let journal = Journal::default();
    let p = plugin("p", |env| {
        env.register_init(async |lifecycle: Lifecycle| {
            let worker = lifecycle.spawn("refresh", async { panic!("no such table") });
            assert!(worker.await.unwrap_err().is_panic());
            let blocking = spawn_blocking("hash", || panic!("no salt"));
            assert!(blocking.await.unwrap_err().is_panic());
            Ok(())
        });
    });
    let backend = observed(Backend::new([]).add(p), &journal, BootPolicy::default());
    backend.start().await.unwrap().stop().await;
    let told: Vec<_> = journal.lines().into_iter().filter(|line| line.starts_with("task")).collect();
    assert_eq!(told, ["task p/refresh panicked: no such table", "task p/hash panicked: no salt"]);
}

#[tokio::test]
async fn what_is_spawned_after_the_stop_does_not_run_and_is_told_with_its_owner() {
    let (journal, kept) = (Journal::default(), Arc::new(std::sync::OnceLock::new()));
    let keep = kept.clone();
    let p = plugin("p", move |env| {
        env.register_init(async move |lifecycle: Lifecycle| {
            let _ = keep.set(lifecycle);
            Ok(())
        });
    });
    let backend = observed(Backend::new([]).add(p), &journal, BootPolicy::default());
    backend.start().await.unwrap().stop().await;
    let late = kept.get().unwrap().spawn("refresh", async { "ran" });
    assert_eq!(late.await.unwrap(), None);
    journal.position("task p/refresh came too late");
}

#[tokio::test]
async fn draining_resolves_once_the_backend_is_told_to_stop_and_not_before() {
    let journal = Journal::default();
    let written = journal.clone();
    let p = plugin("p", move |env| {
        env.register_init(async move |own: Lifecycle, root: RootLifecycle| {
            let (watched, journal) = (own.clone(), written.clone());
            let stream = own.spawn("stream", async move {
                tokio::join!(root.draining(), watched.draining());
                journal.write("drained");
            });
            own.add_shutdown_hook("wait", async move || {
                let _ = stream.await;
                Ok(())
            })
        });
    });
    let running = Backend::new([]).add(p).start().await.unwrap();
    tokio::task::yield_now().await;
    assert!(journal.lines().is_empty());
    running.stop().await;
    assert_eq!(journal.lines(), ["drained"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_takes_long_says_what_it_waits_for() {
    let journal = Journal::default();
    let p = plugin("p", |env| {
        env.register_init(async |lifecycle: Lifecycle| {
            lifecycle.add_shutdown_hook("quick", async || Ok(()))?;
            lifecycle.add_shutdown_hook("hangs", async || std::future::pending().await)
        });
    });
    let backend = observed(Backend::new([]).add(p), &journal, BootPolicy::default());
    backend.start().await.unwrap().stop().await;
    let told: Vec<_> = journal.lines().into_iter().filter(|line| line.starts_with("waits")).collect();
    assert_eq!(told, [r#"waits for ["p: hangs"]"#]);
}
