//! What has to be said first: whom it affects, what is known, the next step, and whether it heals itself.

use greenroom::{config::RootConfig, core::State};
use greenroom_plugin_observatory_node::{
    assets, foreign, foreign_lines, format,
    parts::{Call, command, inline},
    time,
};
use maud::{Markup, Render, html};

use crate::look::{Check, PluginSeen, PluginState, Seen};

/// For a failure that keeps the backend from being ready, or a plugin from serving; nothing when all is well.
pub(super) fn calls(seen: &Seen, config: &RootConfig) -> Markup {
    let mut blocking = seen.blocking();
    // The page begins with that.
    blocking.retain(|check| seen.beginning().is_none_or(|problem| problem.check != Some(&*check.name)));
    let failed = seen.plugins.iter().filter(|plugin| matches!(plugin.state, PluginState::Failed(_)));
    html! {
        @for part in &seen.parts { (part.calls) }
        @if seen.state == State::Started && !blocking.is_empty() { (not_ready(seen, &blocking, config)) }
        @for plugin in failed { (not_started(plugin)) }
    }
}

fn not_ready(seen: &Seen, blocking: &[&Check], config: &RootConfig) -> Markup {
    let recent = seen.recent;
    let affects = html! {
        span {
            "Everybody: readiness answers 503, so a load balancer sends nobody here. "
            @if recent.failed > 0 {
                (format::counted(recent.failed, "request", "requests")) " of " (format::count(recent.count))
                " failed in the last 5 minutes."
            } @else {
                "No request has failed in the last 5 minutes."
            }
        }
    };
    let known = html! {
        @for check in blocking {
            span {
                (inline(&check.name)) ": " (foreign(check.message.as_deref().unwrap_or("it fails without a reason")))
                @if let Some(since) = check.since { ", since " (time::time(since, seen.now)) }
                "."
            }
        }
    };
    let (first, plugin) = (blocking[0], blocking[0].plugin());
    let next = html! {
        @if let Some(step) = &first.next_step { span { (foreign(&sentence(step))) } }
        span {
            // What the backend checks itself is of no plugin.
            @if plugin == "greenroom" {
                "Then ask readiness again:"
            } @else {
                "Look at what the plugin " a href=(assets::lines("plugin", plugin)) { (foreign(plugin)) }
                " says, then ask readiness again:"
            }
        }
        (command(&format!("curl -s -m 5 '{}/.backstage/health/v1/readiness?verbose'", seen.url)))
        span { "Checks run every 10 s; it is ready again by itself, without a restart, as soon as they pass." }
        @if let Some(place) = config.place("greenroom.health.readiness") {
            span { "Which checks decide is told by " code { "greenroom.health.readiness" } " (" (foreign(&place.to_string())) ")." }
        }
    };
    Call::failure().row("Whom it affects", affects).row("What we know", known).row("Next step", next).render()
}

/// What a check says of the next step, as a sentence of its own.
fn sentence(step: &str) -> String {
    let mut chars = step.trim_end_matches(['.', ' ']).chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).chain(['.']).collect()).unwrap_or_default()
}

fn not_started(plugin: &PluginSeen) -> Markup {
    let PluginState::Failed(message) = &plugin.state else { return html! {} };
    let next = html! {
        span { "See whether the config is the reason:" }
        (command("greenroom config check"))
        span { "It does not start again by itself: restart the backend once that is mended." }
    };
    Call::failure()
        .row(
            "Whom it affects",
            html! { span { "Who calls " (inline(&plugin.id)) ": it answers 503. Other plugins serve." } },
        )
        .row("What we know", foreign_lines(message))
        .row("Next step", next)
        .render()
}
