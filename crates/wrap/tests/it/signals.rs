//! Signals that are for the child.

use std::time::Duration;

use greenroom_wrap::{Child, Signal, Target, forward_signals};
use rustix::process::{getpid, kill_process};

use crate::kit::Told;

#[tokio::test]
async fn signals_that_mean_nothing_to_us_are_handed_on() {
    let mut told = Told::new();
    let target = Target::default();
    let (tell, mut passed) = tokio::sync::mpsc::unbounded_channel();
    forward_signals(&target, move |signal| {
        let _ = tell.send(signal);
    })
    .unwrap();
    let traps =
        ["HUP", "QUIT", "USR1", "USR2", "WINCH"].map(|name| format!("trap 'tell {name}' {name}\n")).concat();
    let script = format!("{traps} trap 'exit 0' TERM; tell ready; while :; do sleep 0.02; done");
    let mut child = Child::start(&told.shell(&script), &target, None).unwrap();
    assert_eq!(told.line().await, "ready");
    for (signal, name) in [
        (Signal::HUP, "HUP"),
        (Signal::QUIT, "QUIT"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::WINCH, "WINCH"),
    ] {
        kill_process(getpid(), signal).unwrap();
        assert_eq!(told.line().await, name);
        assert_eq!(passed.try_recv().unwrap(), signal, "it is told before");
    }
    assert_eq!(child.stop(Duration::from_secs(40)).await.ended.exit_code(), 0);
    // Without a child, they are nobody's, and do not end us.
    kill_process(getpid(), Signal::HUP).unwrap();
}
