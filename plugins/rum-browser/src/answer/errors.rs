//! What went wrong in browsers.

use greenroom_plugin_observatory_node::{foreign_plain, format};
use greenroom_plugin_rum_store::{
    group::State,
    queries::{ErrorGroup, ErrorTotals, GroupStory, Shares},
};

use super::Answer;
use crate::words::{at_text, between, count, counted, span, took};

/// From how long on a request is slow for whoever meets an error behind it, in milliseconds.
const SLOW_MS: f64 = 1000.0;

/// `groups` are those with most errors.
pub(crate) fn errors(
    totals: ErrorTotals,
    groups: &[ErrorGroup],
    sessions: i64,
    with_errors: i64,
    t: &str,
) -> Answer {
    let of_state = |state| groups.iter().find(|group| group.state == state);
    let sentence = match (of_state(State::New), of_state(State::Back), groups.first()) {
        (Some(new), _, _) if totals.new == 1 => format!(
            "One new error{} makes {} of {}: {}.",
            since(new),
            count(new.n),
            count(totals.errors),
            named(new)
        ),
        (Some(new), _, _) => format!(
            "{} of {} are new; most often: {}.",
            count(totals.new),
            counted(totals.groups, "error", "errors"),
            named(new)
        ),
        (None, Some(back), _) => format!("An error is back{}: {}.", away(back), named(back)),
        (None, None, Some(first)) => {
            format!("Nothing new: {} of {} are {}.", count(first.n), counted(totals.errors, "error", "errors"), named(first))
        }
        (None, None, None) => {
            return Answer::new(format!("No errors in {}, in {}.", span(t), counted(sessions, "session", "sessions")));
        }
    };
    let answer = Answer::new(sentence).detail(format!(
        "{} in {}, in {} of {}.",
        counted(totals.groups, "group", "groups"),
        span(t),
        count(with_errors),
        counted(sessions, "session", "sessions")
    ));
    match of_state(State::Back) {
        Some(back) if totals.new > 0 => answer.detail(format!("Besides, {} is back{}.", named(back), away(back))),
        _ => answer,
    }
}

/// One group: what it says, and whom it meets.
pub(crate) fn error(story: &GroupStory, now_ms: i64) -> Answer {
    let group = &story.group;
    let answer = Answer::new(named(group)).detail(format!(
        "{} in {} since {}{}{}.",
        counted(group.n, "time", "times"),
        counted(group.sessions, "session", "sessions"),
        at_text(group.first_ms, now_ms),
        only(&story.versions, "with"),
        only(&story.routes, "on"),
    ));
    let slow = |affected: &&greenroom_plugin_rum_store::queries::Affected| {
        affected.before.iter().any(|event| event.kind == "resource" && event.duration_ms > Some(SLOW_MS))
    };
    let (all, waited) = (story.affected.len(), story.affected.iter().filter(slow).count());
    if waited * 2 > all {
        answer.detail(format!(
            "{waited} of the last {} waited more than {} for a request just before.",
            format::counted(u64::try_from(all).unwrap_or_default(), "session", "sessions"),
            took(SLOW_MS)
        ))
    } else {
        answer
    }
}

/// `TypeError: Cannot read properties of undefined`.
fn named(group: &ErrorGroup) -> String {
    let message = foreign_plain(group.message.trim_end_matches('.'));
    match group.error_type.as_deref() {
        // A message may begin with it.
        Some(of) if !group.message.starts_with(of) => format!("{}: {message}", foreign_plain(of)),
        _ => message,
    }
}

fn since(group: &ErrorGroup) -> String {
    group.since_version.as_ref().map(|version| format!(" since {}", foreign_plain(version))).unwrap_or_default()
}

fn away(group: &ErrorGroup) -> String {
    let away = group.away_ms.map(|away| format!(" after {} without it", format::lasted(between(0, away))));
    away.unwrap_or_default()
}

fn only(shares: &Shares, word: &str) -> String {
    match &**shares {
        [(name, _)] if !name.is_empty() => format!(", only {word} {}", foreign_plain(name)),
        _ => String::new(),
    }
}
