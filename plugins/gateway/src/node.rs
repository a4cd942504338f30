//! What the Node backend says of its own readiness.

use std::time::{Duration, SystemTime};

use greenroom::health::Check;
use greenroom_proxy::{Readiness, State};
use serde_json::Value;

use crate::{Gateway, boot, words};

/// How many characters of its message are told.
const LONGEST: usize = 300;

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct NodeReadiness {
    pub(crate) said: Said,
    pub(crate) at: SystemTime,
    pub(crate) took: Duration,
    /// When the first of the answers came that have all said yes, or all no.
    pub(crate) since: SystemTime,
}

/// What it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A status below 400.
    Ready,
    /// Another status, and the message with it.
    NotReady(u16, Option<String>),
    /// There was no answer, for this reason.
    Nothing(String),
}

impl NodeReadiness {
    pub(crate) fn of(readiness: &Readiness) -> Self {
        let Readiness { since, at, took, answer } = readiness;
        let said = match answer {
            Ok(_) if readiness.is_ready() => Said::Ready,
            Ok((status, body)) => Said::NotReady(*status, message(body)),
            Err(why) => Said::Nothing(why.to_string()),
        };
        Self { said, at: *at, took: *took, since: *since }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.said == Said::Ready
    }

    /// Why it is not ready, for operators; nothing if it is.
    pub(crate) fn why(&self) -> Option<String> {
        match &self.said {
            Said::Ready => None,
            Said::NotReady(_, Some(message)) => Some(format!("says that it is not ready: {message}")),
            Said::NotReady(status, None) => Some(format!("answers its readiness with {status}")),
            Said::Nothing(why) => Some(format!("does not answer its readiness: {why}")),
        }
    }
}

/// The health check `gateway.node`.
pub(crate) fn check(gateway: &Gateway) -> Check {
    let state = gateway.state();
    let why = match &state {
        State::Up { .. } => {
            // One that listens may be the next that does not become ready.
            let why = match gateway.node() {
                Some(node) => node.why(),
                None => Some("has not said yet whether it is ready".to_owned()),
            };
            why.map(|why| format!("{} {why}", words::named(gateway)))
        }
        _ => words::away(gateway, &state),
    };
    let boot = gateway.boot();
    if let Some(why) = why {
        return Check::fail(why + &boot::behind(boot.as_ref()));
    }
    // It is asked for its readiness anew, and that is what fails then.
    if let Some(stall) = gateway.proxy().status().stalls.first().filter(|stall| stall.goes_on) {
        let (named, lasted, what) = (words::named(gateway), stall.lasted.as_secs_f64(), stall.kind.what());
        return Check::warn(format!("the event loop of {named} has stood still for {lasted:.1} s: {what}"));
    }
    boot.as_ref().and_then(boot::lacks).map_or_else(Check::pass, |lacks| {
        Check::warn(format!("{} has started without {lacks}", words::named(gateway)))
    })
}

/// What Backstage says beside the status.
fn message(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let message = body["message"].as_str()?.trim().trim_end_matches('.');
    Some(message.chars().take(LONGEST).collect::<String>()).filter(|message| !message.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_backstages_and_cut() {
        let body = r#"{"message":"Backend has not started yet","status":"error"}"#;
        assert_eq!(message(body).as_deref(), Some("Backend has not started yet"));
        let long = format!(r#"{{"message":"{}"}}"#, "ä".repeat(1000));
        assert_eq!(message(&long).unwrap().chars().count(), LONGEST);
        for none in ["", "{}", "[1]", "{\"message\":1}", "{\"message\":\" \"}", "<html>", "{\"message\":\"cu"]
        {
            assert_eq!(message(none), None);
        }
    }
}
