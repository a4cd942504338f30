//! What is told of a start while it goes on, and of one that listened only for a moment.

use std::time::Duration;

use greenroom_wrap::{Cause, Event, RestartPolicy};

use crate::{
    kit::{Told, command},
    last_words::Place,
};

/// It is looked at once, and then whenever there are news.
const SELDOM: Duration = Duration::from_secs(600);

const STAYS: &str = "trap 'exit 0' TERM; tell $$; while :; do sleep 0.1; done";

fn line(message: &str) -> String {
    format!(r#"{{"level":"error","message":"{message}","service":"backstage"}}"#)
}

fn started(plugins: &str) -> String {
    line(&format!("Plugin initialization started: {plugins}"))
}

#[tokio::test]
async fn a_plugin_that_fails_the_start_is_told_at_once_and_once() {
    let place = Place::new();
    let mut words = place.words_every(SELDOM);
    let mut told = Told::new();
    let supervisor = words.supervise(RestartPolicy::Never, told.shell(STAYS));
    told.number().await;
    let failed = "Plugin 'x' threw an error during startup, waiting for 1 other plugins to finish before shutting down the process. the key is hunter2!";
    words.print(&started("'x', 'y'"));
    words.print(&line(failed));
    let Event::StartFailed(detail) = words.event().await else { panic!("another event") };
    assert_eq!(detail, failed.replace("hunter2!", "***"));
    words.print(&line("Plugin 'y' threw an error during startup. boom"));
    let boot = words.words.tail().boot(|text| text.replace("hunter2!", "***")).unwrap();
    assert_eq!(boot.failed().count(), 2);
    assert!(!format!("{boot:?}").contains("hunter2"), "{boot:?}");
    supervisor.stop(Duration::from_secs(20)).await;
    assert!(words.events.try_recv().is_err(), "once");
}

#[tokio::test]
async fn when_a_start_that_has_failed_is_given_up_is_known_before_and_a_stop_gives_nothing_up() {
    let place = Place::new();
    let mut words = place.words_every(Duration::from_secs(2));
    let mut told = Told::new();
    let supervisor = words.supervise(RestartPolicy::Never, told.shell(STAYS));
    told.number().await;
    assert_eq!(words.words.gives_up(), None);
    let before = std::time::SystemTime::now();
    words.print(&line("Plugin 'x' threw an error during startup. boom"));
    assert!(matches!(words.event().await, Event::StartFailed(_)));
    let (at, is_certain) = words.words.gives_up().expect("it is");
    let after = at.duration_since(before).expect("later");
    assert!(is_certain && after > Duration::from_millis(1500) && after < Duration::from_secs(4), "{after:?}");
    words.words.stopping();
    assert_eq!(words.words.gives_up(), None);
    tokio::time::sleep_until((std::time::Instant::now() + after + Duration::from_secs(1)).into()).await;
    supervisor.stop(Duration::from_secs(20)).await;
    assert!(words.events.try_recv().is_err(), "it is not given up");
    assert_eq!(words.end().cause, Cause::Stopped);
}

#[tokio::test]
async fn a_start_that_takes_long_is_told_with_the_plugins_that_it_waits_for() {
    let place = Place::new();
    let mut words = place.words();
    let mut told = Told::new();
    let supervisor = words.supervise(RestartPolicy::Never, told.shell(STAYS));
    told.number().await;
    words.print(&started("'a', 'b', 'c'"));
    words.print(&line(
        "Plugin initialization in progress, newly initialized: 'b', still initializing: 'a', 'c'",
    ));
    let Event::StartHangs { awaited, suspect, .. } = words.event().await else { panic!("another event") };
    assert_eq!((awaited, suspect), (Some(vec!["a".to_owned(), "c".to_owned()]), None));
    supervisor.stop(Duration::from_secs(20)).await;
    assert!(words.events.try_recv().is_err(), "once");
}

#[tokio::test]
async fn who_does_not_listen_where_it_was_told_is_told_so_while_it_runs() {
    let place = Place::new();
    let mut words = place.words();
    let mut told = Told::new();
    let supervisor = words.supervise_on(Some(1), RestartPolicy::Never, told.shell(STAYS));
    told.number().await;
    let Event::StartHangs { awaited, suspect, .. } = words.event().await else { panic!("another event") };
    assert_eq!((awaited, suspect), (None, None));
    supervisor.stop(Duration::from_secs(20)).await;
}

#[tokio::test]
async fn who_has_just_begun_to_listen_when_it_ends_has_listened() {
    for (says, cause) in [
        ("Listening on 127.0.0.1:41307", Cause::Exit),
        ("Listening on :41307", Cause::Exit),
        ("Listening on 127.0.0.1:41308", Cause::NeverListened),
        ("Listening carefully", Cause::NeverListened),
    ] {
        let place = Place::new();
        let words = place.words_every(SELDOM);
        let mut told = Told::new();
        let supervisor = words.supervise_on(Some(41307), RestartPolicy::Never, place.told_to_exit(&told));
        told.number().await;
        words.print(&format!(r#"{{"level":"info","message":"{says}","service":"rootHttpRouter"}}"#));
        place.write("go", "3");
        supervisor.end().await;
        assert_eq!(words.end().cause, cause, "{says}");
    }
}

#[tokio::test]
async fn what_a_backend_prints_that_was_ready_is_no_start_that_has_failed() {
    for was_ready in [true, false] {
        let place = Place::new();
        let words = place.words_every(SELDOM);
        let mut told = Told::new();
        let supervisor = words.supervise(RestartPolicy::Never, place.told_to_exit(&told));
        told.number().await;
        words.print(&started("'x'"));
        if was_ready {
            words.words.was_ready();
        }
        words.print(&line("Plugin 'x' threw an error during startup. boom"));
        place.write("go", "3");
        supervisor.end().await;
        let cause = if was_ready { Cause::Exit } else { Cause::StartFailed };
        assert_eq!(words.end().cause, cause);
    }
}

#[tokio::test]
async fn each_child_has_a_start_of_its_own() {
    let place = Place::new();
    let words = place.words();
    words.print(&started("'a'"));
    assert_eq!(words.words.tail().boot(str::to_owned).unwrap().steps().len(), 1);
    let before = std::time::SystemTime::now();
    words.supervise(RestartPolicy::Never, command(&["true"])).end().await;
    let boot = words.words.tail().boot(str::to_owned).unwrap();
    assert!(boot.steps().is_empty() && boot.began_at >= before, "{boot:?}");
}
