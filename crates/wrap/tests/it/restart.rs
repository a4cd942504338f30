//! When a child is started again.

use std::time::Duration;

use greenroom_wrap::{Ended, Exit, Next, RestartPolicy, Restarts};
use proptest::prelude::*;

fn after(seconds: u64, code: i32) -> Ended {
    Ended { exit: Exit::Code(code), uptime: Duration::from_secs(seconds) }
}

fn pauses(restarts: &mut Restarts, ended: &Ended) -> Vec<u64> {
    std::iter::from_fn(|| match restarts.after(ended) {
        Next::Restart { after, .. } => Some(after.as_secs()),
        Next::End | Next::GiveUp { .. } => None,
    })
    .collect()
}

#[test]
fn never_is_never() {
    let mut restarts = Restarts::new(RestartPolicy::Never);
    assert_eq!(restarts.after(&after(1, 1)), Next::End);
    assert_eq!(RestartPolicy::default(), RestartPolicy::Never);
}

#[test]
fn pauses_double_up_to_a_minute_and_ten_restarts_are_enough() {
    let mut restarts = Restarts::new(RestartPolicy::OnFailure);
    assert_eq!(pauses(&mut restarts, &after(5, 7)), [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    assert_eq!(restarts.after(&after(5, 7)), Next::GiveUp { attempts: 10 });
}

#[test]
fn an_end_without_a_failure_is_the_end() {
    let mut restarts = Restarts::new(RestartPolicy::OnFailure);
    assert_eq!(restarts.after(&after(5, 0)), Next::End);
    let killed = Ended { exit: Exit::Signal(9), uptime: Duration::ZERO };
    assert_eq!(restarts.after(&killed), Next::Restart { after: Duration::from_secs(1), attempt: 1 });
}

#[test]
fn who_has_run_for_ten_minutes_begins_anew() {
    let mut restarts = Restarts::new(RestartPolicy::OnFailure);
    assert_eq!(pauses(&mut restarts, &after(599, 1)).len(), 10);
    let next = Next::Restart { after: Duration::from_secs(1), attempt: 1 };
    assert_eq!(restarts.after(&after(600, 1)), next);
    assert_eq!(restarts.after(&after(0, 1)), Next::Restart { after: Duration::from_secs(2), attempt: 2 });
}

proptest! {
    #[test]
    fn whatever_happens_no_more_than_ten_restarts_are_in_a_row_and_no_pause_is_over_a_minute(
        ends in prop::collection::vec((0u64..1200, 0i32..3), 0..60),
    ) {
        let mut restarts = Restarts::new(RestartPolicy::OnFailure);
        let mut in_a_row = 0;
        for (seconds, code) in ends {
            in_a_row = if seconds >= 600 && code != 0 { 0 } else { in_a_row };
            match restarts.after(&after(seconds, code)) {
                Next::Restart { after, attempt } => {
                    in_a_row += 1;
                    prop_assert_eq!(attempt, in_a_row);
                    prop_assert!(attempt <= 10 && after >= Duration::from_secs(1) && after <= Duration::from_secs(60));
                    prop_assert!(code != 0);
                }
                Next::End => prop_assert_eq!(code, 0),
                Next::GiveUp { attempts } => prop_assert_eq!((attempts, in_a_row), (10, 10)),
            }
        }
    }
}
