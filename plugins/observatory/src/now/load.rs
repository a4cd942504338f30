//! What was asked for lately, and what it cost.

use greenroom_plugin_observatory_node::{
    charts::line,
    format,
    parts::{Figure, Part, figures},
};
use maud::{Markup, Render, html};

use super::Parts;
use crate::{
    lately::{Load, RECENT},
    look::Seen,
};

pub(super) fn part(seen: &Seen, live: &mut Parts) -> Markup {
    let own = [requests(seen), p75(seen), failures(seen, live), memory(seen)].map(|(name, figure)| {
        live.note(name, figure.value());
        figure.live(name)
    });
    let others = seen.parts.iter().flat_map(|part| part.figures.iter().cloned());
    let all: Vec<_> = own.into_iter().chain(others).collect();
    Part::new("lately", "Lately")
        .note("Figures of the last 5 minutes; lines of the last 60, one point a minute, from 0")
        .body(figures(all.len(), all))
        .render()
}

type Named = (&'static str, Figure);

/// Minutes in which it has run. The one that is not over would be a fall at the end of each line.
fn over(seen: &Seen) -> &[Load] {
    let over = &seen.minutes[..seen.minutes.len().saturating_sub(1)];
    &over[over.len() - seen.whole_minutes().min(over.len())..]
}

/// What a line goes over.
fn span(seen: &Seen) -> String {
    format!("last {}", format::counted(over(seen).len() as u64, "minute", "minutes"))
}

fn requests(seen: &Seen) -> Named {
    let rate = seen.recent.count as f64 / (RECENT as f64 * 60.0);
    let text = if seen.recent.count == 0 { "0".to_owned() } else { format::decimal(rate.max(0.01), 2) };
    let minutes: Vec<_> = over(seen).iter().map(|minute| Some(minute.count as f64)).collect();
    let most = over(seen).iter().map(|minute| minute.count).max().unwrap_or_default();
    let line = line(format!("Requests a minute, {}: at most {}", span(seen), format::count(most)), minutes);
    ("requests", Figure::new("Requests", text, "/s").body(line))
}

fn p75(seen: &Seen) -> Named {
    let text = seen.recent.p75.map(format::ms);
    let minutes: Vec<_> = over(seen).iter().map(|minute| Some(minute.p75?.as_secs_f64())).collect();
    let most = over(seen).iter().filter_map(|minute| minute.p75).max();
    let line = line(
        format!(
            "Response time, p75 of each minute, {}: at most {}",
            span(seen),
            format::known(most, format::ms)
        ),
        minutes,
    );
    let (value, unit) = split(text.as_deref().unwrap_or(format::UNKNOWN));
    ("p75", Figure::new("Response time, p75", value, unit).body(line))
}

/// Requests that were given up have no answer, and so none of 5xx: they are told beside.
fn failures(seen: &Seen, live: &mut Parts) -> Named {
    let Load { failed, given_up, .. } = seen.recent;
    let text = format::share(failed, seen.recent.answered());
    let share =
        |minute: &Load| (minute.answered() > 0).then(|| minute.failed as f64 / minute.answered() as f64);
    let minutes: Vec<_> = over(seen).iter().map(share).collect();
    let all = over(seen).iter().map(|minute| minute.failed).sum();
    let line = line(format!("Share of 5xx answers, {}: {} in all", span(seen), format::count(all)), minutes);
    let given_up = html! {
        @if given_up > 0 { (format::counted(given_up, "request", "requests")) " given up without an answer" }
    };
    let given_up = live.part("given up", given_up);
    let (value, unit) = split(&text);
    (
        "failures",
        Figure::new("5xx answers", value, unit).body(html! { span."small quiet" { (given_up) } (line) }),
    )
}

fn memory(seen: &Seen) -> Named {
    let last = seen.memory.iter().rev().find_map(|bytes| *bytes);
    let text = format::known(last, |bytes| format::bytes(bytes as u64));
    let (value, unit) = split(&text);
    let line = line(
        format!("Resident memory, {}: now {text}", span(seen)),
        seen.memory[seen.memory.len() - seen.whole_minutes() - 1..].to_vec(),
    );
    ("memory", Figure::new(seen.own("Memory"), value, unit).body(line))
}

/// A value and its unit, which is written smaller.
fn split(text: &str) -> (&str, &str) {
    text.split_once('\u{a0}').unwrap_or((text, ""))
}
