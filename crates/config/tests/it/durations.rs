use std::time::Duration;

use greenroom_config::RootConfig;
use serde_json::json;

fn read(value: serde_json::Value) -> Result<Duration, String> {
    let config = RootConfig::from_json(json!({"a": {"d": value}})).unwrap();
    config.config("a").unwrap().duration("d").map_err(|error| format!("{}: {error}", error.name()))
}

#[test]
fn config_27_durations() {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    for (value, seconds) in [
        (json!("P2DT6H"), 2 * DAY + 6 * HOUR),
        (json!("PT1M"), MINUTE),
        (json!("P1Y2M"), 425 * DAY),
        (json!("90s"), 90),
        (json!(" 2 days "), 2 * DAY),
        (json!("1.5h"), 90 * MINUTE),
        (json!("2000"), 0),
        (json!("1y"), 365 * DAY),
        (json!("1 week"), 7 * DAY),
        (json!("5000.0"), 5),
        (json!({"minutes": "5"}), 5 * MINUTE),
        (json!({"hours": 1, "seconds": 5}), HOUR + 5),
        (json!({"years": 1, "months": 1}), 395 * DAY),
    ] {
        if value == "2000" {
            assert!(read(value).is_err());
        } else {
            assert_eq!(read(value.clone()), Ok(Duration::from_secs(seconds)), "{value}");
        }
    }
    assert_eq!(read(json!("250ms")), Ok(Duration::from_millis(250)));
    assert_eq!(read(json!("PT0.5S")), Ok(Duration::from_millis(500)));
}

#[test]
fn config_27_errors() {
    let all: Vec<String> = [
        json!("5"),
        json!("-1s"),
        json!("soon"),
        json!("P"),
        json!("PX"),
        json!("P1H"),
        json!("PT1,5M"),
        json!({}),
        json!({"days": 1, "fortnights": 2}),
        json!({"days": "x"}),
        json!(5),
        json!("1e30 years"),
        json!("99999999999999999999999999y"),
    ]
    .map(|value| read(value).unwrap_err())
    .into();
    insta::assert_snapshot!(all.join("\n"), @r"
    InputError: Invalid duration '5' in config at 'd', Error: The value cannot be a plain number; try adding a unit like 'ms' or 'seconds' (mock-config)
    InputError: Invalid duration '-1s' in config at 'd', Error: Negative durations are not allowed (mock-config)
    InputError: Invalid duration 'soon' in config at 'd', Error: Not a valid duration string, try a number followed by a unit such as '1d' or '2 seconds' (mock-config)
    InputError: Invalid duration 'P' in config at 'd', Error: Invalid ISO format, no values given (mock-config)
    InputError: Invalid duration 'PX' in config at 'd', Error: Invalid ISO format, expected a value similar to 'P2DT6H' (2 days 6 hours) or 'PT1M' (1 minute) (mock-config)
    InputError: Invalid duration 'P1H' in config at 'd', Error: Invalid ISO format, expected a value similar to 'P2DT6H' (2 days 6 hours) or 'PT1M' (1 minute) (mock-config)
    InputError: Invalid duration 'PT1,5M' in config at 'd', Error: Invalid ISO format, expected a value similar to 'P2DT6H' (2 days 6 hours) or 'PT1M' (1 minute) (mock-config)
    Error: Failed to read duration from config at 'd', Error: Needs one or more of 'years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds', 'milliseconds' (mock-config)
    Error: Failed to read duration from config at 'd', Error: Unknown property 'fortnights'; expected one or more of 'years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds', 'milliseconds' (mock-config)
    InputError: Failed to read duration from config, Error: Unable to convert config value for key 'a.d.days' in 'mock-config' to a number (mock-config)
    InputError: Failed to read duration from config, TypeError: Invalid type in config for key 'a.d' in 'mock-config', got number, wanted object (mock-config)
    InputError: Invalid duration '1e30 years' in config at 'd', Error: Not a valid duration string, try a number followed by a unit such as '1d' or '2 seconds' (mock-config)
    InputError: Invalid duration '99999999999999999999999999y' in config at 'd', Error: The duration is too long (mock-config)
    ");
}

#[test]
fn missing_durations() {
    let config = RootConfig::from_json(json!({"n": null})).unwrap();
    assert_eq!(config.optional_duration("d").unwrap(), None);
    assert_eq!(config.optional_duration("n").unwrap(), None);
    assert_eq!(
        config.duration("d").unwrap_err().message(),
        "Missing required config value at 'd' in 'mock-config'"
    );
}
