//! How values are written on these pages.

use std::time::{Duration, SystemTime};

use greenroom_plugin_observatory_node::{Mark, foreign, foreign_plain, format, time};
use greenroom_plugin_rum_store::{
    queries::{Event, Measured, Rating, SessionRow, Vital},
    session,
};
use maud::{Markup, html};

/// Whether it can still get events.
pub(crate) fn is_open(row: &SessionRow, now_ms: i64) -> bool {
    session::is_open(row.started_ms, row.last_ms, now_ms)
}

/// A duration in milliseconds, none of which is negative.
pub(crate) fn duration(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}

/// Between two times in milliseconds.
pub(crate) fn between(from_ms: i64, to_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(to_ms - from_ms).unwrap_or_default())
}

/// `1.84 s` from one second on, else `184 ms`, and of less than 10 ms one decimal, below which is `<0.1 ms`.
pub(crate) fn took(ms: f64) -> String {
    if ms >= 1000.0 {
        format::seconds(duration(ms))
    } else if ms > 0.0 && ms < 0.05 {
        format::with_unit("<0.1", "ms")
    } else if ms > 0.0 && ms < 9.95 {
        format::with_unit(format::decimal(ms, 1), "ms")
    } else {
        format::ms(duration(ms))
    }
}

/// A value of a vital with its unit. One that is just above a limit is rounded up, so that its text is rated as it is.
pub(crate) fn value(vital: Vital, value: f64) -> String {
    let step = match vital {
        Vital::Cls if value < 1.0 => 0.001,
        Vital::Cls => 0.01,
        _ if value >= 1000.0 => 10.0,
        _ => 1.0,
    };
    let rounded = (value / step).round() * step;
    let is_better = vital.rate(rounded) < vital.rate(value);
    let value = if is_better { (value / step).ceil() * step } else { value };
    if vital == Vital::Cls { cls(value) } else { took(value) }
}

fn cls(value: f64) -> String {
    format::decimal(value, if value < 1.0 { 3 } else { 2 })
}

/// Its short name.
pub(crate) fn short(vital: Vital) -> &'static str {
    match vital {
        Vital::Lcp => "LCP",
        Vital::Inp => "INP",
        Vital::Cls => "CLS",
        Vital::Fcp => "FCP",
        Vital::Ttfb => "TTFB",
    }
}

/// Its name in two words.
pub(crate) fn long(vital: Vital) -> &'static str {
    match vital {
        Vital::Lcp => "LCP, largest paint",
        Vital::Inp => "INP, interaction",
        Vital::Cls => "CLS, layout shift",
        Vital::Fcp => "FCP, first paint",
        Vital::Ttfb => "TTFB, first byte",
    }
}

/// The mark of a rating.
pub(crate) fn mark(rating: Rating) -> Mark {
    match rating {
        Rating::Good => Mark::Good,
        Rating::NeedsImprovement => Mark::Needs,
        Rating::Poor => Mark::Poor,
    }
}

/// A percentile in a cell: with its rating, or quiet where too little was measured.
pub(crate) fn measured(measured: &Measured) -> Markup {
    let Some(p75) = measured.p75 else { return html! { span.quiet { (format::UNKNOWN) } } };
    let written = value(measured.vital, p75);
    match measured.rating() {
        Some(rating) => mark(rating).beside(rating.word(), written),
        None => html! { span.quiet { (written) } },
    }
}

/// A route, a path, an id.
pub(crate) fn mono(text: &str) -> Markup {
    html! { span.mono { (foreign(text)) } }
}

/// The first part of an id, by which people tell sessions apart.
pub(crate) fn short_id(id: &str) -> String {
    foreign_plain(&id.chars().take(8).collect::<String>())
}

/// A number that is none below 0.
pub(crate) fn count(number: i64) -> String {
    format::count(u64::try_from(number).unwrap_or_default())
}

/// `1 session`, `1,085 sessions`.
pub(crate) fn counted(number: i64, one: &str, many: &str) -> String {
    format::counted(u64::try_from(number).unwrap_or_default(), one, many)
}

/// A time beside which `now_ms` says whether it is today.
pub(crate) fn at(at_ms: i64, now_ms: i64) -> Markup {
    match time::from_millis(at_ms) {
        Some(at) => time::time(at, now(now_ms)),
        None => html! { (format::UNKNOWN) },
    }
}

/// The text of [`at`].
pub(crate) fn at_text(at_ms: i64, now_ms: i64) -> String {
    time::from_millis(at_ms).map_or_else(|| format::UNKNOWN.to_owned(), |at| time::time_text(at, now(now_ms)))
}

fn now(ms: i64) -> SystemTime {
    time::from_millis(ms).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// `Chrome 134, macOS, desktop`, of what is known.
pub(crate) fn device(session: &SessionRow) -> String {
    let browser = session.browser.as_ref().map(|browser| match &session.browser_version {
        Some(version) => format!("{browser} {version}"),
        None => browser.clone(),
    });
    let known: Vec<_> = [browser, session.os.clone(), session.device.clone()]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    if known.is_empty() { format::UNKNOWN.to_owned() } else { foreign_plain(&known.join(", ")) }
}

/// How a view came, in the words of people.
pub(crate) fn loading(loading_type: Option<&str>) -> String {
    match loading_type {
        Some("initial_load") => "first load".to_owned(),
        Some(other) => foreign_plain(&other.replace('_', " ")),
        None => String::new(),
    }
}

/// How long the time of a page is: `the last 24 hours`.
pub(crate) fn span(t: &str) -> String {
    let (number, unit) = t.split_at(t.len().saturating_sub(1));
    let (one, many) = if unit == "d" { ("day", "days") } else { ("hour", "hours") };
    match number {
        "1" => format!("the last {one}"),
        number => format!("the last {}", format::with_unit(number, many)),
    }
}

/// `GET /api/catalog/entities/by-query`, of a resource.
pub(crate) fn asked(resource: &Event) -> String {
    let name = foreign_plain(&resource.name);
    resource
        .method
        .as_ref()
        .map_or_else(|| name.clone(), |method| format!("{} {name}", foreign_plain(method)))
}

/// Where the time of a request went, as the end of a sentence.
pub(crate) fn stage(name: &str) -> String {
    match name {
        "waiting" => "a wait for the plugin to be ready".to_owned(),
        "credentials" => "spent on credentials".to_owned(),
        "handling" => "in the handler".to_owned(),
        "sending" => "spent on sending the answer".to_owned(),
        other => foreign_plain(other),
    }
}

/// What somebody did, as `click on “Dependencies”`.
pub(crate) fn action(action: &Event) -> String {
    let detail = action.detail();
    let frustrations = detail["action"]["frustration"]["type"].as_array().cloned().unwrap_or_default();
    let frustration =
        frustrations.first().and_then(serde_json::Value::as_str).map(|kind| kind.replace('_', " "));
    let kind = frustration.or_else(|| action.sub_type.clone()).unwrap_or_else(|| "action".to_owned());
    format!("{} {}", foreign_plain(&kind), target(&action.name))
}

/// The target of an action: what the SDK masks has no name to reveal.
pub(crate) fn target(name: &str) -> String {
    match name {
        "" => "on something without a name".to_owned(),
        "Masked Element" => "on masked text".to_owned(),
        name => format!("on “{}”", foreign_plain(name)),
    }
}

/// A stage of a request, by its name alone.
pub(crate) fn stage_name(name: &str) -> String {
    match name {
        "waiting" => "wait for the plugin".to_owned(),
        "credentials" => "credentials".to_owned(),
        "handling" => "handler".to_owned(),
        "sending" => "send the answer".to_owned(),
        other => foreign_plain(other),
    }
}

/// A time on an axis that is so long: as short as it can be told from the others.
pub(crate) fn axis(at_ms: i64, length_ms: i64) -> String {
    const HOUR_MS: i64 = 3_600_000;
    let pattern = match length_ms / HOUR_MS {
        // An hour more than a day, because parts begin at full hours.
        ..=25 => "%H:%M",
        26..=192 => "%a %H:%M",
        _ => "%-d %b",
    };
    let at = jiff::Timestamp::from_millisecond(at_ms).ok();
    at.map_or_else(|| format::UNKNOWN.to_owned(), |at| at.strftime(pattern).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_of_a_vital_is_rated_as_the_value_is() {
        let written = |vital, of| value(vital, of).replace('\u{a0}', " ");
        assert_eq!(written(Vital::Lcp, 2500.0), "2.50 s");
        assert_eq!(written(Vital::Lcp, 2500.1), "2.51 s");
        assert_eq!(written(Vital::Lcp, 2514.0), "2.51 s");
        assert_eq!(written(Vital::Lcp, 4003.0), "4.01 s");
        assert_eq!(written(Vital::Inp, 200.2), "201 ms");
        assert_eq!(written(Vital::Ttfb, 8.4), "8.4 ms");
        assert_eq!(written(Vital::Cls, 0.1), "0.100");
        assert_eq!(written(Vital::Cls, 0.1002), "0.101");
        assert_eq!(written(Vital::Cls, 0.2503), "0.251");
    }
}
