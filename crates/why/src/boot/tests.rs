//! A start on a screen.

use serde_json::json;

use super::*;

fn boot(catalog: f64) -> Boot {
    serde_json::from_value(json!({
        "backend": "greenroom", "beganAt": "2026-12-01T10:00:00.000Z", "outcome": "success", "tookMs": catalog + 40.0,
        "criticalPath": [{"step": 0, "kind": "start", "name": "start", "heldMs": 10.0}, {"step": 1, "kind": "plugin", "name": "catalog", "heldMs": catalog}],
        "steps": {"items": [
            {"step": 0, "kind": "start", "name": "start", "waitedFor": [1, 2], "beganMs": 0.0, "endedMs": catalog + 40.0},
            {"step": 1, "kind": "plugin", "name": "catalog", "waitedFor": [3], "beganMs": 10.0, "calledMs": 30.0, "endedMs": catalog + 30.0},
            {"step": 2, "kind": "plugin", "name": "app", "waitedFor": [], "beganMs": 10.0, "calledMs": 10.0, "endedMs": 10.2},
            {"step": 3, "kind": "service", "name": "core.database", "waitedFor": [], "beganMs": 10.0, "calledMs": 10.0, "endedMs": 30.0},
        ], "nextCursor": null},
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
    failed.outcome = Some("failure".to_owned());
    let causes = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
    failed.failures = vec![
        Failed { owner: Some("plugin 'app'".to_owned()), causes: causes(&["no bundle"]), permitted: true },
        Failed {
            owner: Some("plugin 'catalog'".to_owned()),
            causes: causes(&["connect ECONNREFUSED 127.0.0.1:5432", "Failed to connect to the database"]),
            permitted: false,
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
    let found = failed.finding();
    assert_eq!(found.cause, "databaseDown");
    assert!(found.what.contains("because of plugin 'catalog'"), "{}", found.what);
}

#[test]
fn a_tree_is_one_screen_however_many_steps_there_are_and_whoever_waits_for_whom() {
    let mut many = boot(100.0);
    let step = |number: usize| Step {
        step: number,
        kind: "service".to_owned(),
        name: format!("s{number}"),
        waited_for: vec![(number + 1) % 500, 0],
        began_ms: Some(0.0),
        ended_ms: Some(90.0),
        ..Step::default()
    };
    many.steps = (0..500).map(step).collect();
    let text = Boots(vec![many]).text(now());
    assert!(text.lines().count() < 60 && text.contains("shorter steps are left out"), "{text}");
}

#[test]
fn starts_that_are_kept_come_back_the_newest_first_and_a_foreign_line_is_passed_over() {
    let dir = std::env::temp_dir().join(format!("greenroom-why-{}", std::process::id()));
    let lines = RecentLines::at(&dir.join(RecentLines::BOOTS));
    for line in [
        serde_json::to_string(&boot(300.0)).unwrap(),
        "rubbish".to_owned(),
        serde_json::to_string(&boot(500.0)).unwrap(),
    ] {
        lines.push(&line).unwrap();
    }
    let boots = Boots::in_dir(&dir);
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(boots, Boots(vec![boot(500.0), boot(300.0)]));
}
