//! A stop in order.

use std::time::{Duration, Instant};

use greenroom_wrap::{Child, Exit, StoppedBy, Target};

use crate::kit::{Told, command, until_gone};

const LONG: Duration = Duration::from_secs(40);

fn start(told: &Told, script: &str) -> Child {
    Child::start(&told.shell(script), &Target::default(), None).unwrap()
}

#[tokio::test]
async fn a_child_that_ends_at_sigterm_gets_exactly_one_and_its_code_is_ours() {
    let mut told = Told::new();
    let script =
        "trap 'tell term; n=1' TERM; tell ready; while [ -z \"$n\" ]; do sleep 0.02; done; sleep 0.2; exit 0";
    let mut child = start(&told, script);
    assert_eq!(told.line().await, "ready");
    let stopped = child.stop(LONG).await;
    assert_eq!((stopped.ended.exit, stopped.by), (Exit::Code(0), StoppedBy::Term));
    told.tell("end");
    assert_eq!(told.until("end").await, ["term"]);
}

#[tokio::test]
async fn what_the_child_has_started_is_not_told_in_its_place() {
    let mut told = Told::new();
    let script = "
        sh -c 'trap \"echo inner > \\\"$OUT\\\"; exit\" TERM; echo $$ > \"$OUT\"; while :; do sleep 0.02; done' & inner=$!
        trap 'tell outer; kill -KILL $inner; exit 0' TERM
        tell ready
        while :; do sleep 0.02; done";
    let mut child = start(&told, script);
    let mut lines = [told.line().await, told.line().await];
    lines.sort_unstable();
    assert_eq!(lines[1], "ready");
    let inner = lines[0].parse().unwrap();
    assert_eq!(child.stop(LONG).await.by, StoppedBy::Term);
    until_gone(inner).await;
    told.tell("end");
    assert_eq!(told.until("end").await, ["outer"]);
}

#[tokio::test]
async fn shortly_before_the_grace_is_over_a_child_is_asked_once_more() {
    let mut told = Told::new();
    let script = "trap 'n=1$n; [ $n = 1 ] || exit 5' TERM; tell ready; while :; do sleep 0.02; done";
    let mut child = start(&told, script);
    assert_eq!(told.line().await, "ready");
    let stopped = child.stop(Duration::from_millis(1500)).await;
    assert_eq!((stopped.ended.exit, stopped.by), (Exit::Code(5), StoppedBy::SecondTerm));
}

#[tokio::test]
async fn who_ignores_sigterm_is_killed_with_its_group_when_the_grace_is_over() {
    let mut told = Told::new();
    let script = "trap '' TERM; sh -c 'echo $$ > \"$OUT\"; while :; do sleep 1; done' & wait; while :; do sleep 1; done";
    let mut child = start(&told, script);
    let inner = told.number().await;
    let began = Instant::now();
    let stopped = child.stop(Duration::from_millis(300)).await;
    assert_eq!((stopped.ended.exit_code(), stopped.by), (137, StoppedBy::Kill));
    assert!(began.elapsed() >= Duration::from_millis(300));
    until_gone(inner).await;
}

#[tokio::test]
async fn who_swallows_sigterm_does_not_keep_it_from_those_behind() {
    let inner = r#"sh -c 'trap "echo inner > \"$OUT\"; exit" TERM; echo $$ > "$OUT"; while :; do sleep 0.02; done' &"#;
    for (outer, exit) in
        [("wait", Exit::Signal(15)), ("trap 'exit 143' TERM; tell ready; wait", Exit::Code(143))]
    {
        let mut told = Told::new();
        let mut child = start(&told, &format!("{inner} {outer}"));
        let mut pid = None;
        for _ in 0..if exit == Exit::Code(143) { 2 } else { 1 } {
            pid = told.line().await.parse().ok().or(pid);
        }
        let stopped = child.stop(LONG).await;
        assert_eq!(stopped.ended.exit, exit);
        until_gone(pid.unwrap()).await;
        told.tell("end");
        assert_eq!(told.until("end").await, ["inner"]);
    }
}

#[tokio::test]
async fn who_outlives_the_child_is_killed_when_the_grace_is_over() {
    let mut told = Told::new();
    let script = "
        trap 'exit 0' TERM
        sh -c 'trap \"\" TERM; echo $$ > \"$OUT\"; while :; do sleep 1; done' &
        while :; do sleep 0.02; done";
    let mut child = start(&told, script);
    let inner = told.number().await;
    let (grace, began) = (Duration::from_millis(800), Instant::now());
    assert_eq!(child.stop(grace).await.ended.exit, Exit::Code(0));
    assert!(began.elapsed() >= grace);
    until_gone(inner).await;
}

#[tokio::test]
async fn a_child_that_ends_in_order_and_tells_nobody_does_not_make_a_stop_long() {
    for (inner, says) in [
        // What SIGTERM would have killed has not been told.
        (r#"sh -c 'echo $$ > "$OUT"; exec sleep 1000' &"#, vec![]),
        // What handles it might have been: it gets a moment.
        (
            r#"sh -c 'trap "echo inner > \"$OUT\"; exit" TERM; echo $$ > "$OUT"; while :; do sleep 0.02; done' &"#,
            vec!["inner"],
        ),
    ] {
        let mut told = Told::new();
        let mut child = start(&told, &format!("trap 'exit 0' TERM; {inner} while :; do sleep 0.02; done"));
        let inner = told.number().await;
        let began = Instant::now();
        let stopped = child.stop(LONG).await;
        assert_eq!((stopped.ended.exit, stopped.by), (Exit::Code(0), StoppedBy::Term));
        assert!(began.elapsed() < LONG / 4, "{:?}", began.elapsed());
        until_gone(inner).await;
        told.tell("end");
        assert_eq!(told.until("end").await, says);
    }
}

#[tokio::test]
async fn who_was_told_by_a_child_that_does_not_wait_gets_no_second_one_while_it_ends() {
    let mut told = Told::new();
    let script = "
        inner() { trap 'tell term; end=1' TERM; tell ready; while [ -z \"$end\" ]; do sleep 0.02; done; sleep 0.5; }
        inner & pid=$!
        trap 'kill -TERM $pid; exit 0' TERM
        tell ready
        wait";
    let mut child = start(&told, script);
    assert_eq!([told.line().await, told.line().await], ["ready", "ready"]);
    assert_eq!(child.stop(LONG).await.ended.exit, Exit::Code(0));
    told.tell("end");
    assert_eq!(told.until("end").await, ["term"]);
}

#[tokio::test]
async fn who_was_told_and_closes_without_a_handler_any_more_is_left_to_close() {
    let mut told = Told::new();
    // As Node's `process.once`: a second SIGTERM would kill it.
    let script = "
        inner() {
            trap 'trap - TERM; tell closing; end=1' TERM; tell ready
            while [ -z \"$end\" ]; do sleep 0.02; done
            sleep 0.5; tell closed
        }
        inner & pid=$!
        trap 'kill -TERM $pid; exit 0' TERM
        tell ready
        wait";
    let mut child = start(&told, script);
    assert_eq!([told.line().await, told.line().await], ["ready", "ready"]);
    assert_eq!(child.stop(LONG).await.ended.exit, Exit::Code(0));
    told.tell("end");
    assert_eq!(told.until("end").await, ["closing", "closed"]);
}

#[tokio::test]
async fn whoever_is_left_gets_sigterm_before_the_kill_however_little_time_is_left() {
    let inner = "inner() { trap 'tell inner; exit 0' TERM; tell ready; while :; do sleep 0.02; done; }";
    // Left by the child, and left by it with a parent that tells nobody.
    for (left, count) in [
        ("inner &", 2),
        ("middle() { inner & trap : TERM; tell ready; while :; do sleep 0.02; done; }; middle &", 3),
    ] {
        let mut told = Told::new();
        let script = format!(
            "{inner}
            {left}
            trap 'exit 0' TERM
            tell ready
            while :; do sleep 0.02; done"
        );
        let mut child = start(&told, &script);
        for _ in 0..count {
            assert_eq!(told.line().await, "ready");
        }
        let stopped = child.stop(Duration::from_secs(2)).await;
        assert_eq!((stopped.ended.exit, stopped.by), (Exit::Code(0), StoppedBy::Term), "{left}");
        told.tell("end");
        assert_eq!(told.until("end").await, ["inner"], "{left}");
    }
}

#[tokio::test]
async fn who_has_ended_is_not_stopped() {
    let mut child = Child::start(&command(&["sh", "-c", "exit 4"]), &Target::default(), None).unwrap();
    let ended = child.wait().await;
    let stopped = child.stop(LONG).await;
    assert_eq!((stopped.ended, stopped.by), (ended, StoppedBy::Itself));
}

#[tokio::test]
async fn who_is_told_by_its_own_parent_is_not_told_twice() {
    let mut told = Told::new();
    // As npm, backstage-cli and Node: the first one hands on nothing, the second one does.
    let script = "
        inner() { trap 'tell term; end=1' TERM; tell ready; while [ -z \"$end\" ]; do sleep 0.02; done; sleep 0.5; }
        middle() { inner & pid=$!; trap 'kill -TERM $pid' TERM; wait; wait; }
        middle &
        wait";
    let mut child = start(&told, script);
    assert_eq!(told.line().await, "ready");
    assert_eq!(child.stop(LONG).await.ended.exit, Exit::Signal(15));
    told.tell("end");
    assert_eq!(told.until("end").await, ["term"]);
}
