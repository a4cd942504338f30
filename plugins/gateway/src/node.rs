//! What the Node backend says of its own readiness.

use std::time::{Duration, SystemTime};

use greenroom::health::Check;
use greenroom_proxy::{Readiness, State};
use parking_lot::Mutex;
use serde_json::Value;

use crate::{Gateway, words};

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

/// Since when it has said the same.
#[derive(Debug, Default)]
pub(crate) struct Since(Mutex<Option<(bool, SystemTime)>>);

impl Since {
    pub(crate) fn of(&self, readiness: Readiness) -> NodeReadiness {
        let Readiness { at, took, answer } = readiness;
        let said = match answer {
            Ok((status, _)) if status < 400 => Said::Ready,
            Ok((status, body)) => Said::NotReady(status, message(&body)),
            Err(why) => Said::Nothing(why.to_string()),
        };
        let is_ready = said == Said::Ready;
        let mut known = self.0.lock();
        let (_, since) = known.filter(|(before, _)| *before == is_ready).unwrap_or((is_ready, at));
        *known = Some((is_ready, since));
        NodeReadiness { said, at, took, since }
    }
}

impl NodeReadiness {
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
            let why = gateway.node().and_then(|node| node.why());
            why.map(|why| format!("{} {why}", words::named(gateway)))
        }
        _ => words::away(gateway, &state),
    };
    why.map_or_else(Check::pass, Check::fail)
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

    #[test]
    fn it_is_known_since_when_it_has_said_the_same() {
        let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let since = Since::default();
        let said = |second, status| {
            let readiness =
                Readiness { at: at(second), took: Duration::ZERO, answer: Ok((status, String::new())) };
            since.of(readiness).since
        };
        assert_eq!(
            [said(1, 503), said(2, 404), said(3, 200), said(4, 204), said(5, 503)],
            [1, 1, 3, 3, 5].map(at)
        );
    }
}
