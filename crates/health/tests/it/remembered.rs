//! What is remembered of a check while the backend runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use greenroom_health::{Check, Outcome};
use tokio::time::sleep;

use crate::Up;

#[tokio::test(start_paused = true)]
async fn a_history_tells_each_outcome_with_its_reason_and_how_long_it_lasted() {
    let runs = Arc::new(AtomicUsize::new(0));
    let up = Up::with(move |checks| {
        let runs = runs.clone();
        checks.check("flaps", async move || match runs.fetch_add(1, SeqCst) {
            0 | 1 | 5 => Check::pass(),
            4 => Check::warn("slow"),
            number => Check::fail(format!("run {number}")),
        });
    })
    .await;
    sleep(Duration::from_secs(55)).await;
    let history = up.registry.states().remove(0).history;
    let changes: Vec<_> = history
        .changes
        .iter()
        .map(|change| {
            (change.outcome, change.reason.as_deref(), change.lasted.map(|lasted| lasted.as_secs()))
        })
        .collect();
    let expected = [
        (Outcome::Pass, None, Some(20)),
        (Outcome::Fail, Some("run 2"), Some(20)),
        (Outcome::Warn, Some("slow"), Some(10)),
        (Outcome::Pass, None, None),
    ];
    assert_eq!((&*changes, history.flips), (&expected[..], 3));
    let now = up.registry.states().remove(0).last.unwrap();
    assert_eq!(history.last_success, Some(now.at));
    assert!(history.last_failure < history.last_success);
}

#[tokio::test(start_paused = true)]
async fn health_12_a_recovery_is_told_with_how_long_it_was_unwell() {
    let runs = Arc::new(AtomicUsize::new(0));
    let up = Up::with(move |checks| {
        let runs = runs.clone();
        checks.check("server", async move || match runs.fetch_add(1, SeqCst) {
            1 | 2 => Check::fail("gone"),
            3 => Check::warn("slow"),
            _ => Check::pass(),
        });
    })
    .await;
    sleep(Duration::from_secs(55)).await;
    let recovered: Vec<_> =
        up.lines.json().into_iter().filter(|line| line["message"] == "Health check passes again").collect();
    let [recovered] = &*recovered else { panic!("{recovered:?}") };
    assert_eq!(recovered["durationMs"], 30_000, "failed and warned: {recovered}");
}

/// As where its process was stopped by SIGSTOP, or its machine slept.
#[tokio::test(start_paused = true)]
async fn health_12_time_in_which_nothing_ran_is_not_counted() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let up = Up::with(move |checks| {
        let runs = counted.clone();
        checks.check("server", async move || match runs.fetch_add(1, SeqCst) {
            0 | 1 => Check::fail("gone"),
            _ => Check::pass(),
        });
    })
    .await;
    sleep(Duration::from_secs(15)).await;
    assert_eq!(runs.load(SeqCst), 2);
    tokio::time::advance(Duration::from_secs(600)).await;
    let recovered = || {
        let told = up.lines.json().into_iter();
        told.filter(|line| line["message"] == "Health check passes again").collect::<Vec<_>>()
    };
    while recovered().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    // 10 s between the first two runs, and what the longest time between two runs is that are not late.
    assert_eq!(recovered()[0]["durationMs"], 21_000);
    let history = up.registry.states().remove(0).history;
    assert_eq!(history.changes[0].lasted, Some(Duration::from_secs(21)));
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_of_a_check_that_flaps_has_its_bounds() {
    let runs = Arc::new(AtomicUsize::new(0));
    let up = Up::with(move |checks| {
        let runs = runs.clone();
        let check = async move || match runs.fetch_add(1, SeqCst) % 2 {
            0 => Check::pass(),
            _ => Check::fail("x".repeat(10_000)),
        };
        checks.declare("flaps").interval(Duration::from_secs(1)).run(check);
    })
    .await;
    sleep(Duration::from_secs(1000)).await;
    let history = up.registry.states().remove(0).history;
    assert!(history.flips >= 998, "{}", history.flips);
    assert_eq!(history.changes.len(), 20);
    assert!(history.changes.iter().all(|change| change.reason.as_ref().is_none_or(|text| text.len() == 300)));
}

#[tokio::test]
async fn a_check_that_nobody_runs_is_told_as_overdue() {
    tokio::time::pause();
    let up = Up::with(|checks| {
        checks.check("server", async || Check::pass());
    })
    .await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(up.registry.states()[0].overdue, None);
    // Nothing runs while the clock is set forward.
    tokio::time::resume();
    tokio::time::pause();
    let registry = up.registry.clone();
    tokio::time::advance(Duration::ZERO).await;
    up.running.stop().await;
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(registry.states()[0].overdue.is_some_and(|silent| silent >= Duration::from_secs(60)));
}
