//! Options of checks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use greenroom_health::{Check, HealthResponse, Kind, Outcome, Probe, Severity};
use tokio::time::sleep;

use crate::{Up, failed};

#[tokio::test(start_paused = true)]
async fn options_are_there_before_the_first_run() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let up = Up::with(move |checks| {
        let runs = counted.clone();
        let check = async move || {
            runs.fetch_add(1, SeqCst);
            sleep(Duration::from_secs(2)).await;
            Check::pass()
        };
        checks
            .declare("slow")
            .readiness()
            .timeout(Duration::from_secs(3))
            .interval(Duration::from_secs(60))
            .affects(["/api/db"])
            .run(check);
    })
    .await;
    sleep(Duration::from_secs(59)).await;
    assert_eq!((up.last("slow"), runs.load(SeqCst)), (Some(Check::pass()), 1));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(runs.load(SeqCst), 2);
    let state = up.registry.states().remove(0);
    assert_eq!(
        (state.kind, state.readiness, &*state.affects),
        (Kind::Readiness, true, &["/api/db".to_owned()][..])
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_that_only_degrades_warns_and_readiness_passes() {
    let up = Up::with(|checks| {
        let declared = checks.declare("cache").readiness().severity(Severity::Degrade);
        declared.run(async || Check::fail("cold"));
    })
    .await;
    assert_eq!(up.ready().await, HealthResponse::ok());
    assert_eq!(up.last("cache"), Some(Check::warn("cold")));
}

#[tokio::test(start_paused = true)]
async fn a_check_of_the_startup_runs_until_it_has_passed_and_fails_no_probe() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let up = Up::with(move |checks| {
        let runs = counted.clone();
        checks.declare("index").kind(Kind::Startup).run(async move || match runs.fetch_add(1, SeqCst) {
            0 | 1 => Check::fail("not built yet"),
            _ => Check::pass(),
        });
    })
    .await;
    sleep(Duration::from_secs(11)).await;
    assert_eq!((up.ready().await, runs.load(SeqCst)), (HealthResponse::ok(), 2));
    sleep(Duration::from_secs(600)).await;
    assert_eq!((up.last("index"), runs.load(SeqCst)), (Some(Check::pass()), 3));
    assert_eq!(up.registry.states()[0].overdue, None, "it has nothing more to say");
}

#[tokio::test(start_paused = true)]
async fn liveness_depends_on_no_check() {
    let up = Up::with(|checks| {
        checks.declare("loop").kind(Kind::Liveness).run(async || Check::fail("it stands"));
    })
    .await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(up.last("loop").unwrap().outcome, Outcome::Fail);
    assert_eq!((up.health.liveness().await, up.ready().await), (HealthResponse::ok(), HealthResponse::ok()));
}

#[tokio::test(start_paused = true)]
async fn who_depends_on_a_check_may_say_so_later() {
    let is_required = Arc::new(AtomicBool::new(false));
    let asked = is_required.clone();
    let up = Up::with(move |checks| {
        let asked = asked.clone();
        let declared = checks.declare("pool").readiness_when(move || asked.load(SeqCst));
        declared.run(async || Check::fail("empty"));
    })
    .await;
    assert_eq!(up.ready().await, HealthResponse::ok());
    is_required.store(true, SeqCst);
    assert_eq!(up.ready().await, failed("db.pool"));
}

#[tokio::test(start_paused = true)]
async fn who_wants_an_answer_at_once_waits_for_no_first_run() {
    let up = Up::with(|checks| {
        checks.declare("hangs").readiness().run(async || std::future::pending::<Check>().await);
    })
    .await;
    let began = tokio::time::Instant::now();
    let at_once = Probe { at_once: true, ..Probe::default() };
    assert_eq!(up.health.readiness(&at_once).await, failed("db.hangs"));
    assert_eq!(began.elapsed(), Duration::ZERO);
}
