//! Numbers with their units: a comma for thousands, a no-break space before the unit, `–` for what is unknown.

use std::{fmt::Display, time::Duration};

/// What stands for a value that nobody knows.
pub const UNKNOWN: &str = "–";

/// `15,378`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1,234.50`, with so many decimals; [`UNKNOWN`] for what is no number.
pub fn decimal(number: f64, decimals: usize) -> String {
    if !number.is_finite() || number.abs() >= 1e15 {
        return UNKNOWN.to_owned();
    }
    let text = format!("{:.decimals$}", number.abs());
    let (whole, rest) = text.split_once('.').map_or((&*text, None), |(whole, rest)| (whole, Some(rest)));
    let sign = if number < 0.0 && text.contains(|digit| ('1'..='9').contains(&digit)) { "−" } else { "" };
    let whole = count(whole.parse().unwrap_or_default());
    rest.map_or_else(|| format!("{sign}{whole}"), |rest| format!("{sign}{whole}.{rest}"))
}

/// `38 ms`: a number with its unit, which stay together.
pub fn with_unit(number: impl Display, unit: &str) -> String {
    format!("{number}\u{a0}{unit}")
}

/// `4,812 ms`; `<1 ms` for what is shorter and not nothing.
pub fn ms(time: Duration) -> String {
    match time.as_secs_f64() * 1000.0 {
        0.0 => with_unit(0, "ms"),
        ms if ms < 0.5 => with_unit("<1", "ms"),
        ms => with_unit(decimal(ms, 0), "ms"),
    }
}

/// `1.84 s`.
pub fn seconds(time: Duration) -> String {
    with_unit(decimal(time.as_secs_f64(), 2), "s")
}

/// How long something went on: `56 s`, `1 min 16 s`, `1 h 34 min`, `3 d 4 h`.
pub fn lasted(time: Duration) -> String {
    let whole = time.as_secs();
    let (days, hours, minutes, seconds) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    let parts = match (days, hours, minutes) {
        (0, 0, 0) => [(seconds, "s"), (0, "")],
        (0, 0, _) => [(minutes, "min"), (seconds, "s")],
        (0, _, _) => [(hours, "h"), (minutes, "min")],
        _ => [(days, "d"), (hours, "h")],
    };
    let [first, second] = parts;
    let first = with_unit(count(first.0), first.1);
    if second.0 == 0 { first } else { format!("{first} {}", with_unit(second.0, second.1)) }
}

/// `18.2 GiB`.
pub fn bytes(number: u64) -> String {
    let mut value = number as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    with_unit(decimal(value, usize::from(unit != "B")), unit)
}

/// `0.02 %`, `74.5 %`: what part it is. `100 %` is all and `0 %` is none; of nothing it is [`UNKNOWN`].
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return UNKNOWN.to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    let text = match percent {
        _ if part == 0 => "0".to_owned(),
        _ if part >= whole => decimal(percent, 0),
        ..0.01 => "<0.01".to_owned(),
        ..1.0 => decimal(percent, 2),
        99.95.. => ">99.9".to_owned(),
        _ => decimal(percent, 1),
    };
    with_unit(text, "%")
}

/// `21.40 /s`.
pub fn per_second(rate: f64) -> String {
    with_unit(decimal(rate, if rate >= 100.0 { 0 } else { 2 }), "/s")
}

/// `1 session`, `1,085 sessions`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    with_unit(count(number), if number == 1 { one } else { many })
}

/// What it is, or [`UNKNOWN`].
pub fn known<T>(value: Option<T>, write: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_and_decimals() {
        assert_eq!(
            [0, 999, 1000, 15_378, 1_234_567].map(count),
            ["0", "999", "1,000", "15,378", "1,234,567"]
        );
        assert_eq!(decimal(1234.5, 2), "1,234.50");
        assert_eq!((decimal(-0.001, 2), decimal(-3.0, 0)), ("0.00".into(), "−3".into()));
        assert_eq!([f64::NAN, f64::INFINITY, 1e300].map(|number| decimal(number, 2)), [UNKNOWN; 3]);
    }

    #[test]
    fn times_have_the_unit_that_people_count_in() {
        assert_eq!(ms(Duration::from_micros(4_811_600)), "4,812\u{a0}ms");
        assert_eq!(ms(Duration::from_micros(40)), "<1\u{a0}ms");
        assert_eq!(ms(Duration::ZERO), "0\u{a0}ms");
        assert_eq!(seconds(Duration::from_millis(1840)), "1.84\u{a0}s");
        let lasted =
            [0, 56, 76, 660, 5640, 273_600].map(|s| lasted(Duration::from_secs(s)).replace('\u{a0}', " "));
        assert_eq!(lasted, ["0 s", "56 s", "1 min 16 s", "11 min", "1 h 34 min", "3 d 4 h"]);
    }

    #[test]
    fn only_all_is_all_and_only_none_is_none() {
        let share = |part, whole| share(part, whole).replace('\u{a0}', " ");
        assert_eq!([share(0, 9), share(9, 9), share(3, 0)], ["0 %", "100 %", "–"]);
        assert_eq!([share(1, 1_000_000), share(999_999, 1_000_000)], ["<0.01 %", ">99.9 %"]);
        assert_eq!([share(2, 10_000), share(745, 1000)], ["0.02 %", "74.5 %"]);
        assert_eq!(
            [bytes(6), bytes(1536), bytes(19_541_401_600)].map(|text| text.replace('\u{a0}', " ")),
            ["6 B", "1.5 KiB", "18.2 GiB"]
        );
    }
}
