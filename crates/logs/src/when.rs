//! Moments as people type them.

use jiff::{SignedDuration, Timestamp, ToSpan as _, ZonedDateTime, civil};

/// The moment that a text names, seen from `now`: `10m` and `1h30m` are ago, `14:05` is the last time it was that late,
/// `2026-11-30`, `2026-11-30T14:05` are of the zone of `now`, and RFC 3339 is itself.
///
/// ```
/// let now: jiff::ZonedDateTime = "2026-11-30T09:00:00+01:00[Europe/Berlin]".parse().unwrap();
/// let at = |text| greenroom_logs::moment(text, &now).unwrap().to_string();
/// assert_eq!(at("10m"), "2026-11-30T07:50:00Z");
/// assert_eq!(at("14:05"), "2026-11-29T13:05:00Z");
/// assert_eq!(at("2026-11-30T08:30:00.5Z"), "2026-11-30T08:30:00.5Z");
/// ```
///
/// # Errors
/// When it names none; the error says what does.
pub fn moment(text: &str, now: &ZonedDateTime) -> Result<Timestamp, String> {
    let text = text.trim();
    let found = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| now.timestamp().checked_sub(ago(text)?).ok())
        .or_else(|| at_time(text, now))
        .or_else(|| {
            Some(
                text.parse::<civil::DateTime>()
                    .ok()?
                    .to_zoned_datetime(now.time_zone().clone())
                    .ok()?
                    .timestamp(),
            )
        });
    found.ok_or_else(|| {
        "expected a time such as 10m, 2h, 14:05, 2026-11-30T14:05 or 2026-11-30T14:05:00Z".to_owned()
    })
}

/// `1h30m`.
fn ago(text: &str) -> Option<SignedDuration> {
    let mut rest = text;
    let mut seconds: i64 = 0;
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let unit = match &behind[..end] {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86400,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        rest = &behind[end..];
    }
    (!text.is_empty()).then(|| SignedDuration::from_secs(seconds))
}

/// `14:05`, `14:05:30`.
fn at_time(text: &str, now: &ZonedDateTime) -> Option<Timestamp> {
    let is_time = text.contains(':') && text.chars().all(|c| c.is_ascii_digit() || ":.".contains(c));
    let time: civil::Time = is_time.then(|| text.parse().ok())??;
    let on = |date: civil::Date| date.to_datetime(time).to_zoned_datetime(now.time_zone().clone()).ok();
    let today = on(now.date())?;
    let last = if today <= *now { today } else { on(now.date().checked_sub(1.day()).ok()?)? };
    Some(last.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> ZonedDateTime {
        "2026-11-30T14:00:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    #[test]
    fn moments_are_typed_in_several_ways() {
        for (text, expected) in [
            ("90s", "2026-11-30T12:58:30Z"),
            ("1h30m", "2026-11-30T11:30:00Z"),
            ("2d", "2026-11-28T13:00:00Z"),
            ("13:59", "2026-11-30T12:59:00Z"),
            ("14:00:01", "2026-11-29T13:00:01Z"),
            ("2026-11-30T10:00", "2026-11-30T09:00:00Z"),
            ("2026-11-30", "2026-11-29T23:00:00Z"),
            ("2026-11-30T10:00:00+02:00", "2026-11-30T08:00:00Z"),
        ] {
            assert_eq!(moment(text, &now()).map(|at| at.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_names_no_moment_is_told_what_does() {
        for text in ["", "yesterday", "10", "10x", "25:00", "m", "99999999999999999999s", "9999999999999999d"]
        {
            assert!(moment(text, &now()).unwrap_err().starts_with("expected a time such as 10m"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_moment_or_none(text in "\\PC{0,20}|[0-9:smhdTZ.-]{0,24}") {
            let _ = moment(&text, &now());
        }
    }
}
