//! `/.greenroom/browser`: how fast pages are, by route and over time.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use greenroom::prelude::*;
use greenroom_plugin_observatory_node::{
    Mark, Page,
    charts::{BarChart, LineChart, buckets, shares},
    foreign, format,
    parts::{Column, Figure, Part, Row, Table, columns, figures},
};
use greenroom_plugin_rum_store::queries::{Buckets, Filter, Measured, Summary, Vital, Vitals};
use maud::{Markup, html};

use super::{ERRORS, SESSIONS, VITALS, around, empty, filters::filters};
use crate::{answer, asked::Asked, browser::Browser, words};

/// The most routes that the table has.
const MOST_ROUTES: usize = 30;
/// How many of the slowest views are looked at for what they wait for.
const SLOW_VIEWS: usize = 20;
/// What part of their loading a request must take to be named.
const CAUSE: f64 = 0.3;

pub(super) async fn page(
    State(browser): State<Browser>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Response> {
    let page = made(&browser, query.as_deref()).await;
    around::shown(&browser, page).await
}

async fn made(browser: &Browser, query: Option<&str>) -> Result<Page, Error> {
    let asked = Asked::parse(query, &["vital"])?;
    let vital = asked.vital()?;
    let store = browser.store()?;
    let (told, choices) = tokio::try_join!(store.summary(&asked.filter), store.choices(&asked.filter))?;
    if let Some(page) = empty::instead(browser, &asked, VITALS, told.measurements.all.views).await? {
        return Ok(page);
    }
    let waits_for = waits_for(browser, &asked.filter, &told).await?;
    let answer = answer::vitals(&told, waits_for.as_deref(), asked.t(), asked.now_ms);
    let form = filters(&asked, VITALS, &choices, []);
    let labels = labels(&asked.filter);
    Ok(around::begun("Browser: vitals", answer)
        .top(html! { (around::lists(&asked, VITALS)) (form) })
        .body(overview(&told.measurements.all, vital, &asked))
        .body(over_time(&told, vital, &labels))
        .body(by_route(&told, &asked))
        .body(counts(&told, &labels, &asked)))
}

/// What the slowest pages of the worst route have waited for, most of the time.
async fn waits_for(browser: &Browser, filter: &Filter, told: &Summary) -> Result<Option<String>, Error> {
    let Some((route, _)) = answer::worst_route(&told.measurements.routes) else { return Ok(None) };
    let of = Filter { route: Some(route.to_owned()), ..filter.clone() };
    let store = browser.store()?;
    let slowest = store.slowest_sessions(&of, SLOW_VIEWS).await?;
    let sessions: Vec<_> = slowest.iter().map(|(session, _)| &**session).collect();
    let loading: f64 = slowest.iter().map(|(_, took)| took).sum();
    let waited = store.waited_for(route, &sessions).await?;
    Ok(waited.filter(|(_, took)| *took >= loading * CAUSE).map(|(name, _)| name))
}

fn overview(all: &Vitals, current: Vital, asked: &Asked) -> impl maud::Render {
    let figure = |of: &Measured| {
        let vital = of.vital;
        let written =
            of.p75.map(|p75| words::value(vital, p75)).unwrap_or_else(|| format::UNKNOWN.to_owned());
        let (number, unit) = written.split_once('\u{a0}').unwrap_or((&written, ""));
        Figure::new(words::long(vital), number, unit)
            .href(asked.link(VITALS, "vital", Some(vital.key())))
            .current(vital == current)
            .thin(of.rating().is_none())
            .body(html! {
                span.small { (rating(of)) }
                (spread(of))
            })
    };
    Part::new("vitals", "Vitals, p75")
        .note("Share good / needs improvement / poor; n is views measured")
        .body(figures(5, all.measured.iter().map(figure)))
}

fn rating(of: &Measured) -> Markup {
    match of.rating() {
        Some(rating) => words::mark(rating).word(rating.word()),
        None => html! { span.quiet { (if of.n == 0 { "not measured" } else { "too few to rate" }) } },
    }
}

fn spread(of: &Measured) -> Markup {
    let middle = of.n - of.good - of.poor;
    let parts = [of.good, middle, of.poor].map(|part| u64::try_from(part).unwrap_or_default());
    let whole: u64 = parts.iter().sum();
    let percent = |part: u64| (part * 100 + whole / 2).checked_div(whole).unwrap_or_default();
    let [good, needs, poor] = parts.map(percent);
    html! {
        @if whole > 0 {
            (shares(
                &format!("{good} per cent good, {needs} need improvement, {poor} poor"),
                &[(Mark::Good, parts[0]), (Mark::Needs, parts[1]), (Mark::Poor, parts[2])],
            ))
            span."small quiet" { (good) " / " (needs) " / " (poor) " %, " span.nw { "n " (words::count(of.n)) } }
        } @else {
            span."small quiet" { "n 0" }
        }
    }
}

/// When each part of the time begins, and when the axis ends: with the time itself, where its last part ends later.
pub(super) fn labels(filter: &Filter) -> Vec<String> {
    let buckets = Buckets::of(filter);
    let most = buckets.at_ms(buckets.count) - buckets.at_ms(0);
    let begins = (0..buckets.count).map(|index| buckets.at_ms(index));
    // What is just now is in it.
    let end = buckets.at_ms(buckets.count).min(filter.to_ms - 1);
    begins.chain([end]).map(|at_ms| words::axis(at_ms, most)).collect()
}

/// Where releases are on the axis of a chart.
fn releases(told: &Summary) -> Vec<(f64, String)> {
    #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
    let place = |at_ms: i64| {
        let buckets = &told.buckets;
        (at_ms - buckets.from_ms) as f64 / (buckets.step_ms as f64 * buckets.count as f64)
    };
    told.releases.iter().map(|release| (place(release.at_ms), release.version.clone())).collect()
}

/// How a chart of it writes values: of seconds, and of CLS as it is.
fn writer(vital: Vital) -> fn(f64) -> String {
    match vital {
        Vital::Lcp => |seconds| words::value(Vital::Lcp, seconds * 1000.0),
        Vital::Inp => |seconds| words::value(Vital::Inp, seconds * 1000.0),
        Vital::Cls => |shift| words::value(Vital::Cls, shift),
        Vital::Fcp => |seconds| words::value(Vital::Fcp, seconds * 1000.0),
        Vital::Ttfb => |seconds| words::value(Vital::Ttfb, seconds * 1000.0),
    }
}

fn over_time(told: &Summary, vital: Vital, labels: &[String]) -> Markup {
    let unit = if vital == Vital::Cls { 1.0 } else { 1000.0 };
    let values: Vec<Option<f64>> =
        told.measurements.over_time.iter().map(|of| of.of(vital).p75.map(|p75| p75 / unit)).collect();
    let counts =
        told.measurements.over_time.iter().map(|of| u64::try_from(of.of(vital).n).unwrap_or_default());
    let write = writer(vital);
    let known = || values.iter().flatten().copied();
    let sentence = match (known().reduce(f64::min), known().reduce(f64::max)) {
        (Some(least), Some(most)) => {
            format!("{} p75 over time: from {} to {}.", words::short(vital), write(least), write(most))
        }
        _ => format!("{} was not measured.", words::short(vital)),
    };
    let (good, poor) = vital.limits();
    let above = |limit: f64| format!("above {}", write(limit / unit));
    let (needs_label, poor_label) =
        (format!("needs improvement {}", above(good)), format!("poor {}", above(poor)));
    let title = format!("{} over time, p75", words::short(vital));
    let note = match vital {
        Vital::Cls => "without a unit",
        Vital::Inp => "seconds",
        _ => "seconds; first loads only",
    };
    let data = buckets(labels.iter().cloned().zip(values.iter().copied()));
    let chart = LineChart::new("over-time", &title, sentence, data)
        .note(note)
        .write(write)
        .limit(Mark::Needs, good / unit, &needs_label)
        .limit(Mark::Poor, poor / unit, &poor_label)
        .counts("Views measured", counts.collect())
        .until(labels.last().cloned().unwrap_or_default());
    let chart = releases(told).into_iter().fold(chart, |chart, (at, version)| chart.upright(at, version));
    html! { (chart) }
}

fn by_route(told: &Summary, asked: &Asked) -> Markup {
    let mut routes: Vec<_> = told.measurements.routes.iter().collect();
    let worst = |vitals: &Vitals| vitals.measured.iter().filter_map(Measured::rating).max();
    routes.sort_by_key(|(_, vitals)| std::cmp::Reverse((worst(vitals), vitals.views)));
    let more = routes.len().saturating_sub(MOST_ROUTES);
    routes.truncate(MOST_ROUTES);
    let row = |(route, vitals): &(String, Vitals)| {
        let name = html! { a.mono href=(asked.link(VITALS, "route", Some(route))) { (foreign(route)) } };
        let measured = vitals.measured.iter().map(words::measured);
        Row::new([name].into_iter().chain(measured).chain([html! { (words::count(vitals.views)) }]))
    };
    let table = Table::new("Worst first: by the worst rating of a route, then by views")
        .column(Column::title("Route"))
        .column(Column::number("LCP"))
        .column(Column::number("INP"))
        .column(Column::number("CLS"))
        .column(Column::number("FCP"))
        .column(Column::number("TTFB"))
        .column(Column::number("Views"))
        .rows(routes.into_iter().map(row));
    let part = Part::new("routes", "Routes, p75").body(table);
    let part = if more > 0 {
        part.note(format!("{} more have fewer views; the filter finds them", format::count(more as u64)))
    } else {
        part.note("Under 20 samples a value has no rating")
    };
    html! { (part) }
}

fn counts(told: &Summary, labels: &[String], asked: &Asked) -> Markup {
    let chart = |id, title, many: &str, all: &[i64], whole: i64| {
        let counts: Vec<u64> = all.iter().map(|n| u64::try_from(*n).unwrap_or_default()).collect();
        let most = counts.iter().copied().max().unwrap_or_default();
        let sentence = format!(
            "{title}: {} in all, at most {} in one part of the time.",
            words::count(whole),
            format::count(most)
        );
        let chart = BarChart::new(id, title, sentence, buckets(labels.iter().cloned().zip(counts)))
            .note(format!("{} {many}", words::count(whole)))
            .until(labels.last().cloned().unwrap_or_default());
        releases(told).into_iter().fold(chart, |chart, (at, version)| chart.upright(at, version))
    };
    let sessions = chart("sessions", "Sessions", "began", &told.sessions_over_time, told.sessions);
    let errors = chart("errors", "Errors", "in all", &told.errors_over_time, told.errors).mark(Mark::Fail);
    html! {
        (columns(html! { (sessions) (errors) }))
        p.small {
            a href=(asked.other(SESSIONS)) { "All sessions" } " · " a href=(asked.other(ERRORS)) { "Groups of errors" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    /// `2026-03-12T10:06:00Z`.
    const NOW: i64 = 1_773_309_960_000;

    #[test]
    fn no_label_of_an_axis_is_in_the_future() {
        let of = |hours: i64| {
            let filter = Filter { from_ms: NOW - hours * HOUR_MS, to_ms: NOW + 1, ..Filter::default() };
            let labels = labels(&filter);
            (labels.len() - Buckets::of(&filter).count, labels.last().cloned().unwrap())
        };
        assert_eq!(of(24), (1, "10:06".to_owned()));
        assert_eq!(of(1), (1, "10:06".to_owned()));
        assert_eq!(of(7 * 24), (1, "Thu 10:06".to_owned()));
    }
}
