//! A check that blocks its thread, in the time of the wall.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use greenroom_health::{Check, CheckHandle, HealthChecks, Outcome};

use crate::Up;

/// A door that blocks whoever comes before it is opened.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<bool>, Condvar)>);

impl Door {
    fn pass(&self) {
        let (is_open, opened) = &*self.0;
        let held = opened.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap();
        drop(held);
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

/// There are more of them than workers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_that_block_for_ever_stop_neither_others_nor_answers_and_are_not_run_again() {
    let door = Door::default();
    let (blocks, handle) = (door.clone(), Arc::new(Mutex::new(None::<CheckHandle>)));
    let keep = handle.clone();
    let up = Up::with(move |checks: &HealthChecks| {
        for number in 0..4 {
            let door = blocks.clone();
            let declared = checks.declare(&format!("blocks-{number}")).timeout(Duration::from_millis(50));
            let blocking = declared.run(async move || {
                door.pass();
                Check::pass()
            });
            *keep.lock().unwrap() = Some(blocking);
        }
        checks.declare("other").readiness().run(async || {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Check::pass()
        });
    })
    .await;
    let handle = handle.lock().unwrap().take().unwrap();
    let states = up.registry.settled().await;
    assert_eq!(states.iter().filter(|state| state.outcome() == Some(Outcome::Fail)).count(), 4);
    assert_eq!(up.last("blocks-0"), Some(Check::fail("no answer within 0.05 s")));
    assert_eq!(up.last("other"), Some(Check::pass()));
    assert_eq!(up.ready().await.status, 200);

    let again = handle.run_now().await.unwrap();
    let told = "it blocks its thread, and is not run again until it has";
    assert!(again.message.as_deref().unwrap().ends_with(told), "{again:?}");
    door.open();
    // Its thread has yet to come back from it.
    while handle.run_now().await.unwrap().outcome != Outcome::Pass {
        tokio::task::yield_now().await;
    }
}
