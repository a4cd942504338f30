//! Why plugins have failed at the start: each cause once, with all that it hit, and what they wrap it in for whoever opens it.

use std::time::SystemTime;

use greenroom_node_log::facts::{BootStep, StepState};
use greenroom_plugin_observatory_node::{Mark, foreign, format, parts::details, time};
use maud::{Markup, html};

use crate::boot::causes::{self, Cause};

/// How many causes are told.
const SHOWN: usize = 5;

/// Of how many plugins the names are shown at once.
const NAMES: usize = 5;

/// As much is shown of what a plugin says.
const LONGEST: usize = 4000;

pub(super) fn list<'b>(failed: impl IntoIterator<Item = &'b BootStep>, now: SystemTime) -> Markup {
    let causes = causes::of(failed);
    html! {
        @for cause in causes.iter().take(SHOWN) { (one(cause, now)) }
        @if let more @ 1.. = causes.len().saturating_sub(SHOWN) {
            p."small quiet" { (format::counted(more as u64, "other cause", "other causes")) " in /.greenroom/v1/gateway." }
        }
    }
}

fn one(Cause { text, wrapped, steps }: &Cause<'_>, now: SystemTime) -> Markup {
    let Some(first) = steps.first() else { return html! {} };
    let is_permitted = first.state == StepState::FailedPermitted;
    let mark = if is_permitted { Mark::Warn } else { Mark::Fail };
    let (shown, folded) = steps.split_at(steps.len().min(NAMES));
    html! {
        div {
            (mark) " " b { (foreign(text)) } ". "
            @if steps.len() == 1 {
                (upper(first)) " has failed at the start, at " (time::time(first.since, now)) " UTC"
            } @else {
                (format::counted(steps.len() as u64, "plugin has", "plugins have")) " failed at the start, since "
                (time::time(first.since, now)) " UTC: " (names(shown))
                @if !folded.is_empty() { " and " (format::count(folded.len() as u64)) " more" }
            }
            @if is_permitted { "; the config lets Node start without " @if steps.len() == 1 { "it" } @else { "them" } }
            "."
            @if !folded.is_empty() {
                (details(html! { span.small { "The others" } }, html! { p.small { (names(folded)) } }))
            }
            @if let Some(wrapped) = wrapped {
                (details(
                    html! { span.small { "All that " (causes::who(first)) " says" } },
                    html! { pre.trace { (foreign(wrapped).lines().limit(LONGEST)) } },
                ))
            }
        }
    }
}

fn upper(step: &BootStep) -> Markup {
    html! {
        @match &step.module {
            Some(module) => { "Module " (foreign(module).limit(64)) " of plugin " (foreign(&step.plugin).limit(64)) }
            None => { "Plugin " (foreign(&step.plugin).limit(64)) }
        }
    }
}

fn names(steps: &[&BootStep]) -> Markup {
    html! {
        @for (place, step) in steps.iter().enumerate() {
            @if place > 0 { ", " }
            (foreign(&step.plugin).limit(64))
            @if let Some(module) = &step.module { " (module " (foreign(module).limit(64)) ")" }
        }
    }
}
