//! When Node's event loop has stood still: now, and the last times.

use std::time::SystemTime;

use greenroom_plugin_observatory_node::{
    LiveParts, Mark, format,
    parts::{Column, Row, Table, details},
    time,
};
use greenroom_proxy::{Stall, Suspect};
use maud::{Markup, html};

use super::{Seen, table::named};

/// How many are shown.
const SHOWN: usize = 10;

/// A sentence, if there is something to say.
pub(super) fn sentence(seen: &Seen) -> Markup {
    let Some(last) = seen.status.stalls.first() else { return html! {} };
    let kind = last.kind.as_str();
    html! {
        @if last.goes_on {
            p {
                (Mark::Warn) " Node's event loop stands still for " (format::seconds(last.lasted)) ", since "
                (time::time(last.at, seen.now)) " UTC: " (last.kind.what()) "."
                @if !last.suspects.is_empty() { " Begun just before, and without an answer: " (suspects(&last.suspects)) "." }
            }
        } @else {
            p."small quiet" {
                "Since the start, Node's event loop has stood still " (format::counted(seen.status.stall_count, "time", "times"))
                " for a second or more, the last time at " (time::time(last.at, seen.now)) " UTC for "
                (format::seconds(last.lasted)) " (" (kind) ")."
            }
        }
    }
}

/// The last ones, for whoever opens them. Rows are those of when the page was made.
pub(super) fn last_ones(seen: &Seen, live: &mut LiveParts) -> Markup {
    let stalls = &seen.status.stalls;
    if stalls.is_empty() {
        return html! {};
    }
    let caption = match seen.status.stall_count {
        all if all > SHOWN as u64 => format!(
            "The last {SHOWN} of {}; more of them are in /.greenroom/v1/gateway",
            format::counted(all, "stall", "stalls")
        ),
        _ => "The newest first, since the start".to_owned(),
    };
    let rows: Vec<_> = stalls.iter().take(SHOWN).map(|stall| row(stall, seen.now, live)).collect();
    let table = Table::new(caption)
        .column(Column::title("Stood still at"))
        .column(Column::number("For"))
        .column(Column::text("Was"))
        .column(Column::wide("Begun just before, and without an answer"))
        .rows(rows);
    details("When the event loop stood still", table)
}

fn row(stall: &Stall, now: SystemTime, live: &mut LiveParts) -> Row {
    let name = time::machine(stall.at).unwrap_or_default();
    let lasted = html! { (format::seconds(stall.lasted)) @if stall.goes_on { ", so far" } };
    Row::new([
        time::time(stall.at, now),
        live.part(format!("gateway stall {name} lasted"), lasted),
        live.part(format!("gateway stall {name} kind"), html! { (stall.kind.as_str()) }),
        html! { @if stall.suspects.is_empty() { (format::UNKNOWN) } @else { (suspects(&stall.suspects)) } },
    ])
}

fn suspects(suspects: &[Suspect]) -> Markup {
    html! {
        @for (place, suspect) in suspects.iter().enumerate() {
            @if place > 0 { ", " }
            (named(&suspect.plugin)) " (" (format::count(suspect.requests)) ")"
        }
    }
}
