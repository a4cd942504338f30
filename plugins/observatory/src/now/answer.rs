//! The sentence that is the answer: ready, or why not, since when.

use std::time::{Duration, SystemTime};

use greenroom::core::State;
use greenroom_plugin_observatory_node::{foreign_plain, format, time};
use maud::{Markup, html};

use super::Parts;
use crate::look::{Check, PluginState, Seen};

/// State, since when, because what. How long it has been so stands by itself: it changes all the time, and who hears the page
/// wants to hear the rest when that changes.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    before: String,
    lasted: String,
    after: String,
}

impl Answer {
    fn plain(text: impl Into<String>) -> Self {
        Self { before: text.into(), lasted: String::new(), after: String::new() }
    }

    fn of(seen: &Seen) -> Self {
        let since = |what: &str, since: SystemTime, after: String| Self {
            before: format!("{what} for "),
            lasted: format::lasted(seen.now.duration_since(since).unwrap_or_default()),
            after,
        };
        match seen.state {
            State::Starting => since("Starting", seen.boot.began_at, still_at_it(&seen.boot.pending)),
            State::Stopping => Self::plain("Stopping: no new requests are taken."),
            State::Failed => Self::plain(format!("Not ready: {}.", because_of_start(seen))),
            State::Started if let Some(problem) = seen.beginning() => {
                let (what, at) = match problem.instead {
                    Some(instead) => (instead, problem.since),
                    None => ("Not ready", seen.since()),
                };
                since(what, at, format!(": {}.", ended(&problem.what)))
            }
            State::Started => match (&seen.refusal, &*seen.blocking()) {
                (None, _) => since("Ready", seen.since(), format!("{}.", and_yet(seen))),
                (Some(message), []) => Self::plain(format!("Not ready: {}.", ended(message))),
                (Some(_), [first]) => since("Not ready", seen.since(), format!(": {}.", because(first))),
                (Some(_), [first, rest @ ..]) => {
                    since("Not ready", seen.since(), format!(": {}; {} too.", because(first), others(rest)))
                }
            },
        }
    }
}

/// The sentence, in its parts.
pub(super) fn sentence(seen: &Seen, live: &mut Parts) -> Markup {
    let Answer { before, lasted, after } = Answer::of(seen);
    live.note("lasted", &lasted);
    html! {
        (live.part("before", before))
        // Within what is announced, this is not.
        span aria-live="off" data-live="lasted" { (lasted) }
        (live.part("after", after))
    }
}

fn still_at_it(pending: &[String]) -> String {
    match pending {
        [] => ".".to_owned(),
        [one] => format!(": the plugin {} is still at it.", foreign_plain(one)),
        [one, rest @ ..] => {
            let others = format::counted(rest.len() as u64, "other", "others");
            format!(": the plugin {} and {others} are still at it.", foreign_plain(one))
        }
    }
}

fn others(rest: &[&Check]) -> String {
    match rest {
        [one] => format!("{} fails", foreign_plain(&one.name)),
        more => format!("{} fail", format::counted(more.len() as u64, "other check", "other checks")),
    }
}

/// A line below: since when, how much.
pub(super) fn detail(seen: &Seen) -> Markup {
    let serving = seen.plugins.iter().filter(|plugin| plugin.state == PluginState::Serves).count();
    html! {
        @if seen.refusal.is_some() && seen.state == State::Started {
            "Since " (time::time(seen.since(), seen.now)) " UTC. "
        }
        @if let Some(lasted) = after_stall(seen) {
            "Since " (time::time(seen.since(), seen.now)) " UTC, after Node's event loop had stood still for "
            (format::seconds(lasted)) ". "
        }
        @if seen.behind().is_some() { "Greenroom's own: " }
        (serving) " of " (format::counted(seen.plugins.len() as u64, "plugin", "plugins")) " "
        @if serving == 1 { "serves" } @else { "serve" } ". "
        @match seen.boot.took {
            Some(took) => { "The start at " (time::time(seen.boot.began_at, seen.now)) " UTC took " (format::ms(took)) "." }
            None => { "The start began at " (time::time(seen.boot.began_at, seen.now)) " UTC." }
        }
    }
}

/// For how long, where it is ready only since then.
fn after_stall(seen: &Seen) -> Option<Duration> {
    let behind = seen.behind().filter(|behind| behind.ready_since == Some(seen.since()))?;
    behind.after_stall.filter(|_| seen.refusal.is_none() && seen.beginning().is_none())
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
        (
            fails,
            "check fails; readiness does not depend on it",
            "checks fail; readiness does not depend on them",
        ),
        (warns, "check warns", "checks warn"),
    ];
    let said = said.into_iter().filter(|(count, ..)| *count > 0);
    let said: Vec<_> = said.map(|(count, one, many)| format::counted(count as u64, one, many)).collect();
    if said.is_empty() { String::new() } else { format!("; {}", said.join("; ")) }
}

fn count(seen: &Seen, which: impl Fn(&Check) -> bool) -> usize {
    seen.checks.iter().filter(|check| which(check)).count()
}

/// A message as the end of a sentence.
fn ended(message: &str) -> String {
    // All of its lines stand below.
    foreign_plain(message.trim().lines().next().unwrap_or_default().trim_end_matches('.'))
}
