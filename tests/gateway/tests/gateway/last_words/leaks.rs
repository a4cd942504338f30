//! A stock backend that leaks until it dies of it: each cause is told right, once, and within a second.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use greenroom_conformance::{backend::Launch, scenarios::READINESS};
use greenroom_gateway_tests::{Connection, in_time, process};
use jiff::Timestamp;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::Value;
use tokio::io::{Interest, unix::AsyncFd};

use super::{Cgroup, Place, assert_heard, line, start, told};

/// So late may an end be told, at most.
const SOON: Duration = Duration::from_secs(1);

/// A backend that needs about half of it.
const HEAP: &str = "--max-old-space-size=200";

/// Waits for its end, and says when that was.
async fn end_of(id: u32) -> SystemTime {
    let id = Pid::from_raw(id.cast_signed()).expect("a process");
    let process = pidfd_open(id, PidfdFlags::empty()).expect("it runs");
    #[expect(deprecated, reason = "it owns its descriptor; what replaces this is unsafe to call")]
    let process = AsyncFd::with_interest(process, Interest::READABLE).expect("it can be waited for");
    in_time("the end of Node", process.readable()).await.expect("it is told").retain_ready();
    SystemTime::now()
}

/// Has a plugin leak in this way: the exit code, and what is told of the end.
async fn dies_of(way: &str, place: &Place, launch: &Launch) -> (Option<i32>, Value) {
    let mut greenroom = start(launch, "healthcheck,leaks");
    let ready = greenroom.await_status(READINESS, 200).await;
    ready.unwrap_or_else(|error| panic!("{way}: {error}\n{}", greenroom.output()));
    let children = process::children(greenroom.id().expect("it runs"));
    let [node] = children[..] else { panic!("{way}: {children:?}") };
    let answer = Connection::to(greenroom.port()).await.post(&format!("/api/leaks/{way}")).await;
    assert_eq!(answer.head.status, 200, "{way}");
    let died = end_of(node).await;
    let code = greenroom.exit().await.expect("it ends");

    let output = greenroom.output();
    let exit = told(place, &output);
    assert_heard(&exit);
    assert_eq!(exit["pid"], node, "{way}: {exit}");
    let record: Timestamp =
        line(&output)["timestamp"].as_str().and_then(|time| time.parse().ok()).expect("a time");
    let record = SystemTime::UNIX_EPOCH + Duration::from_millis(record.as_millisecond().unsigned_abs());
    let written = |file: &Path| fs::metadata(file).and_then(|file| file.modified()).expect("a time");
    for (what, at) in [
        ("the record", record),
        ("the termination log", written(&place.termination_log())),
        ("last-exit.json", written(&place.state().join("last-exit.json"))),
    ] {
        let late = at.duration_since(died).unwrap_or_default();
        assert!(late < SOON, "{way}: {what} is {late:?} late: {output}");
    }
    (code, exit)
}

/// The same, where V8's heap has a limit that is soon reached.
async fn fills_the_heap(way: &str) {
    let place = Place::new();
    let launch = place.around("backend.js").with_env("NODE_OPTIONS", HEAP);
    let (code, exit) = dies_of(way, &place, &launch).await;
    assert_eq!((code, &exit["cause"]), (Some(134), &"v8HeapLimit".into()), "{way}: {exit}");
}

/// The same, where the memory of all has a limit.
#[expect(clippy::print_stderr, reason = "a test has no other way to say that it could not be made here")]
async fn fills_the_cgroup(way: &str) {
    const LIMIT: u64 = 480 << 20;
    let Some(cgroup) = Cgroup::new(LIMIT) else {
        eprintln!("there is no cgroup that can be written: crates/wrap has the same with files");
        return;
    };
    let place = Place::new();
    let launch = place.around_in(&cgroup.enter(), "backend.js");
    let (code, exit) = dies_of(way, &place, &launch).await;
    assert_eq!((code, &exit["cause"]), (Some(137), &"cgroupOom".into()), "{way}: {exit}");
    assert_eq!(exit["memory"]["limitBytes"], LIMIT, "{way}: {exit}");
}

#[tokio::test]
async fn gateway_120_objects_that_are_never_let_go_are_told_as_v8s_heap_limit() {
    fills_the_heap("objects").await;
}

#[tokio::test]
async fn gateway_120_timers_that_are_never_cleared_are_told_as_v8s_heap_limit() {
    fills_the_heap("timers").await;
}

#[tokio::test]
async fn gateway_120_promises_that_leave_the_event_loop_no_turn_are_told_as_v8s_heap_limit() {
    fills_the_heap("promises").await;
}

#[tokio::test]
async fn gateway_120_buffers_beside_the_heap_are_told_as_the_limit_of_the_cgroup() {
    fills_the_cgroup("buffers").await;
}

#[tokio::test]
async fn gateway_120_programs_that_never_end_are_told_as_the_limit_of_the_cgroup() {
    fills_the_cgroup("children").await;
}

#[tokio::test]
async fn gateway_120_files_that_stay_open_are_told_by_the_error_that_has_ended_the_process() {
    let place = Place::new();
    let launch = place.around_in("ulimit -n 200", "backend.js");
    let (code, exit) = dies_of("descriptors", &place, &launch).await;
    assert_eq!((code, &exit["cause"]), (Some(1), &"exit".into()), "{exit}");
    let detail = exit["detail"].as_str().expect("its error");
    assert!(detail.contains("EMFILE: too many open files"), "{detail}");
}
