//! What a restart knows of checks.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use greenroom_config::RootConfig;
use greenroom_core::service;
use greenroom_data_dir::DataDirectory;
use greenroom_health::{Check, Outcome};
use serde_json::Value;
use tokio::time::sleep;

use crate::{Up, backend};

const SECRET: &str = "mail: {password: hunter2hunter2}";

/// A backend whose check `db.server` says this, with files of its own there.
async fn says(said: Check, dir: &Path) -> Up {
    let (backend, lines) = backend(RootConfig::from_yaml(SECRET).unwrap());
    let data = DataDirectory::at(dir);
    let backend = backend.add(service(async move || Ok(data)));
    let up = Up::started(backend, lines, move |checks| {
        let said = said.clone();
        checks.check("server", async move || said);
    })
    .await;
    up.registry.settled().await;
    up
}

#[tokio::test]
async fn health_13_a_history_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = says(Check::fail("hunter2hunter2 was refused"), dir.path()).await;
    let before = first.registry.states().remove(0);
    first.running.stop().await;
    let file = dir.path().join("health.json");
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(text.contains("*** was refused") && !text.contains("hunter2"), "{text}");

    let second = says(Check::fail("still away"), dir.path()).await;
    let after = second.registry.states().remove(0);
    let millis = |at: std::time::SystemTime| at.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert_eq!(after.last.map(|last| millis(last.since)), before.last.map(|last| millis(last.since)));
    assert_eq!((after.history.flips, after.history.changes.len()), (0, 1));
    assert!(second.told().iter().any(|line| line.contains("Health check failed")), "each log tells it");
    second.running.stop().await;

    let third = says(Check::pass(), dir.path()).await;
    let history = third.registry.states().remove(0).history;
    assert_eq!((history.flips, history.changes.len()), (1, 2));
    let was = &history.changes[0];
    assert!(was.outcome == Outcome::Fail && was.lasted.is_some(), "{was:?}");
    let told: Vec<Value> = third.lines.json();
    let recovered = told.iter().find(|line| line["message"] == "Health check passes again").unwrap();
    assert!(recovered["durationMs"].is_u64(), "{recovered}");
    third.running.stop().await;
}

#[tokio::test]
async fn health_12_time_between_two_starts_is_not_counted() {
    let dir = tempfile::tempdir().unwrap();
    let change = |outcome: &str, lasted: Option<u64>| serde_json::json!({"at": 1000, "outcome": outcome, "reason": null, "lastedMs": lasted});
    let changes = [change("pass", Some(9)), change("warn", Some(4000)), change("fail", None)];
    let of_server = serde_json::json!({"lastSuccess": 1000, "lastFailure": 1000, "flips": 2, "seenMs": 3000, "changes": changes});
    let file = dir.path().join("health.json");
    fs::write(&file, serde_json::json!({"version": 1, "checks": {"db.server": of_server}}).to_string())
        .unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let up = says(Check::pass(), dir.path()).await;
    let told: Vec<Value> = up.lines.json();
    let recovered = told.iter().find(|line| line["message"] == "Health check passes again").unwrap();
    assert_eq!(recovered["durationMs"], 7000, "{recovered}");
    assert_eq!(up.registry.states().remove(0).history.changes[2].lasted, Some(Duration::from_secs(3)));
    up.running.stop().await;
}

#[tokio::test]
async fn checks_that_always_pass_leave_no_file() {
    let dir = tempfile::tempdir().unwrap();
    says(Check::pass(), dir.path()).await.running.stop().await;
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn health_13_a_file_that_is_broken_is_told_and_left_as_it_is() {
    for broken in ["{", "{\"version\": 2, \"checks\": {}}", "{\"version\": 1, \"checks\": {\"a.b\": 7}}"] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("health.json");
        fs::write(&file, broken).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let up = says(Check::fail("gone"), dir.path()).await;
        let told = format!("The history of health checks in {} cannot be read", file.display());
        assert!(up.told().iter().any(|line| line.contains(&told)), "{:?}", up.told());
        up.running.stop().await;
        assert_eq!(fs::read_to_string(&file).unwrap(), broken);
    }
}

#[tokio::test]
async fn where_nothing_can_be_written_that_is_told_once_and_checks_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("no-directory");
    fs::write(&file, "").unwrap();
    let up = says(Check::fail("gone"), &file.join("data")).await;
    sleep(Duration::from_millis(1500)).await;
    let is_told = |line: &String| line.contains("The history of health checks cannot be");
    assert_eq!(up.told().iter().filter(|line| is_told(line)).count(), 1, "{:?}", up.told());
    assert_eq!(up.last("server"), Some(Check::fail("gone")));
    up.running.stop().await;
    let told: Vec<Value> = up.lines.json();
    let told = told.iter().filter_map(|line| line["message"].as_str().map(str::to_owned));
    assert_eq!(told.filter(is_told).count(), 1, "the write at the stop is the same news");
}

#[tokio::test]
async fn health_13_who_was_heard_of_lately_is_remembered_and_no_number_is_too_large() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("health.json");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let (now, month) = (u64::try_from(now).unwrap(), 31 * 24 * 3_600_000);
    let check = |at: u64, failed: u64| {
        let change = serde_json::json!({"at": at, "outcome": "fail", "reason": "gone", "lastedMs": null});
        serde_json::json!({"lastSuccess": null, "lastFailure": failed, "flips": u64::MAX, "changes": [change]})
    };
    let checks = serde_json::json!({
        "db.server": check(now - month, now - month),
        "long.failing": check(now - month, now - 1000),
        "long.gone": check(now - month, now - month),
        "of.the_future": check(now + month, now + month),
    });
    fs::write(&file, serde_json::json!({"version": 1, "checks": checks}).to_string()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let up = says(Check::pass(), dir.path()).await;
    assert_eq!(up.registry.states().remove(0).history.flips, u64::MAX);
    up.running.stop().await;
    let kept: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let kept: Vec<_> = kept["checks"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(kept, ["db.server", "long.failing"]);
}
