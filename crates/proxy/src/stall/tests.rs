//! What silences mean.

use proptest::prelude::*;

use super::*;

const TICK: Duration = Duration::from_millis(200);

fn thread(cpu: u64, state: ThreadState) -> MainThread {
    MainThread { cpu: Duration::from_millis(cpu), state }
}

/// What a silence is taken for in which the thread is seen so, once in each tick.
fn kind(looks: &[MainThread]) -> StallKind {
    let (mut stalls, start) = (Stalls::default(), Instant::now());
    stalls.asked(start);
    for (tick, look) in (1..).zip(looks) {
        stalls.silent(start + TICK * tick, Some(*look));
    }
    stalls.answered(start + TICK * 50).expect("it was told").kind
}

#[test]
fn busy_blocked_and_stopped_are_told_apart() {
    use ThreadState::{Runs, Stopped, Waits};
    let of = |state, step: u64| (0..6).map(|tick| thread(700 + tick * step, state)).collect::<Vec<_>>();
    assert_eq!(kind(&of(Runs, 200)), StallKind::Busy);
    assert_eq!(kind(&of(Waits, 0)), StallKind::Blocked);
    assert_eq!(kind(&of(Stopped, 0)), StallKind::Stopped);
    assert_eq!(kind(&of(Waits, 150)), StallKind::Busy, "it waits for moments only");
    assert_eq!(kind(&of(Runs, 10)), StallKind::Busy, "it gets no processor");
    let mut few = of(Waits, 0);
    few[2] = thread(700, Runs);
    assert_eq!(kind(&few), StallKind::Blocked);
}

#[test]
fn of_a_process_that_was_stopped_no_request_is_named_as_why() {
    for (state, named) in [(ThreadState::Stopped, 0), (ThreadState::Waits, 1)] {
        let (mut stalls, start) = (Stalls::default(), Instant::now());
        stalls.asked(start);
        stalls.is_late(vec![Suspect { plugin: "catalog".to_owned(), requests: 1, newest: None }]);
        for tick in 1..5 {
            stalls.silent(start + TICK * tick, Some(thread(700, state)));
        }
        assert_eq!(stalls.silent(start + STALL, Some(thread(700, state))).unwrap().suspects.len(), named);
        stalls.silent(start + STALL + TICK, Some(thread(700, state)));
        assert_eq!(stalls.known().1[0].suspects.len(), named);
        assert_eq!(stalls.answered(start + STALL * 2).unwrap().suspects.len(), named);
    }
}

#[test]
fn of_a_process_that_nobody_can_look_at_it_is_unknown() {
    let (mut stalls, start) = (Stalls::default(), Instant::now());
    stalls.asked(start);
    assert_eq!(stalls.silent(start + STALL, None).map(|stall| stall.kind), Some(StallKind::Unknown));
}

#[test]
fn it_is_told_once_and_its_beginning_lies_between_the_last_answer_and_the_question() {
    let (mut stalls, start) = (Stalls::default(), Instant::now());
    let at = |millis| start + Duration::from_millis(millis);
    stalls.asked(at(0));
    assert_eq!(stalls.answered(at(1)), None);
    stalls.asked(at(201));
    let suspects = vec![Suspect { plugin: "catalog".to_owned(), requests: 2, newest: None }];
    stalls.is_late(suspects.clone());
    assert_eq!(stalls.silent(at(1200), None), None);
    let begun = stalls.silent(at(1201), None).unwrap();
    assert_eq!((begun.lasted, begun.goes_on), (Duration::from_millis(1100), true));
    assert_eq!(stalls.silent(at(1401), None), None, "it is told already");
    assert_eq!(stalls.known().1[0].lasted, Duration::from_millis(1300), "but goes on");
    let ended = stalls.answered(at(3101)).unwrap().clone();
    assert_eq!((ended.lasted, ended.goes_on), (Duration::from_secs(3), false));
    assert_eq!(ended.suspects, suspects);
    assert_eq!(stalls.known(), (1, vec![ended]));
}

#[test]
fn the_last_ones_are_remembered_and_all_are_counted() {
    let (mut stalls, mut now) = (Stalls::default(), Instant::now());
    for _ in 0..50 {
        stalls.asked(now);
        now += STALL;
        assert!(stalls.silent(now, None).is_some());
        assert!(stalls.gone(now).is_some());
    }
    let (count, known) = stalls.known();
    assert_eq!((count, known.len()), (50, KEPT));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask,
    Late,
    Silent(u64, Option<ThreadState>),
    Answer,
    Gone,
}

fn step() -> impl Strategy<Value = Step> {
    let state = proptest::option::of(prop_oneof![
        Just(ThreadState::Runs),
        Just(ThreadState::Waits),
        Just(ThreadState::Stopped)
    ]);
    prop_oneof![
        2 => Just(Step::Ask),
        1 => Just(Step::Late),
        6 => (0..2000u64, state).prop_map(|(cpu, state)| Step::Silent(cpu, state)),
        2 => Just(Step::Answer),
        1 => Just(Step::Gone),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_none_is_shorter_than_told_and_each_that_begins_ends(
        steps in proptest::collection::vec((0..900u64, step()), 0..200)
    ) {
        let (mut stalls, start) = (Stalls::default(), Instant::now());
        let (mut now, mut asked, mut begun, mut ended) = (start, None, 0, 0);
        for (pause, step) in steps.into_iter().chain([(0, Step::Gone)]) {
            now += Duration::from_millis(pause);
            let end = match step {
                // As the pulse does: there is one question at a time.
                Step::Ask if asked.is_none() => {
                    asked = Some(now);
                    stalls.asked(now);
                    None
                }
                Step::Ask => None,
                Step::Late => {
                    stalls.is_late(vec![]);
                    None
                }
                Step::Silent(cpu, state) => {
                    let look = state.map(|state| thread(cpu, state));
                    if let Some(stall) = stalls.silent(now, look) {
                        prop_assert!(stall.goes_on && stall.lasted >= STALL);
                        prop_assert!(asked.is_some_and(|asked| now - asked >= STALL));
                        begun += 1;
                    }
                    None
                }
                Step::Answer => {
                    asked = None;
                    stalls.answered(now).cloned()
                }
                Step::Gone => {
                    asked = None;
                    stalls.gone(now).cloned()
                }
            };
            if let Some(stall) = end {
                prop_assert!(!stall.goes_on && stall.lasted >= STALL);
                ended += 1;
            }
            prop_assert!(begun == ended || begun == ended + 1, "one at a time");
        }
        prop_assert_eq!(begun, ended);
        let (count, known) = stalls.known();
        prop_assert!(count == begun && known.len() <= KEPT);
        prop_assert!(known.iter().all(|stall| !stall.goes_on && stall.lasted >= STALL));
    }
}
