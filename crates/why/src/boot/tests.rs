//! A start on a screen.

use greenroom_boot_document::{Failed, Step};
use serde_json::json;

use super::*;

fn boot(catalog: f64) -> BootDocument {
    serde_json::from_value(json!({
        "backend": "greenroom", "beganAt": "2026-12-01T10:00:00.000Z", "outcome": "success", "tookMs": catalog + 40.0,
        "criticalPath": [{"step": 0, "kind": "start", "name": "start", "heldMs": 10.0}, {"step": 1, "kind": "plugin", "name": "catalog", "heldMs": catalog}],
        "steps": [
            {"step": 0, "kind": "start", "name": "start", "waitedFor": [1, 2], "beganMs": 0.0, "endedMs": catalog + 40.0},
            {"step": 1, "kind": "plugin", "name": "catalog", "waitedFor": [3], "beganMs": 10.0, "calledMs": 30.0, "endedMs": catalog + 30.0},
            {"step": 2, "kind": "plugin", "name": "app", "waitedFor": [], "beganMs": 10.0, "calledMs": 10.0, "endedMs": 10.2},
            {"step": 3, "kind": "service", "name": "core.database", "waitedFor": [], "beganMs": 10.0, "calledMs": 10.0, "endedMs": 30.0},
        ],
    }))
    .unwrap()
}

fn now() -> Timestamp {
    "2026-12-01T10:00:30Z".parse().unwrap()
}

#[test]
fn a_start_is_a_tree_with_what_held_it_and_what_took_longer_than_before() {
    let text = Boots(vec![boot(1500.0), boot(300.0)]).text(now());
    let told = "\
Greenroom started in 1.54 s, at 10:00:00 UTC (30 s ago).
What held it: plugin 'catalog' 1.50 s.

       at      took
     0 ms    1.54 s * start
    10 ms    1.52 s *   plugin 'catalog', waited 20 ms
    10 ms     20 ms       service 'core.database'
                      1 shorter steps are left out
* held the start: nothing else would have made it shorter

Slower than the start before by 1.20 s: plugin 'catalog' +1.20 s.
";
    assert_eq!(text, told);
}

#[test]
fn a_start_that_failed_names_the_innermost_cause_first_and_what_else_was_wrong() {
    let mut failed = boot(300.0);
    failed.outcome = Some(Outcome::Failure);
    let of = |plugin: &str| Failed { plugin: Some(plugin.to_owned()), ..Failed::default() };
    let causes = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
    failed.failures = vec![
        Failed { causes: causes(&["no bundle"]), permitted: true, ..of("app") },
        Failed {
            causes: causes(&["connect ECONNREFUSED 127.0.0.1:5432", "Failed to connect to the database"]),
            ..of("catalog")
        },
    ];
    let boots = Boots(vec![failed.clone()]);
    let text = boots.text(now());
    let begins = "\
Greenroom's start FAILED after 340 ms, at 10:00:00 UTC (30 s ago).
  plugin 'catalog': connect ECONNREFUSED 127.0.0.1:5432
    in: Failed to connect to the database
  Also wrong:
    plugin 'app': no bundle (its config permits that)
";
    assert!(text.starts_with(begins), "{text}");
    assert_eq!(boots.exit_code(), 1);
    let found = wrong(&failed).unwrap();
    assert_eq!(found.cause, "databaseDown");
    assert!(found.what.contains("because of plugin 'catalog'"), "{}", found.what);
}

#[test]
fn a_tree_is_one_screen_however_many_steps_there_are_and_whoever_waits_for_whom() {
    // Each waits for the next one, and the last for the first.
    for count in [500, 30_000] {
        let step = |number: usize| Step {
            step: number,
            kind: "service".to_owned(),
            name: format!("s{number}"),
            waited_for: vec![(number + 1) % count, 0],
            began_ms: Some(0.0),
            ended_ms: Some(90.0),
            ..Step::default()
        };
        let many = BootDocument { steps: (0..count).map(step).collect(), ..boot(100.0) };
        let text = Boots(vec![many]).text(now());
        assert!(text.lines().count() < 60 && text.contains("shorter steps are left out"), "{text}");
    }
}

#[test]
fn steps_that_share_a_number_are_a_tree_however_often_each_has_waited_for_it() {
    let step = |_| Step {
        kind: "service".to_owned(),
        waited_for: vec![0; 900],
        began_ms: Some(0.0),
        ended_ms: Some(90.0),
        ..Step::default()
    };
    let same = BootDocument { steps: (0..1000).map(step).collect(), ..boot(100.0) };
    let text = Boots(vec![same]).text(now());
    assert!(text.lines().count() < 60 && text.contains("960 shorter steps are left out"), "{text}");
}

#[test]
fn what_no_start_can_take_is_no_time() {
    for ms in [1e308, -1e308, f64::INFINITY, f64::NAN, 1e12] {
        let mut told = boot(300.0);
        told.took_ms = Some(ms);
        told.critical_path[1].held_ms = ms;
        (told.steps[1].began_ms, told.steps[1].called_ms, told.steps[1].ended_ms) =
            (Some(-ms), Some(ms), Some(ms));
        let text = Boots(vec![told.clone(), boot(1500.0)]).text(now());
        assert!(text.lines().all(|line| line.len() < 100) && !text.contains("inf"), "{text}");
        assert!(text.starts_with("Greenroom started, at 10:00:00 UTC") && !text.contains("Slower"), "{text}");
        let probes = crate::Probes::of_log(&Log::default()).measured(&Boots(vec![told]), "it");
        assert!(!probes.is_measured());
    }
}

#[test]
fn what_a_terminal_would_take_for_something_else_is_escaped_in_json_too() {
    let name = "\u{202e}golatac\u{9b}2J";
    let mut told = boot(300.0);
    told.steps[1].name = name.to_owned();
    let json = Boots(vec![told]).json();
    assert!(!json.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{json}");
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["boots"][0]["steps"][1]["name"], name);
}

#[test]
fn how_much_sooner_a_start_has_failed_is_no_difference() {
    let failed = BootDocument { outcome: Some(Outcome::Failure), ..boot(100.0) };
    let text = Boots(vec![failed, boot(1500.0)]).text(now());
    assert!(text.contains("FAILED") && !text.contains("than the start before"), "{text}");
}

#[test]
fn starts_that_are_kept_come_back_the_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let kept = KeptBoots::in_dir(dir.path());
    for boot in [boot(300.0), boot(500.0)] {
        kept.push(boot).unwrap();
    }
    assert_eq!(Boots::in_dir(dir.path()), Boots(vec![boot(500.0), boot(300.0)]));
}

/// What eleven plugins print that have no database, each with a long wrapping around one cause.
fn without_a_database() -> String {
    let plugins = [
        "app",
        "auth",
        "catalog",
        "events",
        "kubernetes",
        "notifications",
        "permission",
        "proxy",
        "search",
        "signals",
        "techdocs",
    ];
    let line = |second: usize, level: &str, message: &str| {
        format!(
            "{{\"level\":\"{level}\",\"message\":\"{message}\",\"service\":\"backstage\",\"timestamp\":\"2026-12-01T10:00:{second:02}.000Z\"}}\n"
        )
    };
    let began = line(1, "info", &format!("Plugin initialization started: '{}'", plugins.join("', '")));
    let failed = plugins.iter().enumerate().map(|(place, plugin)| {
        let why = format!(
            "Failed to instantiate service 'core.httpRouter' for '{plugin}' because the factory function threw an error, Error: Failed to \
             instantiate service 'core.database' for '{plugin}' because the factory function threw an error, Error: Failed to connect to \
             the database to make sure that 'backstage_plugin_{plugin}' exists, Error: connect ECONNREFUSED 127.0.0.1:1"
        );
        line(2, "error", &format!("Plugin '{plugin}' threw an error during startup, waiting for {} other plugins to finish before shutting down the process. {why}", 10 - place))
    });
    ["Loading config from MergedConfigSource{FileConfigSource{}}\n".to_owned(), began]
        .into_iter()
        .chain(failed)
        .collect()
}

#[test]
fn one_cause_of_many_failures_is_told_once_and_uncut_wherever_a_start_is_told() {
    let log = Log::read(without_a_database().as_bytes(), |_| true).unwrap();
    let told = "The Node backend's start has failed because of 11 plugins ('app', 'auth', 'catalog', 'events', 'kubernetes' and 6 more): \
                connect ECONNREFUSED 127.0.0.1:1";
    let by_log = log.wrong().remove(0);
    assert_eq!((&*by_log.what, by_log.cause), (told, "databaseDown"));
    assert_eq!(by_log.since, "2026-12-01T10:00:02Z".parse().ok());
    // As it is kept, and as a running Greenroom tells it.
    let document = log.document().unwrap();
    let dir = tempfile::tempdir().unwrap();
    KeptBoots::in_dir(dir.path()).push(document.clone()).unwrap();
    let kept = Boots::in_dir(dir.path());
    assert_eq!(wrong(kept.newest().unwrap()), Some(by_log.clone()));
    assert_eq!(fetch::node(&json!({ "boot": document })).and_then(|boot| wrong(&boot)), Some(by_log));
    let text = kept.text(now());
    let line = "  11 plugins, 'app', 'auth', 'catalog', 'events', 'kubernetes', 'notifications', 'permission', 'proxy', 'search', 'signals', \
                'techdocs': connect ECONNREFUSED 127.0.0.1:1\n    in: Failed to instantiate";
    assert!(text.contains(line) && !text.contains("Also wrong"), "{text}");
}
