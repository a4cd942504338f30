//! Times: `HH:MM:SS` in UTC, with the date only when it is another day.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use maud::{Markup, html};

use super::format;

/// A time that stores count in milliseconds since 1970.
pub fn from_millis(millis: i64) -> Option<SystemTime> {
    let since = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(since)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(since)
    }
}

/// `<time datetime="2026-03-12T23:14:07Z">23:14:07</time>`; with its date if that is not the day of `now`.
pub fn time(at: SystemTime, now: SystemTime) -> Markup {
    html! {
        @match machine(at) {
            Some(exact) => time datetime=(exact) { (time_text(at, now)) }
            None => (format::UNKNOWN)
        }
    }
}

/// The text of [`time`].
pub fn time_text(at: SystemTime, now: SystemTime) -> String {
    match (civil(at), civil(now)) {
        (Some(at), Some(now)) if at.date() == now.date() => clock_of(at),
        (Some(at), Some(now)) if at.year() == now.year() => {
            format!("{} {}", at.strftime("%-d %b"), clock_of(at))
        }
        (Some(at), _) => format!("{} {}", at.strftime("%-d %b %Y"), clock_of(at)),
        (None, _) => format::UNKNOWN.to_owned(),
    }
}

/// `23:14:07`.
pub fn clock(at: SystemTime) -> String {
    civil(at).map_or_else(|| format::UNKNOWN.to_owned(), clock_of)
}

/// `2026-03-12T23:14:07Z`; `None` for a time that no calendar has.
pub fn machine(at: SystemTime) -> Option<String> {
    let at = Timestamp::try_from(at).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn clock_of(at: DateTime) -> String {
    at.strftime("%H:%M:%S").to_string()
}

fn civil(at: SystemTime) -> Option<DateTime> {
    Some(TimeZone::UTC.to_datetime(Timestamp::try_from(at).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_told_when_it_is_not_today() {
        let at = |millis| from_millis(millis).unwrap();
        let now = at(1_773_357_247_000);
        assert_eq!(time(now, now).into_string(), r#"<time datetime="2026-03-12T23:14:07Z">23:14:07</time>"#);
        assert_eq!(time_text(at(1_773_273_600_000 - 1000), now), "11 Mar 23:59:59");
        assert_eq!(time_text(at(0), now), "1 Jan 1970 00:00:00");
    }

    #[test]
    fn a_time_beyond_all_calendars_is_unknown() {
        for at in [from_millis(i64::MAX), from_millis(i64::MIN)].into_iter().flatten() {
            assert_eq!(time(at, SystemTime::UNIX_EPOCH).into_string(), format::UNKNOWN);
        }
    }
}
