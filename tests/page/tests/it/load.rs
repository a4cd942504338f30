//! SIGTERM to the real process while it is busy.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use greenroom_page::{Program, Request};

const DELAY: Duration = Duration::from_millis(1000);

/// Asks until it is refused. Before the delay has ended it must not be, and nothing may break.
async fn ask(port: u16, stopping: Arc<OnceLock<Instant>>, answered: Arc<AtomicUsize>) {
    let request = Request::new("GET", "/healthcheck");
    loop {
        let begun = Instant::now();
        match request.send(port).await {
            Ok(answer) => {
                assert_eq!(answer.status, 200);
                answered.fetch_add(1, SeqCst);
            }
            Err(error) => {
                let since = stopping.get().map(|since| begun.saturating_duration_since(*since));
                assert!(since.is_some_and(|since| since >= DELAY), "{error} {since:?} after the signal");
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_process_refuses_nothing_before_the_delay_ends_and_loses_no_line() {
    let config = "backend: {lifecycle: {serverShutdownDelay: {milliseconds: 1000}}}\n";
    let server = Program::greenroom().config(config).env("NODE_ENV", "production").start().await;
    let (stopping, answered) = (Arc::new(OnceLock::new()), Arc::new(AtomicUsize::new(0)));
    let mut loops = tokio::task::JoinSet::new();
    for _ in 0..8 {
        #[expect(clippy::disallowed_methods, reason = "a client belongs to no backend")]
        loops.spawn(ask(server.port(), stopping.clone(), answered.clone()));
    }
    while answered.load(SeqCst) < 100 {
        tokio::task::yield_now().await;
    }
    stopping.get_or_init(Instant::now);
    server.terminate();
    loops.join_all().await;
    let finished = server.finished().await;
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let lines = finished.stdout.lines().filter(|line| line.contains(r#""url":"/healthcheck""#)).count();
    assert_eq!(lines, answered.load(SeqCst), "each answer has its line");
}
