//! `greenroom.run`.

use std::time::Duration;

use greenroom_config::RootConfig;
use greenroom_wrap::{CONFIG_SCHEMA, RestartPolicy, RunLog, RunSettings};

fn read(yaml: &str) -> Result<RunSettings, String> {
    let config = RootConfig::from_yaml(yaml).unwrap();
    RunSettings::from_config(&config).map_err(|error| error.message().to_owned())
}

#[test]
fn the_defaults_leave_kubernetes_thirty_seconds_room() {
    let settings = read("{}").unwrap();
    assert_eq!(settings, RunSettings::default());
    assert_eq!((settings.grace, settings.restart), (Duration::from_secs(25), RestartPolicy::Never));
    assert_eq!(settings.termination_log.to_str(), Some("/dev/termination-log"));
}

#[test]
fn durations_are_written_as_in_backstage() {
    for (grace, millis) in [("1m", 60_000), ("{milliseconds: 500}", 500)] {
        let settings = read(&format!("greenroom: {{run: {{grace: {grace}, restart: on-failure}}}}")).unwrap();
        assert_eq!(settings.grace, Duration::from_millis(millis));
        assert_eq!(settings.restart, RestartPolicy::OnFailure);
    }
}

#[test]
fn a_policy_that_is_none_is_refused() {
    let error = read("greenroom: {run: {restart: always}}").unwrap_err();
    assert!(
        error.contains("'always' is neither 'never' nor 'on-failure' at greenroom.run.restart"),
        "{error}"
    );
}

#[test]
fn what_is_printed_becomes_records_unless_it_is_to_be_passed_on() {
    for (yaml, expected) in [
        ("{}", Ok(RunLog::Records)),
        ("greenroom: {run: {log: records}}", Ok(RunLog::Records)),
        ("greenroom: {run: {log: pass}}", Ok(RunLog::Pass)),
    ] {
        assert_eq!(read(yaml).map(|settings| settings.log), expected, "{yaml}");
    }
    let error = read("greenroom: {run: {log: none}}").unwrap_err();
    assert!(error.contains("'none' is neither 'records' nor 'pass' at greenroom.run.log"), "{error}");
}

/// What else it may be, the backend's own reader tells.
#[test]
fn a_child_whose_start_failed_is_kept_where_a_backend_would_serve_on() {
    for (on_failure, keeps) in [("serve", true), ("exit", false), ("other", false), ("7", false)] {
        let read = read(&format!("greenroom: {{startup: {{onFailure: {on_failure}}}}}"));
        assert_eq!(read.map(|settings| settings.keeps_failed), Ok(keeps), "{on_failure}");
    }
    assert!(!read("{}").unwrap().keeps_failed);
}

#[test]
fn the_schema_knows_every_key() {
    let schema: serde_json::Value = serde_json::from_str(CONFIG_SCHEMA).unwrap();
    let keys = schema.pointer("/properties/greenroom/properties/run/properties").unwrap();
    let keys: Vec<_> = keys.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["grace", "restart", "log", "terminationLog"]);
}
