//! How the state of the Node backend is said, and since when it is so.

use std::time::{Instant, SystemTime};

use greenroom_proxy::State;

use crate::Gateway;

/// The Node backend by its address.
pub(crate) fn named(gateway: &Gateway) -> String {
    format!("the Node backend at {}", gateway.proxy().address())
}

/// Why it cannot be asked, without a full stop; `None` if it can.
pub(crate) fn away(gateway: &Gateway, state: &State) -> Option<String> {
    let named = named(gateway);
    match state {
        State::Starting { .. } => Some(format!("{named} has not listened yet")),
        State::Up { .. } => None,
        State::Down { why, .. } | State::Failed { why, .. } if let Some(says_all) = of_process(why) => {
            Some(format!("{named} {says_all}"))
        }
        State::Down { why, .. } => Some(format!("{named} takes no connections: {why}")),
        State::Failed { why, .. } => Some(format!("{named} does not run: {why}")),
    }
}

/// What became of its process, of a child: how it ended, and when it is started again. The sentence is about the backend itself.
pub(crate) fn of_process(why: &str) -> Option<&str> {
    why.strip_prefix("The backend ")
}

/// Why it is so, if anybody knows.
pub(crate) fn why(state: &State) -> Option<&str> {
    match state {
        State::Starting { .. } | State::Up { .. } => None,
        State::Down { why, .. } | State::Failed { why, .. } => Some(why),
    }
}

/// The state in a word, for programs.
pub(crate) fn word(state: &State) -> &'static str {
    match state {
        State::Starting { .. } => "starting",
        State::Up { .. } => "up",
        State::Down { .. } => "down",
        State::Failed { .. } => "failed",
    }
}

/// When a state began, on the clock of people.
pub(crate) fn since(state: &State, now: SystemTime) -> SystemTime {
    let (State::Starting { since }
    | State::Up { since, .. }
    | State::Down { since, .. }
    | State::Failed { since, .. }) = state;
    at(*since, now)
}

fn at(time: Instant, now: SystemTime) -> SystemTime {
    now.checked_sub(time.elapsed()).unwrap_or(now)
}
