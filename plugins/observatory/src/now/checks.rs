//! Health checks: the cause first.

use greenroom::health::Outcome;
use greenroom_plugin_observatory_node::{
    Mark,
    charts::strip,
    foreign, foreign_lines, foreign_plain, format,
    parts::{Column, Part, Row, Table, details},
    session::kept_lines,
    time,
};
use maud::{Markup, Render, html};

use super::Parts;
use crate::look::{Check, Seen};

pub(super) fn part(seen: &Seen, live: &mut Parts) -> Markup {
    let rows = seen.checks.iter().map(|check| {
        let name = |what: &str| format!("check {} {what}", check.name);
        Row::new([
            live.part(name("state"), state(check)),
            html! { (foreign(&check.name)) span.sub { (live.part(name("reason"), reason(check, seen))) } },
            live.part(name("hour"), hour(check)),
            live.part(name("took"), format::known(check.took, format::ms)),
        ])
    });
    let rows: Vec<_> = rows.collect();
    let table = Table::new("What keeps it from being ready first")
        .column(Column::state("State"))
        .column(Column::title("Check"))
        .column(Column::wide("Last hour"))
        .column(Column::number("Took"))
        .rows(rows)
        .otherwise(match seen.refusal {
            None => "No plugin has a health check: readiness says that all plugins have started.",
            Some(_) => "No plugin has a health check so far: why it is not ready stands above.",
        });
    let explained = live.part("checks explained", explained(seen));
    Part::new("checks", "Checks")
        .note("Each runs at least every 10 s")
        .body(html! { (table) (explained) })
        .render()
}

/// Of each that does not pass, what to do, and what was logged when it stopped passing.
fn explained(seen: &Seen) -> Markup {
    // With what the page begins, what to do stands there.
    let is_said = |check: &Check| seen.beginning().is_some_and(|problem| problem.check == Some(&*check.name));
    let off = seen.checks.iter().filter(|check| (check.fails() || check.warns()) && !is_said(check));
    html! {
        @for (check, next_step) in off.filter_map(|check| Some((check, check.next_step.as_ref()?))) {
            div {
                p.small { (foreign(&check.name)) ", next step: " (foreign_lines(next_step)) "." }
                @if !check.lines.is_empty() {
                    (details("Lines around the time at which it began", kept_lines(&check.lines, seen.now)))
                }
            }
        }
    }
}

fn state(check: &Check) -> Markup {
    match check.outcome {
        None => Mark::Unknown.word("Not run yet"),
        Some(Outcome::Pass) => Mark::Ok.word("Passes"),
        Some(Outcome::Warn) => Mark::Warn.word("Warns"),
        Some(Outcome::Fail) => Mark::Fail.word("Fails"),
    }
}

fn reason(check: &Check, seen: &Seen) -> Markup {
    let is_said = (check.fails() || check.warns())
        && seen.beginning().is_some_and(|problem| problem.check == Some(&*check.name));
    html! {
        @if is_said { "why stands above" }
        @else if let Some(message) = &check.message { (foreign_lines(message)) }
        @else if check.required { "readiness asks it" }
        @if let (Some(since), false) = (check.since, check.outcome == Some(Outcome::Pass)) {
            ", since " (time::time(since, seen.now))
        }
    }
}

fn hour(check: &Check) -> Markup {
    let (known, bad) = check.hour.iter().fold((0, 0), |(known, bad), mark| match mark {
        Mark::Unknown => (known, bad),
        Mark::Ok => (known + 1, bad),
        _ => (known + 1, bad + 1),
    });
    let name = foreign_plain(&check.name);
    let sentence = match bad {
        0 => format!("{name}: passed in each of the last {}", format::counted(known, "minute", "minutes")),
        bad => format!(
            "{name}: did not pass in {} of the last {}",
            bad,
            format::counted(known, "minute", "minutes")
        ),
    };
    strip(&sentence, &check.hour)
}
