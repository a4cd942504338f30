//! Who keeps a child running.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use greenroom_context::{Context, Tasks};
use greenroom_wrap::{
    ChildCommand, Ended, Exit, Launch, Restart, RestartPolicy, Signal, State, StoppedBy, Supervisor,
    SupervisorOptions, Target,
};
use tokio::{join, time::sleep};

use crate::kit::{Told, command, lives, until_gone};

const LONG: Duration = Duration::from_secs(40);

/// One whose every state is kept.
fn supervise(
    restart: RestartPolicy,
    launch: impl FnMut() -> std::io::Result<Launch> + Send + 'static,
) -> (Supervisor, Arc<Mutex<Vec<State>>>) {
    let states = Arc::new(Mutex::new(vec![]));
    let kept = states.clone();
    let on_state = Some(Box::new(move |state: &State| kept.lock().unwrap().push(state.clone())) as Box<_>);
    let options = SupervisorOptions { restart, on_state, ..SupervisorOptions::default() };
    (Supervisor::start(options, launch), states)
}

fn always(command: ChildCommand) -> impl FnMut() -> std::io::Result<Launch> + Send + 'static {
    move || Ok(command.clone().into())
}

fn steps(states: &Mutex<Vec<State>>) -> Vec<String> {
    let step = |state: &State| match state {
        State::Starting { .. } => "starting".to_owned(),
        State::Running { .. } => "running".to_owned(),
        State::Ended { ended, stopped, restart } => {
            let exit = ended.map(|ended| ended.exit.to_string());
            let restart = restart.map(|Restart { after, attempt }| (after.as_secs(), attempt));
            format!("{exit:?} {stopped:?} {restart:?}").replace("\"", "")
        }
        State::Failed { reason, .. } => format!("failed: {reason}"),
    };
    states.lock().unwrap().iter().map(step).collect()
}

#[tokio::test]
async fn by_default_the_end_of_the_child_is_the_end() {
    let (supervisor, states) = supervise(RestartPolicy::Never, always(command(&["sh", "-c", "exit 7"])));
    let last = supervisor.end().await;
    assert_eq!((last.exit_code(), last.is_final()), (Some(7), true));
    assert_eq!(steps(&states), ["starting", "running", "Some(exit code 7) None None"]);
    assert!(last.to_string().starts_with("The backend has ended: exit code 7 after 0."), "{last}");
}

// The clock stands still but for pauses, which are over at once.
#[tokio::test(start_paused = true)]
async fn on_failure_it_is_started_again_after_pauses_that_grow() {
    let mut count = 0;
    let launch = move || {
        count += 1;
        let script = if count <= 5 { "exit 3" } else { "exit 0" };
        Ok(command(&["sh", "-c", script]).into())
    };
    let (supervisor, states) = supervise(RestartPolicy::OnFailure, launch);
    assert_eq!(supervisor.end().await.exit_code(), Some(0));
    let ends: Vec<_> = steps(&states).into_iter().filter(|step| step.starts_with("Some")).collect();
    let again = |after: u64, attempt: u32| format!("Some(exit code 3) None Some(({after}, {attempt}))");
    let last = "Some(exit code 0) None None".to_owned();
    assert_eq!(ends, [again(1, 1), again(2, 2), again(4, 3), again(8, 4), again(16, 5), last]);
}

#[tokio::test(start_paused = true)]
async fn ten_restarts_in_a_row_are_enough() {
    let (supervisor, states) =
        supervise(RestartPolicy::OnFailure, always(command(&["sh", "-c", "kill -ABRT $$"])));
    let last = supervisor.end().await;
    assert_eq!(last.exit_code(), Some(134));
    assert_eq!(steps(&states).last().unwrap(), "failed: 10 restarts in a row have not helped");
    assert_eq!(steps(&states).iter().filter(|step| *step == "running").count(), 11);
}

#[tokio::test]
async fn a_stop_ends_the_child_and_is_no_failure_of_it() {
    let mut told = Told::new();
    let script = "trap 'exit 0' TERM; tell $$; while :; do sleep 0.02; done";
    let (supervisor, states) = supervise(RestartPolicy::OnFailure, always(told.shell(script)));
    let pid = told.number().await;
    let running = supervisor.state().borrow().clone();
    assert!(matches!(running, State::Running { pid: running, .. } if running == pid), "{running:?}");
    let (last, again) = tokio::join!(supervisor.stop(LONG), supervisor.stop(LONG));
    assert_eq!((last.exit_code(), &last), (Some(0), &again));
    assert_eq!(steps(&states), ["starting", "running", "Some(exit code 0) Some(Term) None"]);
    assert!(!lives(pid));
    assert_eq!(supervisor.stop(LONG).await, last);
}

#[tokio::test]
async fn a_stop_before_the_start_starts_nothing() {
    let (supervisor, states) = supervise(RestartPolicy::Never, || panic!("nothing is started"));
    assert_eq!(supervisor.stop(LONG).await.exit_code(), Some(0));
    assert_eq!(steps(&states), ["None Some(Itself) None"]);
}

#[tokio::test]
async fn a_stop_between_two_starts_does_not_wait_for_the_second() {
    let (supervisor, _) = supervise(RestartPolicy::OnFailure, always(command(&["sh", "-c", "exit 5"])));
    let mut state = supervisor.state();
    state.wait_for(|state| matches!(state, State::Ended { .. })).await.unwrap();
    let last = supervisor.stop(LONG).await;
    assert!(matches!(
        last,
        State::Ended {
            ended: Some(Ended { exit: Exit::Code(5), .. }),
            stopped: Some(StoppedBy::Itself),
            restart: None
        }
    ));
    assert_eq!(last.exit_code(), Some(0), "nobody waits for it any more");
    assert!(last.to_string().ends_with(" s; it was stopped before it was started again"), "{last}");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_given_up_is_killed_and_started_again_and_its_end_is_told_as_ours() {
    let mut count = 0;
    let launch = move || {
        count += 1;
        Ok(command(&["sh", "-c", if count == 1 { "sleep 100" } else { "exit 0" }]).into())
    };
    let (supervisor, states) = supervise(RestartPolicy::OnFailure, launch);
    supervisor.state().wait_for(|state| matches!(state, State::Running { .. })).await.unwrap();
    let handle = supervisor.downgrade();
    handle.upgrade().expect("there is one").give_up();
    assert_eq!(supervisor.end().await.exit_code(), Some(0));
    let told =
        states.lock().unwrap().iter().find(|state| matches!(state, State::Ended { .. })).cloned().unwrap();
    let State::Ended { ended: Some(ended), restart: Some(_), .. } = told else { panic!("{told:?}") };
    assert_eq!((ended.exit, ended.exit_code()), (Exit::GivenUp, 137));
    let sentence = told.to_string();
    assert!(
        sentence.starts_with("The backend has ended: killed by Greenroom (SIGKILL) after "),
        "{sentence}"
    );
    assert!(sentence.contains(", because its start had failed and it did not end by itself; "), "{sentence}");
    drop(supervisor);
    assert!(handle.upgrade().is_none(), "it keeps nobody running");
}

#[tokio::test]
async fn one_that_is_stopped_already_is_not_given_up() {
    let mut told = Told::new();
    let script = "trap 'exit 0' TERM; tell $$; while :; do sleep 0.02; done";
    let (supervisor, _) = supervise(RestartPolicy::OnFailure, always(told.shell(script)));
    told.number().await;
    assert!(!supervisor.is_stopping());
    supervisor.restart_no_more();
    assert!(supervisor.is_stopping());
    supervisor.give_up();
    assert_eq!(supervisor.stop(LONG).await.exit_code(), Some(0));
}

#[tokio::test]
async fn a_stop_that_comes_while_one_that_was_given_up_ends_is_no_failure() {
    let (supervisor, states) =
        supervise(RestartPolicy::OnFailure, always(command(&["sh", "-c", "sleep 100"])));
    supervisor.state().wait_for(|state| matches!(state, State::Running { .. })).await.unwrap();
    supervisor.give_up();
    assert_eq!(supervisor.stop(LONG).await.exit_code(), Some(0));
    assert_eq!(steps(&states).last().unwrap(), "Some(killed by Greenroom (SIGKILL)) Some(Itself) None");
}

#[tokio::test]
async fn once_a_stop_has_begun_none_is_started_again_and_the_one_that_runs_goes_on() {
    let (supervisor, states) =
        supervise(RestartPolicy::OnFailure, always(command(&["sh", "-c", "read x; exit 7"])));
    supervisor.state().wait_for(|state| matches!(state, State::Running { .. })).await.unwrap();
    supervisor.restart_no_more();
    // Its input is closed: it ends as one that fails.
    assert_eq!(supervisor.end().await.exit_code(), Some(7));
    assert_eq!(steps(&states).last().unwrap(), "Some(exit code 7) None None");
}

#[tokio::test]
async fn a_stop_while_the_child_starts_leaves_no_orphan() {
    let mut told = Told::new();
    let (supervisor, _) =
        supervise(RestartPolicy::Never, always(told.shell("tell $$; while :; do sleep 0.02; done")));
    let pid = told.number().await;
    assert_eq!(supervisor.stop(LONG).await.exit_code(), Some(143));
    assert!(!lives(pid));
}

#[tokio::test]
async fn what_cannot_be_run_is_not_tried_again() {
    let (supervisor, states) = supervise(RestartPolicy::OnFailure, always(command(&["no-such-program"])));
    let last = supervisor.end().await;
    assert_eq!(last.exit_code(), Some(1));
    assert_eq!(
        last.to_string(),
        "The backend cannot be run: cannot run no-such-program: there is no such program"
    );
    assert_eq!(steps(&states).len(), 2);
}

#[tokio::test]
async fn a_port_that_another_has_taken_is_tried_once_more_with_another_one() {
    let mut told = Told::new();
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = other.local_addr().unwrap().port();
    let free = greenroom_wrap::free_port().unwrap();
    let mut ports = [taken, free].into_iter();
    let serve = told.shell("trap 'exit 0' TERM; tell up; while :; do sleep 0.02; done");
    let launch = move || {
        let port = ports.next();
        let command = if port == Some(taken) { command(&["sh", "-c", "exit 1"]) } else { serve.clone() };
        Ok(Launch { port, ..command.into() })
    };
    let (supervisor, states) = supervise(RestartPolicy::Never, launch);
    assert_eq!(told.line().await, "up");
    assert!(matches!(*supervisor.state().borrow(), State::Running { port: Some(port), .. } if port == free));
    supervisor.stop(LONG).await;
    assert_eq!(
        steps(&states),
        [
            "starting",
            "running",
            "Some(exit code 1) None Some((0, 0))",
            "starting",
            "running",
            "Some(exit code 0) Some(Term) None"
        ]
    );
}

#[tokio::test]
async fn a_second_port_that_is_taken_is_named() {
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = other.local_addr().unwrap().port();
    let launch = move || Ok(Launch { port: Some(port), ..command(&["sh", "-c", "exit 1"]).into() });
    let (supervisor, states) = supervise(RestartPolicy::Never, launch);
    assert_eq!(supervisor.end().await.exit_code(), Some(1));
    let reason = format!("failed: another program listens on 127.0.0.1:{port}, where it was to listen");
    assert_eq!(steps(&states).last(), Some(&reason));
    assert_eq!(steps(&states).iter().filter(|step| *step == "running").count(), 2);
}

#[tokio::test]
async fn a_port_that_is_fixed_and_taken_is_not_tried_again() {
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = other.local_addr().unwrap().port();
    let launch = move || {
        let command = command(&["sh", "-c", "exit 1"]);
        Ok(Launch { port: Some(port), is_port_fixed: true, ..command.into() })
    };
    let (supervisor, states) = supervise(RestartPolicy::Never, launch);
    assert_eq!(supervisor.end().await.exit_code(), Some(1));
    let reason = format!("failed: another program listens on 127.0.0.1:{port}, where it was to listen");
    assert_eq!(steps(&states), ["starting", "running", &reason]);
}

#[tokio::test]
async fn who_drops_the_last_handle_ends_the_child() {
    let mut told = Told::new();
    let script = "trap '' TERM; tell $$; while :; do sleep 0.02; done";
    let (supervisor, _) = supervise(RestartPolicy::OnFailure, always(told.shell(script)));
    let pid = told.number().await;
    let other = supervisor.clone();
    drop(supervisor);
    assert!(lives(pid));
    drop(other);
    until_gone(pid).await;
}

#[tokio::test]
async fn with_the_tasks_of_its_backend_the_child_ends() {
    let mut told = Told::new();
    let (tasks, script) = (Tasks::new(), "trap '' TERM; tell $$; while :; do sleep 0.02; done");
    let command = told.shell(script);
    let start = || supervise(RestartPolicy::OnFailure, always(command));
    let (supervisor, _) = Context::default().with_tasks(tasks.clone()).sync_scope(start);
    let pid = told.number().await;
    assert_eq!(tasks.stop(LONG).await, Vec::<String>::new());
    until_gone(pid).await;
    // Nobody says more of it.
    assert!(matches!(supervisor.end().await, State::Running { .. }));
}

#[tokio::test]
async fn who_has_no_time_kills_the_child_and_none_is_started_after_it() {
    let mut told = Told::new();
    let script = "trap '' TERM; tell $$; while :; do sleep 0.02; done";
    let (supervisor, states) = supervise(RestartPolicy::OnFailure, always(told.shell(script)));
    let pid = told.number().await;
    supervisor.target().kill_group();
    until_gone(pid).await;
    assert_eq!(supervisor.end().await.exit_code(), Some(137));
    assert_eq!(steps(&states).iter().filter(|step| *step == "running").count(), 1);
}

#[tokio::test]
async fn who_has_no_time_kills_also_those_whom_the_child_has_left() {
    let script = "
        trap 'exit 0' TERM USR1
        sh -c 'trap \"\" TERM; echo $$ > \"$OUT\"; while :; do sleep 0.02; done' &
        while :; do sleep 0.02; done";
    // While a stop waits for them, and while they end behind a child that has ended by itself.
    for is_stopped in [true, false] {
        let mut told = Told::new();
        let (supervisor, _) = supervise(RestartPolicy::Never, always(told.shell(script)));
        let (left, target) = (told.number().await, supervisor.target().clone());
        let end = async {
            if is_stopped {
                return supervisor.stop(LONG).await;
            }
            assert!(target.signal(Signal::USR1));
            supervisor.end().await
        };
        let kill = async {
            // Nothing tells when its status is taken.
            while target.pid().is_some() {
                sleep(Duration::from_millis(5)).await;
            }
            assert!(lives(left), "stopped: {is_stopped}");
            assert!(target.kill_group(), "stopped: {is_stopped}");
            until_gone(left).await;
        };
        let (last, ()) = join!(end, kill);
        assert_eq!(last.exit_code(), Some(0), "stopped: {is_stopped}");
        assert!(!target.kill_group(), "the number of the group may be another's by now");
    }
}

#[tokio::test]
async fn who_has_no_time_while_a_child_is_being_started_leaves_none_behind() {
    let known = Arc::new(Mutex::new(None::<Target>));
    let closes = known.clone();
    let launch = move || {
        // As late as it gets: what is to run is known already.
        let target = closes.lock().unwrap().take();
        assert!(!target.expect("the supervisor is known").kill_group(), "none runs yet");
        Ok(command(&["sh", "-c", "while :; do sleep 1; done"]).into())
    };
    let (supervisor, states) = supervise(RestartPolicy::OnFailure, launch);
    *known.lock().unwrap() = Some(supervisor.target().clone());
    assert_eq!(supervisor.end().await.exit_code(), Some(0));
    assert_eq!(steps(&states), ["starting", "None Some(Itself) None"]);
}
