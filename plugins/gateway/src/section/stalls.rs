//! When Node's event loop has stood still: now, and the last times.

use std::time::SystemTime;

use greenroom_plugin_observatory_node::{
    LiveParts, Problem, assets, foreign, format,
    parts::{Column, Row, Table, command, details},
    time,
};
use greenroom_proxy::{Stall, StallKind, Status, Suspect};
use maud::{Markup, html};

use super::{
    Seen,
    table::{named, plain},
};

/// How many are shown.
const SHOWN: usize = 10;

/// The one that goes on.
pub(super) fn now(status: &Status) -> Option<&Stall> {
    status.stalls.first().filter(|stall| stall.goes_on)
}

/// How the page begins while it stands still: for how long, why, and with what.
pub(super) fn problem(stall: &Stall) -> Problem {
    let why = match stall.kind {
        StallKind::Unknown => "what it does is not known",
        kind => kind.as_str(),
    };
    let suspect = stall.suspects.first().map(|suspect| {
        let asked =
            suspect.newest.as_ref().map(|open| format!(", {}, request {}", open.path, open.request_id));
        format!("; suspect: {}{}", plain(&suspect.plugin), asked.unwrap_or_default())
    });
    let what = format!("{why}{}", suspect.unwrap_or_default());
    Problem::new(stall.at, what).instead("Node's event loop has stood still")
}

/// What the beginning of the page does not say of it.
pub(super) fn known(stall: &Stall, seen: &Seen) -> Markup {
    html! {
        "Since " (time::time(stall.at, seen.now)) " UTC " (stall.kind.what()) "."
        @if !stall.suspects.is_empty() {
            " Begun just before, and without an answer: " (suspects(&stall.suspects))
            @if let Some(id) = newest(stall) {
                ". The last of them: " a href=(assets::lines("request", id)) { "lines of request " span.mono { (foreign(id).limit(64)) } }
            }
            "."
        }
    }
}

fn newest(stall: &Stall) -> Option<&str> {
    Some(&stall.suspects.first()?.newest.as_ref()?.request_id)
}

/// What to do about it; `None` where nobody knows more than that it is silent.
pub(super) fn next(stall: &Stall, seen: &Seen) -> Option<Markup> {
    // It has a process group of its own, with all that it has started.
    let group = seen.gateway.child_facts().running().map(|(pid, _)| pid);
    match (stall.kind, group) {
        (StallKind::Stopped, Some(group)) => Some(html! {
            span { "Let it go on, on the machine on which it runs:" }
            (command(&format!("kill -CONT -- -{group}")))
        }),
        (StallKind::Blocked, Some(group)) => Some(html! {
            span { "See what it waits for, and what it has started, on the machine on which it runs:" }
            (command(&format!("ps -o pid,stat,wchan:32,args -p \"$(pgrep -d, -g {group})\"")))
        }),
        (StallKind::Busy, _) => Some(html! {
            span {
                "Read what was logged last: "
                @if let Some(id) = newest(stall) { "of " a href=(assets::lines("request", id)) { "that request" } ", or " }
                a href=(assets::LINES) { "all lines" } ". The code that runs has not returned: if it never does, restart Node."
            }
        }),
        _ => None,
    }
}

/// A sentence of the last one, if there was one: of one that goes on the page tells above.
pub(super) fn sentence(seen: &Seen) -> Markup {
    let Some(last) = seen.status.stalls.first().filter(|last| !last.goes_on) else { return html! {} };
    let kind = last.kind.as_str();
    html! {
        p."small quiet" {
            "Since the start, Node's event loop has stood still " (format::counted(seen.status.stall_count, "time", "times"))
            " for a second or more, the last time at " (time::time(last.at, seen.now)) " UTC for "
            (format::seconds(last.lasted)) " (" (kind) ")."
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
            @if let Some(open) = &suspect.newest { " " code { (foreign(&open.path)) } }
        }
    }
}
