//! What the lines of a start tell together.

use std::time::{Duration, Instant, SystemTime};

use greenroom_node_log::{
    Reader, Record, Stream,
    facts::{BootStep, NodeBoot, Outcome, StepState},
};
use proptest::prelude::*;

use crate::{recorded::recorded, support::records};

/// Milliseconds after the start of the process.
fn at(ms: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(ms)
}

/// What a start says, with the moment of each line.
fn boot_of(lines: &[(u64, &str)]) -> NodeBoot {
    let mut boot = NodeBoot::new(at(0));
    lines.iter().for_each(|(ms, message)| say(&mut boot, *ms, "", message));
    boot
}

/// A line of the framework's logger, or of a plugin's.
fn say(boot: &mut NodeBoot, ms: u64, plugin: &str, message: &str) {
    let plugin = if plugin.is_empty() { String::new() } else { format!(r#","plugin":"{plugin}""#) };
    let line = format!(r#"{{"level":"info","message":"{message}","service":"backstage"{plugin}}}"#);
    note(boot, ms, line.as_bytes());
}

fn note(boot: &mut NodeBoot, ms: u64, bytes: &[u8]) {
    records(Stream::Stdout, bytes).iter().for_each(|record| boot.note(record, || at(ms)));
}

/// Those of a recording: each record a second after the one before.
fn recorded_boot(name: &str) -> NodeBoot {
    let mut boot = NodeBoot::new(at(0));
    for (second, record) in (1..).zip(records(Stream::Stdout, recorded(name))) {
        boot.note(&record, || at(second * 1000));
    }
    boot
}

fn step<'b>(boot: &'b NodeBoot, plugin: &str) -> &'b BootStep {
    boot.steps().iter().find(|step| step.plugin == plugin && step.module.is_none()).expect(plugin)
}

fn took(boot: &NodeBoot, plugin: &str) -> Option<[u64; 2]> {
    let (least, most) = step(boot, plugin).took()?;
    Some([least, most].map(|time| u64::try_from(time.as_millis()).unwrap()))
}

fn states(boot: &NodeBoot) -> Vec<(&str, &'static str)> {
    boot.steps().iter().map(|step| (&*step.plugin, step.state.as_str())).collect()
}

#[test]
fn both_versions_tell_a_failed_start_plugin_by_plugin() {
    for name in ["failed-start-0.18.log", "failed-start-0.19.log"] {
        let boot = recorded_boot(name);
        assert_eq!(states(&boot), [("slow", "ready"), ("tasks", "ready"), ("thrower", "failed")], "{name}");
        assert_eq!(step(&boot, "thrower").error.as_ref().map(|error| &*error.text), Some("init boom"));
        let failure = "Plugin 'thrower' threw an error during startup, waiting for 2 other plugins to finish before shutting \
                       down the process. init boom";
        assert!(matches!(boot.outcome(), Outcome::Failed(line) if line.text == failure), "{boot:?}");
        assert_eq!((boot.config_at, boot.listening), (Some(at(1000)), Some((at(3000), 17041))));
        assert_eq!((boot.plugins_at, boot.ended_at), (Some(at(4000)), Some(at(12_000))));
        // It is named behind the one that failed, of which the moment is known; the other one only in the last line.
        assert_eq!(took(&boot, "thrower"), Some([4000, 4000]), "{name}");
        assert_eq!(took(&boot, "tasks"), Some([4000, 5000]), "{name}");
        assert_eq!(took(&boot, "slow"), Some([6000, 8000]), "{name}");
    }
}

#[test]
fn a_module_that_may_fail_is_a_step_of_its_own_and_the_start_goes_well() {
    for name in ["permitted-0.18.log", "permitted-0.19.log"] {
        let boot = recorded_boot(name);
        assert_eq!(boot.failure, None, "{name}");
        let [tasks, module] = boot.steps() else { panic!("{name}: {:?}", boot.steps()) };
        assert_eq!((tasks.state, module.state), (StepState::Ready, StepState::FailedPermitted));
        assert_eq!((&*module.plugin, module.module.as_deref()), ("tasks", Some("badmod")));
        assert_eq!((module.since, module.began_at), (at(6000), None));
        assert_eq!(module.error.as_ref().map(|error| &*error.text), Some("module boom"));
    }
}

#[test]
fn development_lines_tell_the_same() {
    for name in ["development-0.18.log", "development-0.19.log"] {
        let boot = recorded_boot(name);
        let wanted = ["errs", "healthcheck", "hooks", "tasks"].map(|id| (id, "ready"));
        assert_eq!(states(&boot), wanted, "{name}");
        assert!(boot.took().is_some() && boot.listening.is_some_and(|(_, port)| port == 17041), "{name}");
    }
}

#[test]
fn a_plugin_waits_until_it_prints_something_or_is_named_again() {
    let mut boot = boot_of(&[(100, "Plugin initialization started: 'a', 'b', 'c'")]);
    assert_eq!(states(&boot), [("a", "waiting"), ("b", "waiting"), ("c", "waiting")]);
    say(&mut boot, 300, "b", "reading templates");
    assert_eq!(states(&boot), [("a", "waiting"), ("b", "initializing"), ("c", "waiting")]);
    say(
        &mut boot,
        1100,
        "",
        "Plugin initialization in progress, newly initialized: 'c', still initializing: 'a', 'b'",
    );
    assert_eq!(states(&boot), [("a", "initializing"), ("b", "initializing"), ("c", "ready")]);
    assert_eq!((took(&boot, "c"), took(&boot, "a")), (Some([0, 1000]), None));
    assert_eq!((step(&boot, "a").since, step(&boot, "b").since), (at(1100), at(300)));
    say(&mut boot, 2100, "", "Plugin initialization complete, newly initialized: 'b', 'a'");
    assert_eq!((took(&boot, "a"), boot.took()), (Some([1000, 2000]), Some(Duration::from_millis(2100))));
    let place = |id| step(&boot, id).place;
    assert_eq!([place("c"), place("b"), place("a")], [Some(0), Some(1), Some(2)]);
}

#[test]
fn who_is_named_before_one_that_failed_ended_before_it() {
    let boot = boot_of(&[
        (0, "Plugin initialization started: 'a', 'b', 'c'"),
        (
            400,
            "Plugin 'b' threw an error during startup, but boot failure is permitted for this plugin so startup will continue. why",
        ),
        (1000, "Plugin initialization in progress, newly initialized: 'a', 'b', 'c'"),
    ]);
    assert_eq!(
        [took(&boot, "a"), took(&boot, "b"), took(&boot, "c")],
        [Some([0, 400]), Some([400, 400]), Some([400, 1000])]
    );
}

#[test]
fn what_node_names_to_the_end_is_no_plugin_and_keeps_no_start_open() {
    let mut boot = boot_of(&[
        (0, "Plugin initialization started: 'a', 'ghost'"),
        (50, "Plugin initialization complete, newly initialized: 'a', still initializing: 'ghost'"),
    ]);
    assert_eq!(states(&boot), [("a", "ready"), ("ghost", "orphan")]);
    assert_eq!((boot.pending().count(), boot.outcome()), (0, Outcome::Started(at(50))));
    say(&mut boot, 90, "", "Unhandled rejection of a request");
    say(&mut boot, 95, "", "Plugin 'a' reported failure for module 'm' after startup why");
    assert_eq!((boot.rejection, boot.failure), (None, None), "the start is over");
}

#[test]
fn a_line_that_was_lost_leaves_a_wider_bound_and_nobody_behind() {
    let boot = boot_of(&[
        (0, "Plugin initialization started: 'a', 'b'"),
        (4000, "Plugin initialization complete, newly initialized: 'b'"),
    ]);
    assert_eq!((took(&boot, "a"), took(&boot, "b")), (Some([0, 4000]), Some([0, 4000])));
}

#[test]
fn without_the_line_of_the_beginning_no_duration_is_told() {
    let boot = boot_of(&[(700, "Plugin 'a' threw an error during startup. why")]);
    assert_eq!(
        (step(&boot, "a").began_at, step(&boot, "a").took(), step(&boot, "a").since),
        (None, None, at(700))
    );
}

#[test]
fn a_start_that_a_watcher_has_begun_again_is_another_one() {
    let mut boot = boot_of(&[
        (0, "Plugin initialization started: 'a', 'gone'"),
        (
            100,
            "Plugin 'a' threw an error during startup, waiting for 1 other plugins to finish before shutting down the process. why",
        ),
    ]);
    note(&mut boot, 150, b"Loading config from the attic\n");
    assert!(boot.failure.is_some(), "somebody else says that");
    note(&mut boot, 200, b"Loading config from MergedConfigSource{EnvConfigSource{count=0}}\n");
    assert_eq!((boot.began_at, &boot.failure, boot.steps().len()), (at(200), &None, 0));
    say(&mut boot, 300, "", "Plugin initialization started: 'a'");
    assert_eq!(states(&boot), [("a", "waiting")]);
}

#[test]
fn what_a_plugin_says_of_a_start_is_not_the_frameworks_word() {
    let mut boot = boot_of(&[(0, "Plugin initialization started: 'a'")]);
    for message in [
        "Plugin initialization complete",
        "Plugin 'a' threw an error during startup. why",
        "Unhandled rejection of mine",
    ] {
        say(&mut boot, 10, "evil", message);
    }
    assert_eq!((states(&boot), &boot.failure, &boot.rejection), (vec![("a", "waiting")], &None, &None));
}

#[test]
fn once_a_start_has_gone_well_no_words_make_it_a_failed_one() {
    let text = "Unhandled rejection Backend startup failed due to the following errors:";
    let mut boot = boot_of(&[
        (1, "Plugin initialization started: 'catalog'"),
        (2, "Plugin initialization complete, newly initialized: 'catalog'"),
    ]);
    say(&mut boot, 3, "", text);
    note(&mut boot, 4, b"Error: Backend startup failed due to the following errors:\n    at f (/a.js:1:1)\n");
    say(&mut boot, 5, "", "Plugin 'catalog' reported failure for module 'x' after startup. boom");
    assert_eq!((&boot.failure, &boot.rejection), (&None, &None));
    let mut boot = boot_of(&[(1, "Plugin initialization started: 'catalog'")]);
    say(&mut boot, 3, "", text);
    assert!(boot.failure.is_some());
}

#[test]
fn texts_are_shown_as_who_masks_them_says() {
    let boot = boot_of(&[
        (0, "Plugin 'a' threw an error during startup. the key is hunter2"),
        (1, "Unhandled rejection hunter2"),
    ]);
    let masked = boot.masked(|excerpt| excerpt.text.replace("hunter2", "***"));
    assert!(!format!("{masked:?}").contains("hunter2"), "{masked:?}");
    assert_eq!(step(&masked, "a").error.as_ref().map(|error| &*error.text), Some("the key is ***"));
}

#[test]
fn however_much_is_printed_no_more_is_kept_than_may_be() {
    let ids: Vec<_> = (0..5000).map(|id| format!("'p{id:04}{}'", "é".repeat(100))).collect();
    let mut boot = boot_of(&[(0, &format!("Plugin initialization started: {}", ids.join(", ")))]);
    say(
        &mut boot,
        1,
        "",
        &format!("Plugin initialization in progress, still initializing: {}", ids.join(", ")),
    );
    assert_eq!((boot.steps().len(), boot.left_out()), (200, 4800));
    assert!(boot.steps().iter().all(|step| step.plugin.len() <= 128));
    for module in 0..300 {
        let message =
            format!("Module m{module} in Plugin 'p' threw an error during startup. {}", "x".repeat(50_000));
        say(&mut boot, 2, "", &message);
    }
    assert_eq!((boot.steps().len(), boot.left_out()), (400, 4900));
    let error = boot.steps()[399].error.as_ref().unwrap();
    assert_eq!((error.text.len(), error.is_cut), (16 * 1024, true));
}

proptest! {
    #[test]
    fn whatever_the_order_of_lines_bounds_stay_bounds(lines in prop::collection::vec((0..7_usize, 0..3_usize, 0..5000_u64), 0..30)) {
        let mut boot = NodeBoot::new(at(1000));
        let mut reader = Reader::new(Stream::Stdout);
        for (what, id, ms) in lines {
            let id = ["a", "b", "c"][id];
            let message = match what {
                0 => "Plugin initialization started: 'a', 'b'".to_owned(),
                1 => format!("Plugin initialization in progress, newly initialized: '{id}', 'b', still initializing: 'c'"),
                2 => format!("Plugin initialization complete, newly initialized: '{id}', '{id}'"),
                3 => format!("Plugin '{id}' threw an error during startup. why"),
                4 => format!("Module m in Plugin '{id}' threw an error during startup, but boot failure is permitted for this plugin module so startup will continue."),
                5 => "Unhandled rejection Backend startup failed due to the following errors:".to_owned(),
                _ => "Loading config from FileConfigSource{}".to_owned(),
            };
            let line = format!("{{\"level\":\"info\",\"message\":\"{message}\"}}\n");
            reader.push(line.as_bytes(), Instant::now(), &mut |record: Record<'_>| boot.note(&record, || at(ms)));
        }
        for step in boot.steps() {
            prop_assert_eq!(step.place.is_some(), matches!(step.state, StepState::Ready | StepState::Failed | StepState::FailedPermitted));
            if step.place.is_some() {
                prop_assert!(step.not_before <= step.since, "{:?}", step);
            }
            prop_assert!(step.took().is_none_or(|(least, most)| least <= most), "{:?}", step);
        }
        prop_assert!(boot.ended_at.is_none() || boot.pending().count() == 0);
    }
}
