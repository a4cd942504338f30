//! What the first process of a container owes to the others. Here it is one that inherits the orphans below it.

use std::{collections::HashSet, fs, process::Command, time::Duration};

use greenroom_context::spawn;
use greenroom_wrap::{Child, Target, is_pid_1, reap_orphans};
use rustix::process::{getpid, set_child_subreaper};

use crate::kit::{Told, command, this_program};

#[test]
fn orphans_leave_nothing_behind_and_the_childs_own_status_is_kept() {
    let program = this_program("pid1::as_one_that_inherits_orphans");
    let ended = Command::new(&program[0]).args(&program[1..]).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[tokio::test]
#[ignore = "a process of its own, started by the test above"]
async fn as_one_that_inherits_orphans() {
    set_child_subreaper(Some(getpid())).unwrap();
    assert!(!is_pid_1());
    let target = Target::default();
    reap_orphans(&target).unwrap();
    let mut told = Told::new();
    // A hundred children of a child that does not wait for them. It ends while all of them are its heirs' to bury.
    let script = "
        i=0; while [ $i -lt 100 ]; do (sh -c 'echo $$ > \"$OUT\"' &) ; i=$((i+1)); done
        trap 'exit 7' TERM; tell ready; while :; do sleep 0.02; done";
    let mut child = Child::start(&told.shell(script), &target, None).unwrap();
    // One that another part of this process has started, and waits for.
    let mut other = tokio::process::Command::new("sh").args(["-c", "sleep 0.5; exit 9"]).spawn().unwrap();
    let other = spawn("other", async move { other.wait().await.unwrap().code() });
    let mut orphans = HashSet::new();
    while orphans.len() < 100 {
        match told.line().await {
            line if line == "ready" => {}
            line => assert!(orphans.insert(line)),
        }
    }
    while orphans.iter().any(|pid| fs::exists(format!("/proc/{pid}")).unwrap()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(other.await.unwrap(), Some(Some(9)));
    let stopped = child.stop(Duration::from_secs(40)).await;
    assert_eq!(stopped.ended.exit_code(), 7);

    // The child's status is there, however late it is asked for.
    let mut late = Child::start(&command(&["sh", "-c", "exit 8"]), &target, None).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(late.wait().await.exit_code(), 8);
}
