//! Time spans in config, by Backstage's three spellings (contract: config-27).
//!
//! Must not know what a span is for: no limits, no defaults.

use std::time::Duration;

use crate::{Config, ConfigError, error::Result};

const MINUTE: f64 = 60_000.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;
const WEEK: f64 = 7.0 * DAY;
/// The unit of the string form. Whole ones are then counted with 365 days, as everywhere else.
const JULIAN_YEAR: f64 = 365.25 * DAY;
const YEAR: f64 = 365.0 * DAY;
const MONTH: f64 = 30.0 * DAY;

const UNITS: [(&str, f64); 8] = [
    ("years", YEAR),
    ("months", MONTH),
    ("weeks", WEEK),
    ("days", DAY),
    ("hours", HOUR),
    ("minutes", MINUTE),
    ("seconds", 1_000.0),
    ("milliseconds", 1.0),
];

pub(crate) fn read(config: &Config, key: &str) -> Result<Option<Duration>> {
    let millis = match config.optional_get(key)? {
        None => return Ok(None),
        Some(serde_json::Value::String(_)) => {
            let text = config.string(key)?;
            let text = text.trim();
            let parsed = if text.starts_with('P') { iso(text) } else { words(text) };
            parsed.and_then(to_duration).map_err(|reason| {
                let message = format!("Invalid duration '{text}' in config at '{key}', Error: {reason}");
                ConfigError::invalid(config, key, message)
                    .reworded("InputError", |error| error.message().to_owned())
            })
        }
        Some(_) => object(config, key),
    };
    millis.map(Some)
}

fn object(config: &Config, key: &str) -> Result<Duration> {
    let unreadable = |error: ConfigError| {
        error.reworded("InputError", |error| {
            format!("Failed to read duration from config, {}: {}", error.name(), error.message())
        })
    };
    let view = config.config(key).map_err(|error| {
        unreadable(error).with_help("write a number with its unit, such as `5s` or `500ms`")
    })?;
    let mut millis = None;
    for (unit, length) in UNITS {
        if let Some(count) = view.optional_number(unit).map_err(unreadable)? {
            *millis.get_or_insert(0.0) += count * length;
        }
    }
    let quoted = |names: &[&str]| names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let good = quoted(&UNITS.map(|(unit, _)| unit));
    let failed = |reason: String| {
        let message = format!("Failed to read duration from config at '{key}', Error: {reason}");
        ConfigError::invalid(config, key, message)
    };
    let Some(millis) = millis else { return Err(failed(format!("Needs one or more of {good}"))) };
    let keys = view.keys();
    let bad: Vec<&str> =
        keys.iter().map(String::as_str).filter(|key| !UNITS.iter().any(|(unit, _)| unit == key)).collect();
    if !bad.is_empty() {
        let what = if bad.len() == 1 { "property" } else { "properties" };
        return Err(failed(format!("Unknown {what} {}; expected one or more of {good}", quoted(&bad))));
    }
    to_duration(millis).map_err(|reason| failed(reason.to_owned()))
}

fn to_duration(millis: f64) -> Result<Duration, &'static str> {
    if millis < 0.0 {
        return Err("Negative durations are not allowed");
    }
    Duration::try_from_secs_f64(millis / 1_000.0).map_err(|_| "The duration is too long")
}

/// `1d`, `2 seconds`, `.5h`: what npm's `ms` takes, with a unit required.
fn words(text: &str) -> Result<f64, &'static str> {
    const NOT_ONE: &str =
        "Not a valid duration string, try a number followed by a unit such as '1d' or '2 seconds'";
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err("The value cannot be a plain number; try adding a unit like 'ms' or 'seconds'");
    }
    let numeric = |c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-'));
    let (number, unit) = text.split_at(text.find(numeric).unwrap_or(text.len()));
    let well_formed = text.len() <= 100
        && number.ends_with(|c: char| c.is_ascii_digit())
        && !number.strip_prefix('-').unwrap_or(number).contains('-');
    let number = greenroom_js::number::decimal(number).filter(|_| well_formed).ok_or(NOT_ONE)?;
    let unit = match unit.trim_start_matches(' ').to_ascii_lowercase().as_str() {
        "years" | "year" | "yrs" | "yr" | "y" => JULIAN_YEAR,
        "weeks" | "week" | "w" => WEEK,
        "days" | "day" | "d" => DAY,
        "hours" | "hour" | "hrs" | "hr" | "h" => HOUR,
        "minutes" | "minute" | "mins" | "min" | "m" => MINUTE,
        "seconds" | "second" | "secs" | "sec" | "s" => 1_000.0,
        "milliseconds" | "millisecond" | "msecs" | "msec" | "ms" => 1.0,
        // A fraction without a unit, such as "1.5", means milliseconds there.
        "" if unit.is_empty() => 1.0,
        _ => return Err(NOT_ONE),
    };
    let millis = number * unit;
    let years = (millis / JULIAN_YEAR).floor().max(0.0);
    Ok(millis - years * (JULIAN_YEAR - YEAR))
}

/// `P1Y2M3W4DT5H6M7.8S`.
fn iso(text: &str) -> Result<f64, &'static str> {
    const NOT_ONE: &str =
        "Invalid ISO format, expected a value similar to 'P2DT6H' (2 days 6 hours) or 'PT1M' (1 minute)";
    let body = text.strip_prefix('P').ok_or(NOT_ONE)?;
    let (date, time) = body.split_once('T').unwrap_or((body, ""));
    let date = fields(date, &[('Y', YEAR), ('M', MONTH), ('W', WEEK), ('D', DAY)]).ok_or(NOT_ONE)?;
    let time = fields(time, &[('H', HOUR), ('M', MINUTE), ('S', 1_000.0)]).ok_or(NOT_ONE)?;
    match (date, time) {
        (None, None) => Err("Invalid ISO format, no values given"),
        (date, time) => Ok(date.unwrap_or(0.0) + time.unwrap_or(0.0)),
    }
}

/// Numbers with units in the given order; `None` outside for what is malformed, inside for no field at all.
fn fields(mut text: &str, mut units: &[(char, f64)]) -> Option<Option<f64>> {
    let mut sum = None;
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_alphabetic())?;
        let unit = text[end..].chars().next()?;
        let index = units.iter().position(|(name, _)| *name == unit)?;
        let number = text[..end].replace(',', if unit == 'S' { "." } else { "," });
        let digits = number.strip_prefix('-').unwrap_or(&number);
        let shaped = digits
            .split('.')
            .all(|part| (1..=20).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
            && digits.split('.').count() <= 2;
        let count = greenroom_js::number::decimal(&number).filter(|_| shaped)?;
        *sum.get_or_insert(0.0) += count * units[index].1;
        units = &units[index + 1..];
        text = &text[end + unit.len_utf8()..];
    }
    Some(sum)
}
