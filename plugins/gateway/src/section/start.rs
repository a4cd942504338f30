//! How the Node backend's start goes or went, by its own lines: what it waits for, how long it took, what it started without.

use std::time::{Duration, SystemTime};

use greenroom_boot_document::BootDocument;
use greenroom_node_log::facts::{BootStep, NodeBoot, Outcome, StepState};
use greenroom_plugin_observatory_node::{
    Mark,
    charts::{self, Stage},
    foreign, foreign_plain, format,
    parts::{Part, panel, quiet},
    time,
};
use greenroom_proxy::State;
use maud::{Markup, Render, html};

use super::{Seen, causes};
use crate::{GivenUp, boot, words};

/// How many are named as the slowest.
const SLOWEST: usize = 3;

/// How many stages are drawn.
const STAGES: usize = 12;

/// What there is to say.
pub(super) fn sentences(seen: &Seen) -> Markup {
    let Some(boot) = &seen.boot else { return html! {} };
    let document = BootDocument::of_node(boot);
    let causes = document.causes();
    html! {
        @match boot.outcome() {
            Outcome::Failed(failure) if causes.is_empty() && !seen.is_told() => {
                p { (Mark::Fail) " Its start has failed: " (foreign(&failure.text)) "." }
            }
            Outcome::Started(ended) => p."small quiet" { (went(boot, ended)) },
            Outcome::Starting if boot.plugins_at.is_some() && has_gone(seen) => {
                p { (Mark::Fail) " Its start did not end: " (waits(boot, "waited")) "." }
            }
            Outcome::Starting if boot.plugins_at.is_some() => {
                p { (Mark::Live) " Its start goes on for " (so_far(seen, boot)) ": " (waits(boot, "waits")) "." }
            }
            _ => {}
        }
        (causes::list(causes.into_iter().filter(|cause| cause.is_permitted() || !seen.is_told()), seen.now))
    }
}

/// What follows by itself from what is wrong now.
pub(super) fn heals(seen: &Seen) -> Markup {
    let is_away = matches!(seen.status.state, State::Down { .. } | State::Failed { .. });
    let given_up = seen.gateway.given_up().filter(|_| !is_away);
    html! {
        @match (given_up, &seen.status.state) {
            (Some(given_up), _) => (ends(given_up, seen.now)),
            (None, State::Failed { .. }) => "It does not come again by itself.",
            (None, State::Down { .. }) if has_gone(seen) => "Once the next start of Node is ready, so is this backend, by itself.",
            (None, _) if !is_away && boot::has_failed(seen.boot.as_ref()) => {
                "A start that has failed does not become ready any more: Node has to be started again."
            }
            _ => "Once Node is ready, so is this backend, by itself and without a restart.",
        }
    }
}

/// Of a start that has failed and whose process stays.
fn ends(GivenUp { at, is_certain, starts_again }: GivenUp, now: SystemTime) -> Markup {
    html! {
        @match is_certain {
            true => "Node's process stays although its start has failed. Greenroom ends it",
            false => "If it does not listen by then, Greenroom ends Node's process",
        }
        " at " (time::time(at, now)) " UTC"
        @match starts_again {
            true => ", by SIGKILL, and starts it again, as greenroom.run.restart says.",
            false => ", and itself with exit code 1: whoever started Greenroom decides what follows.",
        }
    }
}

/// Its process has ended.
fn has_gone(seen: &Seen) -> bool {
    words::why(&seen.status.state).is_some_and(|why| words::of_process(why).is_some())
}

fn so_far(seen: &Seen, boot: &NodeBoot) -> String {
    format::lasted(seen.now.duration_since(boot.began_at).unwrap_or_default())
}

fn waits(boot: &NodeBoot, word: &str) -> Markup {
    let all = boot.steps().iter().filter(|step| step.module.is_none()).count();
    let pending: Vec<_> = boot.pending().collect();
    let silent = pending.iter().filter(|step| step.state == StepState::Waiting).count();
    html! {
        "it " (word) " for " (format::count(pending.len() as u64)) " of " (format::counted(all as u64, "plugin", "plugins"))
        @if !pending.is_empty() { ", " (foreign_plain(&boot::names(&pending))) }
        @if silent > 0 { "; nothing was heard yet of " (format::count(silent as u64)) " of them" }
    }
}

/// How long it took, with its parts and the slowest plugins.
fn went(boot: &NodeBoot, ended: SystemTime) -> Markup {
    let parts = [
        (Some(boot.began_at), boot.config_at, "until it read its config"),
        (boot.config_at.or(Some(boot.began_at)), boot.listening.map(|(at, _)| at), "until it listened"),
        (boot.plugins_at, Some(ended), "for its plugins"),
    ];
    let parts = parts.into_iter().filter_map(|(from, to, what)| {
        Some(format!("{} {what}", format::seconds(to?.duration_since(from?).unwrap_or_default())))
    });
    let mut slowest: Vec<_> = boot.steps().iter().filter(|step| step.took().is_some()).collect();
    slowest.sort_by_key(|step| std::cmp::Reverse((step.since, step.place)));
    slowest.truncate(SLOWEST);
    html! {
        "It started in " (format::seconds(boot.since_began(ended))) ", at " (time::time(ended, ended)) " UTC: " (parts.collect::<Vec<_>>().join(", ")) "."
        @if !slowest.is_empty() {
            " The last plugins to be ready: "
            @for (index, step) in slowest.into_iter().enumerate() {
                @if index > 0 { ", " }
                (foreign(&step.plugin).limit(64)) " in " (duration(step))
            }
            "."
        }
    }
}

/// Lines come seconds apart: between two of them, it is not known when.
fn duration(step: &BootStep) -> String {
    let Some((least, most)) = step.took() else { return format::UNKNOWN.to_owned() };
    if most.saturating_sub(least) < Duration::from_millis(10) {
        format::seconds(most)
    } else if least < Duration::from_millis(10) {
        format!("at most {}", format::seconds(most))
    } else {
        format!("{} to {}", format::decimal(least.as_secs_f64(), 2), format::seconds(most))
    }
}

/// As our own start is drawn, and open where that is folded: it is what people wait for.
pub(super) fn waterfall(seen: &Seen) -> Markup {
    let Some(boot) = seen.boot.as_ref().filter(|boot| boot.plugins_at.is_some()) else { return html! {} };
    let now = if has_gone(seen) { words::since(&seen.status.state, seen.now) } else { seen.now };
    let end = boot.ended_at.unwrap_or(now).max(boot.began_at);
    let whole = boot.since_began(end).as_secs_f64().max(1e-9);
    let part = |at: SystemTime| (boot.since_began(at).as_secs_f64() / whole).min(1.0);
    let own = [
        ("until it read its config", Some(boot.began_at), boot.config_at),
        ("until it listened", boot.config_at.or(Some(boot.began_at)), boot.listening.map(|(at, _)| at)),
    ];
    let own = own.into_iter().filter_map(|(what, from, to)| {
        let (from, to) = (from?, to?);
        let took = format::seconds(to.duration_since(from).unwrap_or_default());
        Some(Stage {
            name: html! { (what) },
            from: part(from),
            to: part(to),
            critical: true,
            mark: None,
            took,
        })
    });
    let mut plugins: Vec<_> = boot.steps().iter().filter(|step| step.began_at.is_some()).collect();
    let ended = |step: &BootStep| if step.state.is_pending() { end } else { step.since };
    plugins.sort_by_key(|step| std::cmp::Reverse((ended(step), step.place)));
    let left_out = plugins.len().saturating_sub(STAGES) + boot.left_out();
    let drawn = plugins.into_iter().take(STAGES).map(|step| Stage {
        name: html! { (foreign(&step.plugin).limit(80)) " " span.quiet { (word(step.state)) } },
        from: part(step.began_at.unwrap_or(boot.began_at)),
        to: part(ended(step)),
        critical: false,
        mark: match step.state {
            StepState::Failed => Some(Mark::Fail),
            StepState::FailedPermitted => Some(Mark::Warn),
            _ => None,
        },
        took: duration(step),
    });
    let how = html! {
        "Start " (time::time(boot.began_at, seen.now)) " UTC, as Node's lines tell; plugins begin together, the last ones to be ready come first."
        @if left_out > 0 { " " (format::counted(left_out as u64, "plugin", "plugins")) " left out: see /.greenroom/v1/gateway." }
    };
    let drawn = html! { (quiet(how)) (charts::waterfall(own.chain(drawn))) };
    Part::new("node-start", "Node's last start").body(panel(drawn)).render()
}

fn word(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "waits",
        StepState::Initializing => "initialises",
        StepState::Ready => "",
        StepState::Failed => "failed",
        StepState::FailedPermitted => "failed; the config lets Node start without it",
        StepState::Orphan => "is not installed, a module of it is",
    }
}
