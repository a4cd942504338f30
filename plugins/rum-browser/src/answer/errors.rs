//! What went wrong in browsers.

use greenroom_plugin_observatory_node::{foreign_plain, format};
use greenroom_plugin_rum_store::{
    group::State,
    queries::{Affected, ErrorGroup, ErrorTotals, GroupStory},
};

use super::Answer;
use crate::{
    judged::{SLOW_MS, is_slow_request},
    words::{at_text, count, counted, span, took},
};

const DAY_MS: i64 = 24 * 3_600_000;

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
            format!(
                "Nothing new: {} of {} are {}.",
                count(first.n),
                counted(totals.errors, "error", "errors"),
                named(first)
            )
        }
        (None, None, None) => {
            return Answer::new(format!(
                "No errors in {}, in {}.",
                span(t),
                counted(sessions, "session", "sessions")
            ));
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
        Some(back) if totals.new > 0 => {
            answer.detail(format!("Besides, {} is back{}.", named(back), away(back)))
        }
        _ => answer,
    }
}

/// One group: what it says, and whom it meets. How often is of the time of the page; since when and with what, of all that is kept.
pub(crate) fn error(story: &GroupStory, t: &str, now_ms: i64) -> Answer {
    let group = &story.group;
    let first = match &group.since_version {
        Some(version) if story.only_version.is_none() => format!(", first with {}", foreign_plain(version)),
        _ => String::new(),
    };
    let answer = Answer::new(named(group)).detail(format!(
        "{} in {} in {}. Known since {}{first}{}{}.",
        counted(group.n, "time", "times"),
        counted(group.sessions, "session", "sessions"),
        span(t),
        at_text(group.first_ms, now_ms),
        only(story.only_version.as_deref(), "with"),
        only(story.only_route.as_deref(), "on"),
    ));
    let slow = |affected: &&Affected| affected.before.iter().any(is_slow_request);
    let (all, waited) = (story.affected.len(), story.affected.iter().filter(slow).count());
    if waited * 2 > all {
        let who = match all {
            1 => "The last session".to_owned(),
            all => format!(
                "{waited} of the last {}",
                format::counted(u64::try_from(all).unwrap_or_default(), "session", "sessions")
            ),
        };
        answer.detail(format!("{who} waited {} or longer for a request just before.", took(SLOW_MS)))
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
    group
        .since_version
        .as_ref()
        .map(|version| format!(" since {}", foreign_plain(version)))
        .unwrap_or_default()
}

fn away(group: &ErrorGroup) -> String {
    let days = |away: i64| counted(away / DAY_MS, "day", "days");
    group.away_ms.map(|away| format!(" after {} without it", days(away))).unwrap_or_default()
}

fn only(what: Option<&str>, word: &str) -> String {
    what.map(|what| format!(", only {word} {}", foreign_plain(what))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(message: &str, state: State, n: i64) -> ErrorGroup {
        ErrorGroup {
            fingerprint: "9f3a61d0c27b84e5".to_owned(),
            error_type: Some("TypeError".to_owned()),
            message: message.to_owned(),
            culprit: None,
            service: None,
            state,
            n,
            sessions: 23,
            first_ms: 0,
            last_ms: 0,
            away_ms: (state == State::Back).then_some(8 * DAY_MS),
            since_version: Some("1.14.2".to_owned()),
            over_time: vec![],
        }
    }

    fn said(totals: (i64, i64, i64, i64), groups: &[ErrorGroup]) -> Vec<String> {
        let (groups_count, errors_count, new, back) = totals;
        let totals = ErrorTotals { groups: groups_count, errors: errors_count, new, back };
        let Answer { sentence, details } = errors(totals, groups, 1085, 86, "24h");
        [sentence].into_iter().chain(details).map(|line| line.replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn what_is_new_is_said_before_what_is_back_and_that_before_what_goes_on() {
        let [new, back, old] = [
            group("spec is undefined.", State::New, 61),
            group("TypeError: it is back", State::Back, 19),
            group("Entity not found", State::Ongoing, 58),
        ];
        assert_eq!(
            said((12, 195, 1, 1), &[new.clone(), old.clone(), back.clone()]),
            [
                "One new error since 1.14.2 makes 61 of 195: TypeError: spec is undefined.",
                "12 groups in the last 24 hours, in 86 of 1,085 sessions.",
                "Besides, TypeError: it is back is back after 8 days without it."
            ]
        );
        assert_eq!(
            said((12, 195, 3, 0), &[new])[0],
            "3 of 12 errors are new; most often: TypeError: spec is undefined."
        );
        assert_eq!(
            said((2, 77, 0, 1), &[old.clone(), back])[0],
            "An error is back after 8 days without it: TypeError: it is back."
        );
        assert_eq!(
            said((1, 58, 0, 0), &[old])[0],
            "Nothing new: 58 of 58 errors are TypeError: Entity not found."
        );
        assert_eq!(said((0, 0, 0, 0), &[]), ["No errors in the last 24 hours, in 1,085 sessions."]);
    }
}
