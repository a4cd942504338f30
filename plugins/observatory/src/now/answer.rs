//! The sentence that is the answer: ready, or why not, since when.

use std::time::SystemTime;

use greenroom::core::State;
use greenroom_plugin_observatory_node::{foreign_plain, format, time};
use maud::{Markup, html};

use crate::look::{Check, PluginState, Seen};

/// State, since when, because what.
pub(super) fn sentence(seen: &Seen) -> String {
    let lasted = |since: SystemTime| format::lasted(seen.now.duration_since(since).unwrap_or_default());
    match seen.state {
        State::Starting => {
            let since = lasted(seen.boot.began_at);
            match &*seen.boot.pending {
                [] => format!("Starting for {since}."),
                [one] => format!("Starting for {since}: the plugin {} is still at it.", foreign_plain(one)),
                [one, rest @ ..] => format!(
                    "Starting for {since}: the plugin {} and {} are still at it.",
                    foreign_plain(one),
                    format::counted(rest.len() as u64, "other", "others")
                ),
            }
        }
        State::Stopping => "Stopping: no new requests are taken.".to_owned(),
        State::Failed => format!("Not ready: {}.", because_of_start(seen)),
        State::Started => match (&seen.refusal, &*seen.blocking()) {
            (None, _) => format!("Ready for {}{}.", lasted(seen.since()), and_yet(seen)),
            (Some(message), []) => format!("Not ready: {}.", ended(message)),
            (Some(_), [first]) => format!("Not ready for {}: {}.", lasted(seen.since()), because(first)),
            (Some(_), [first, rest @ ..]) => format!(
                "Not ready for {}: {}; {} too.",
                lasted(seen.since()),
                because(first),
                match rest {
                    [one] => format!("{} fails", foreign_plain(&one.name)),
                    more =>
                        format!("{} fail", format::counted(more.len() as u64, "other check", "other checks")),
                }
            ),
        },
    }
}

/// A line below: since when, how much.
pub(super) fn detail(seen: &Seen) -> Markup {
    let serving = seen.plugins.iter().filter(|plugin| plugin.state == PluginState::Serves).count();
    html! {
        @if seen.refusal.is_some() && seen.state == State::Started {
            "Since " (time::time(seen.since(), seen.now)) " UTC. "
        }
        (serving) " of " (format::counted(seen.plugins.len() as u64, "plugin", "plugins")) " "
        @if serving == 1 { "serves" } @else { "serve" } ". "
        @match seen.boot.took {
            Some(took) => { "The start at " (time::time(seen.boot.began_at, seen.now)) " UTC took " (format::ms(took)) "." }
            None => { "The start began at " (time::time(seen.boot.began_at, seen.now)) " UTC." }
        }
    }
}

/// The cause in the words of whoever wrote the check.
fn because(check: &Check) -> String {
    match &check.message {
        Some(message) => format!("{} fails, {}", foreign_plain(&check.name), ended(message)),
        None => format!("{} fails", foreign_plain(&check.name)),
    }
}

fn because_of_start(seen: &Seen) -> String {
    let failed = seen.plugins.iter().find_map(|plugin| match &plugin.state {
        PluginState::Failed(message) => Some((&plugin.id, message)),
        _ => None,
    });
    match failed {
        Some((id, message)) => {
            format!("the plugin {} failed to start, {}", foreign_plain(id), ended(message))
        }
        None => "the start failed".to_owned(),
    }
}

/// What is off although requests are served.
fn and_yet(seen: &Seen) -> String {
    let failed = seen.plugins.iter().filter(|plugin| matches!(plugin.state, PluginState::Failed(_))).count();
    let (fails, warns) = (count(seen, Check::fails), count(seen, Check::warns));
    let said = [
        (failed, "plugin failed to start and answers 503", "plugins failed to start and answer 503"),
        (fails, "check fails that readiness does not ask", "checks fail that readiness does not ask"),
        (warns, "check warns", "checks warn"),
    ];
    let said = said.into_iter().filter(|(count, ..)| *count > 0);
    let said: Vec<_> = said.map(|(count, one, many)| format::counted(count as u64, one, many)).collect();
    if said.is_empty() { String::new() } else { format!("; {}", said.join(", ")) }
}

fn count(seen: &Seen, which: impl Fn(&Check) -> bool) -> usize {
    seen.checks.iter().filter(|check| which(check)).count()
}

/// A message as the end of a sentence.
fn ended(message: &str) -> String {
    foreign_plain(message.trim().trim_end_matches('.'))
}
