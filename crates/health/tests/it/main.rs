//! Checks, run in paused time: a minute here takes no time at all.

mod blocked;
mod causes;
mod configured;
mod declared;
mod kept;
mod own;
mod remembered;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use greenroom_config::RootConfig;
use greenroom_core::{Backend, Plugin, Running, plugin, service};
use greenroom_errors::Error;
use greenroom_health::{Check, CheckHandle, HealthChecks, HealthRegistry, HealthResponse, Probe, RootHealth};
use greenroom_logging::{CaptureSink, RootLogger};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

struct Up {
    running: Running,
    registry: HealthRegistry,
    health: RootHealth,
    lines: CaptureSink,
}

impl Up {
    /// Starts a backend whose plugin `db` registers checks.
    async fn with(register: impl Fn(&HealthChecks) + Clone + Send + Sync + 'static) -> Self {
        Self::configured(json!({}), register).await
    }

    async fn configured(
        config: Value,
        register: impl Fn(&HealthChecks) + Clone + Send + Sync + 'static,
    ) -> Self {
        let (backend, lines) = backend(RootConfig::from_json(config).unwrap());
        Self::started(backend, lines, register).await
    }

    async fn started(
        backend: Backend,
        lines: CaptureSink,
        register: impl Fn(&HealthChecks) + Clone + Send + Sync + 'static,
    ) -> Self {
        let running = backend.add(db(register)).start().await.unwrap_or_else(|error| panic!("{error}"));
        let registry = running.service().await.unwrap();
        let health = running.service().await.unwrap();
        Self { running, registry, health, lines }
    }
    async fn ready(&self) -> HealthResponse {
        self.health.readiness(&Probe::default()).await
    }

    /// The last result of the check `db.<name>`.
    fn last(&self, name: &str) -> Option<Check> {
        let states = self.registry.states();
        states
            .into_iter()
            .find(|state| state.name == format!("db.{name}"))
            .unwrap()
            .last
            .map(|last| last.check)
    }

    fn told(&self) -> Vec<String> {
        let text = |line: Value| {
            let reason = line["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{} {} {}{reason}", line["level"], line["message"], line["check"]).replace('"', "")
        };
        self.lines.json().into_iter().map(text).collect()
    }
}

/// One that has what checks need, and no plugin.
fn backend(config: RootConfig) -> (Backend, CaptureSink) {
    let lines = CaptureSink::new();
    let sink = lines.clone();
    let backend = Backend::new([
        service(async move || Ok(config)),
        service(async move || Ok(RootLogger::builder().sink(sink).build())),
        greenroom_logging::logger(),
        HealthRegistry::factory(),
        HealthChecks::factory(),
        RootHealth::factory(),
    ]);
    (backend, lines)
}

/// The plugin `db`, which registers checks.
fn db(register: impl Fn(&HealthChecks) + Clone + Send + Sync + 'static) -> Plugin {
    plugin("db", move |env| {
        env.register_init(async move |checks: HealthChecks| {
            register(&checks);
            Ok(())
        });
    })
}

fn failed(check: &str) -> HealthResponse {
    HealthResponse::unavailable(format!("Check '{check}' failed"))
}

#[tokio::test(start_paused = true)]
async fn passing_and_warning_checks_are_ready_failing_ones_are_not() {
    let up = Up::with(|checks| {
        checks.declare("pass").readiness().run(async || Check::pass());
        checks.declare("warn").readiness().run(async || Check::warn("slow"));
    })
    .await;
    assert_eq!(up.ready().await, HealthResponse::ok());
    let up = Up::with(|checks| {
        checks.check("other", async || Check::fail("not opted in"));
        checks.declare("b").readiness().run(async || Check::fail("second"));
        checks.declare("a").readiness().run(async || Err::<(), _>(Error::new("first")));
    })
    .await;
    assert_eq!(up.ready().await, failed("db.a"), "the first by name");
    assert_eq!(up.last("a"), Some(Check::fail("first")));
    let without = |names: &[&str]| Probe {
        exclude: names.iter().map(ToString::to_string).collect(),
        ..Probe::default()
    };
    assert_eq!(up.health.readiness(&without(&["db.a"])).await, failed("db.b"));
    assert_eq!(up.health.readiness(&without(&["db.b", "db.a"])).await, HealthResponse::ok());
    assert_eq!(up.health.liveness().await, HealthResponse::ok());
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_fails_after_a_second_and_no_probe_waits_longer() {
    let up = Up::with(|checks| {
        checks.declare("hangs").readiness().run(async || std::future::pending::<Check>().await);
    })
    .await;
    let begun = Instant::now();
    assert_eq!(up.ready().await, failed("db.hangs"));
    assert!(begun.elapsed() <= Duration::from_secs(1), "{:?}", begun.elapsed());
    sleep(Duration::from_millis(1)).await;
    assert_eq!(up.last("hangs"), Some(Check::fail("no answer within 1 s")));
    let begun = Instant::now();
    assert_eq!(up.ready().await, failed("db.hangs"));
    assert_eq!(begun.elapsed(), Duration::ZERO, "answered from the last result");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_fails_and_is_run_again() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let up = Up::with(move |checks| {
        let runs = counted.clone();
        let check = async move || match runs.fetch_add(1, SeqCst) {
            0 => panic!("no such table"),
            _ => Check::pass(),
        };
        checks.declare("panics").readiness().run(check);
    })
    .await;
    assert_eq!(up.ready().await, failed("db.panics"));
    assert_eq!(up.last("panics"), Some(Check::fail("the check panicked: no such table")));
    sleep(Duration::from_secs(11)).await;
    assert_eq!(up.ready().await, HealthResponse::ok());
}

#[tokio::test(start_paused = true)]
async fn every_change_is_told_once_each_way() {
    let runs = Arc::new(AtomicUsize::new(0));
    let up = Up::with(move |checks| {
        let runs = runs.clone();
        checks.check("flaps", async move || match runs.fetch_add(1, SeqCst) {
            0 | 3 | 4 => Check::pass(),
            5 => Check::warn("slow"),
            number => Check::fail(format!("run {number}")),
        });
    })
    .await;
    sleep(Duration::from_secs(65)).await;
    let expected = [
        "warn Health check failed db.flaps: run 1",
        "info Health check passes again db.flaps",
        "warn Health check warns db.flaps: slow",
        "warn Health check failed db.flaps: run 6",
    ];
    assert_eq!(up.told(), expected);
}

#[tokio::test(start_paused = true)]
async fn who_looks_waits_for_first_runs_and_no_longer_than_a_run_may_take() {
    let up = Up::with(|checks| {
        checks.check("slow", async || {
            sleep(Duration::from_millis(700)).await;
            Check::warn("700 wait")
        });
        checks.check("hangs", async || {
            std::future::pending::<()>().await;
            Check::pass()
        });
    })
    .await;
    assert!(up.registry.states().iter().all(|state| state.last.is_none()), "nothing has run yet");
    let (began, states) = (tokio::time::Instant::now(), up.registry.settled().await);
    assert!(began.elapsed() <= Duration::from_millis(1010), "{:?}", began.elapsed());
    let slow = states.into_iter().find(|state| state.name == "db.slow").unwrap();
    assert_eq!(slow.last.unwrap().check, Check::warn("700 wait"));
}

#[tokio::test(start_paused = true)]
async fn since_when_it_is_so_holds_until_the_outcome_changes() {
    let runs = Arc::new(AtomicUsize::new(0));
    let up = Up::with(move |checks| {
        let runs = runs.clone();
        checks.check("flaps", async move || match runs.fetch_add(1, SeqCst) {
            0 | 1 => Check::pass(),
            number => Check::fail(format!("run {number}")),
        });
    })
    .await;
    let last = || up.registry.states().remove(0).last.unwrap();
    let mut seen = vec![];
    for _ in 0..4 {
        sleep(Duration::from_secs(1)).await;
        seen.push(last());
        sleep(Duration::from_secs(9)).await;
    }
    let since: Vec<_> = seen.iter().map(|run| run.since).collect();
    assert_eq!((since[0], since[2]), (since[1], since[3]));
    assert_eq!((since[0], since[2]), (seen[0].at, seen[2].at));
    assert!(seen[1].at > seen[0].at && since[2] > since[1]);
}

#[tokio::test(start_paused = true)]
async fn probes_read_the_last_result_and_run_nothing() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let up = Up::with(move |checks| {
        let runs = counted.clone();
        let check = async move || {
            runs.fetch_add(1, SeqCst);
            Check::pass()
        };
        checks.declare("counts").readiness().run(check);
    })
    .await;
    sleep(Duration::from_secs(25)).await;
    for _ in 0..100 {
        up.ready().await;
    }
    assert_eq!(runs.load(SeqCst), 3, "at 0, 10 and 20 s");
    up.running.stop().await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(runs.load(SeqCst), 3, "none after the stop");
}

#[tokio::test(start_paused = true)]
async fn who_knows_of_a_change_has_the_check_run_at_once_and_probes_know_it_then() {
    let (is_broken, kept) = (Arc::new(AtomicUsize::new(0)), Arc::new(OnceLock::new()));
    let (seen, keep) = (is_broken.clone(), kept.clone());
    let up = Up::with(move |checks| {
        let seen = seen.clone();
        let check = async move || match seen.load(SeqCst) {
            0 => Check::pass(),
            _ => Check::fail("gone"),
        };
        let _ = keep.set(checks.declare("server").readiness().run(check));
    })
    .await;
    assert_eq!(up.ready().await, HealthResponse::ok());
    is_broken.store(1, SeqCst);
    let server: &CheckHandle = kept.get().unwrap();
    let began = Instant::now();
    assert_eq!(server.run_now().await, Some(Check::fail("gone")));
    assert_eq!(up.ready().await, failed("db.server"));
    is_broken.store(0, SeqCst);
    server.run_now().await;
    assert_eq!((up.ready().await, began.elapsed()), (HealthResponse::ok(), Duration::ZERO));
    up.running.stop().await;
    assert_eq!(server.run_now().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_second_check_of_one_name_is_refused_and_never_run() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let up = Up::with(move |checks| {
        let runs = counted.clone();
        let second = async move || {
            runs.fetch_add(1, SeqCst);
            Check::fail("the second one")
        };
        checks.declare("same").readiness().run(async || Check::pass());
        checks.declare("same").readiness().run(second);
    })
    .await;
    assert_eq!(up.registry.states().len(), 1);
    assert_eq!(up.ready().await, HealthResponse::ok());
    sleep(Duration::from_secs(60)).await;
    assert_eq!(runs.load(SeqCst), 0);
    let refused =
        "error Health check refused: the plugin has one of this name already; give it another name db.same";
    assert_eq!(up.told(), [refused]);
}

#[tokio::test(start_paused = true)]
async fn readiness_is_down_once_the_backend_stops() {
    let up = Up::with(|_| {}).await;
    let health = up.health.clone();
    up.running.stop().await;
    let stopping = HealthResponse::unavailable("Backend is shutting down");
    assert_eq!(health.readiness(&Probe::default()).await, stopping);
    assert_eq!(health.liveness().await, HealthResponse::ok());
}
