//! Times, lists and texts of others as people read them.

use greenroom_logging::visible;
use jiff::Timestamp;
use serde_json::Value;

/// How much is shown of a text of others.
const LONGEST: usize = 300;

/// So many names stand in a sentence.
const MOST_NAMES: usize = 5;

/// No start takes longer, in milliseconds: a year. What a document says beyond that is no time.
const LONGEST_MS: f64 = 365.0 * 24.0 * 3600.0 * 1000.0;

/// Whether so many milliseconds can be a time at all.
pub(crate) fn is_time(ms: f64) -> bool {
    // What is no number is in no range.
    (-LONGEST_MS..=LONGEST_MS).contains(&ms)
}

/// `10:32:05 UTC (4 min ago)`; with its day where that is another.
pub(crate) fn when(at: Timestamp, now: Timestamp) -> String {
    let form =
        if now.as_second() - at.as_second() < 12 * 3600 { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M UTC" };
    format!("{} ({})", at.strftime(form), ago(at, now))
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    match seconds {
        ..1 => "just now".to_owned(),
        1..90 => format!("{seconds} s ago"),
        90..5400 => format!("{} min ago", (seconds + 30) / 60),
        5400..172_800 => format!("{} h ago", (seconds + 1800) / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// `the plugin 'a'`, `the plugins 'a' and 'b'`.
pub(crate) fn plugins<T: AsRef<str>>(ids: &[T]) -> String {
    let word = if ids.len() == 1 { "the plugin" } else { "the plugins" };
    format!("{word} {}", names(ids))
}

/// `'a', 'b' and 'c'`, `'a', … and 3 more`.
pub(crate) fn names<T: AsRef<str>>(ids: &[T]) -> String {
    let quoted = |id: &T| format!("'{}'", said(id.as_ref()));
    let shown: Vec<_> = ids.iter().take(MOST_NAMES).map(quoted).collect();
    match (shown.split_last(), ids.len().saturating_sub(MOST_NAMES)) {
        (_, more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        (Some((last, [])), _) => last.clone(),
        (Some((last, first)), _) => format!("{} and {last}", first.join(", ")),
        (None, _) => String::new(),
    }
}

/// The beginning of a text of others, on one line, without credentials.
pub(crate) fn said(text: &str) -> String {
    let text = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let masked = greenroom_redact::text(text);
    let end = masked.floor_char_boundary(LONGEST);
    let cut = if end < masked.len() { "…" } else { "" };
    let text = visible(&masked[..end]).into_owned();
    format!("{}{cut}", text.trim_end_matches(['.', ' ']))
}

/// A time of a document.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// A moment that may not be known, as JSON: RFC 3339 to the millisecond.
pub(crate) mod moment {
    use jiff::Timestamp;
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => to.collect_str(&format_args!("{at:.3}")),
            None => to.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_with_how_long_ago_it_was() {
        let now: Timestamp = "2026-12-03T10:00:00Z".parse().unwrap();
        for (at, told) in [
            ("2026-12-03T09:59:30Z", "09:59:30 UTC (30 s ago)"),
            ("2026-12-03T08:00:00Z", "08:00:00 UTC (2 h ago)"),
            ("2026-12-01T08:00:00Z", "2026-12-01 08:00 UTC (2 days ago)"),
            ("2026-12-03T10:00:10Z", "10:00:10 UTC (just now)"),
        ] {
            assert_eq!(when(at.parse().unwrap(), now), told);
        }
    }

    #[test]
    fn names_are_a_list_that_ends() {
        assert_eq!(plugins(&["a"]), "the plugin 'a'");
        assert_eq!(plugins(&["a", "b", "c"]), "the plugins 'a', 'b' and 'c'");
        assert_eq!(names(&["a", "b", "c", "d", "e", "f", "g"]), "'a', 'b', 'c', 'd', 'e' and 2 more");
        assert_eq!(names::<&str>(&[]), "");
    }

    #[test]
    fn a_text_of_others_is_one_line_without_credentials_and_controls() {
        assert_eq!(
            said("\n  cannot reach postgres://me:pw@db/x\u{1b}[31m.\nmore"),
            "cannot reach postgres://***@db/x\\u001b[31m"
        );
        assert_eq!(said(&"x".repeat(1000)).chars().count(), 301);
    }
}
