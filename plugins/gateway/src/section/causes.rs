//! Why plugins have failed at the start: each cause once, with all that it hit, and what they wrap it in for whoever opens it.

use std::time::SystemTime;

use greenroom_boot_document::{Cause, Failed};
use greenroom_plugin_observatory_node::{Mark, foreign, format, parts::details, time};
use maud::{Markup, html};

/// How many causes are told.
const SHOWN: usize = 5;

/// Of how many plugins the names are shown at once.
const NAMES: usize = 5;

/// As much is shown of what a plugin says.
const LONGEST: usize = 4000;

pub(super) fn list<'a>(causes: impl IntoIterator<Item = Cause<'a>>, now: SystemTime) -> Markup {
    let causes: Vec<_> = causes.into_iter().collect();
    html! {
        @for cause in causes.iter().take(SHOWN) { (one(cause, now)) }
        @if let more @ 1.. = causes.len().saturating_sub(SHOWN) {
            p."small quiet" {
                (format::counted(more as u64, "other cause", "other causes")) ": see boot.failures in /.greenroom/v1/gateway."
            }
        }
    }
}

fn one(cause: &Cause<'_>, now: SystemTime) -> Markup {
    let Some(first) = cause.failed.first() else { return html! {} };
    let many = cause.failed.len();
    let mark = if cause.is_permitted() { Mark::Warn } else { Mark::Fail };
    let (shown, folded) = cause.failed.split_at(many.min(NAMES));
    let at = cause.since().and_then(|at| SystemTime::try_from(at).ok()).map(|at| time::time(at, now));
    html! {
        div {
            (mark) " " b { (foreign(cause.text)) } ". "
            @if many == 1 {
                (upper(first)) " has failed at the start"
                @if let Some(at) = at { ", at " (at) " UTC" }
            } @else {
                (format::counted(many as u64, "plugin has", "plugins have")) " failed at the start"
                @if let Some(at) = at { ", since " (at) " UTC" }
                ": " (names(shown))
                @if !folded.is_empty() { " and " (format::count(folded.len() as u64)) " more" }
            }
            @if cause.is_permitted() { "; the config lets Node start without " @if many == 1 { "it" } @else { "them" } }
            "."
            @if !folded.is_empty() {
                (details(html! { span.small { "The others" } }, html! { p.small { (names(folded)) } }))
            }
            @if let Some(all) = cause.outer().last() {
                (details(
                    html! { span.small { "All that " (first.who()) " says" } },
                    html! { pre.trace { (foreign(all).lines().limit(LONGEST)) } },
                ))
            }
        }
    }
}

fn upper(failed: &Failed) -> Markup {
    let plugin = failed.plugin.as_deref().unwrap_or_default();
    html! {
        @match &failed.module {
            Some(module) => { "Module " (foreign(module).limit(64)) " of plugin " (foreign(plugin).limit(64)) }
            None => { "Plugin " (foreign(plugin).limit(64)) }
        }
    }
}

fn names(all: &[&Failed]) -> Markup {
    html! {
        @for (place, failed) in all.iter().enumerate() {
            @if place > 0 { ", " }
            (foreign(failed.plugin.as_deref().unwrap_or_default()).limit(64))
            @if let Some(module) = &failed.module { " (module " (foreign(module).limit(64)) ")" }
        }
    }
}
