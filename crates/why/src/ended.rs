//! How a wrapped Node backend has ended, as wrap has noted it: in a word, and what to do about it.

use std::time::SystemTime;

use greenroom_wrap::{Cause, Time};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{answer::Finding, words::said};

/// An end, of `last-exit.json` or of the gateway's document.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct End {
    time: Time,
    pub(crate) cause: Cause,
    sentence: String,
    /// From the start of the process to its end; only the file has it.
    #[serde(default)]
    pub(crate) uptime_ms: Option<u64>,
}

impl End {
    /// That which a document tells, if it does.
    pub(crate) fn of(told: &Value) -> Option<Self> {
        Self::deserialize(told).ok()
    }

    /// That which a line of a log tells: its field `cause`, its message, when it was written, and its field `uptimeMs`.
    pub(crate) fn told(
        cause: &Value,
        sentence: &str,
        at: Option<Timestamp>,
        uptime_ms: Option<u64>,
    ) -> Option<Self> {
        let cause = Cause::deserialize(cause).ok()?;
        let time = Time::from(SystemTime::try_from(at.unwrap_or_default()).unwrap_or(SystemTime::UNIX_EPOCH));
        Some(Self { time, cause, sentence: sentence.to_owned(), uptime_ms })
    }

    /// When.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        SystemTime::from(self.time).try_into().ok()
    }

    /// All of it in a sentence.
    pub(crate) fn sentence(&self) -> String {
        said(&self.sentence).replacen("The backend", "The Node backend", 1)
    }

    /// What is to be said of it.
    pub(crate) fn finding(&self) -> Finding {
        Finding::new(self.cause.as_str(), self.sentence(), advice(self.cause))
            .since(self.at())
            .hits("everybody")
    }
}

/// What to do about it.
fn advice(cause: Cause) -> &'static str {
    match cause {
        Cause::V8HeapLimit => {
            "raise --max-old-space-size in NODE_OPTIONS to three quarters of the memory limit, and raise the limit with it"
        }
        Cause::CgroupOom => "raise the memory limit of its container, or find out what takes the memory",
        Cause::KilledOrCgroupOom => {
            "see in the events of its container whether that was its memory limit, and raise it; else see who sends SIGKILL"
        }
        Cause::Killed => "see who sends that signal: an orchestrator whose liveness probe fails, or a person",
        Cause::PassedOn => "see who sends Greenroom that signal",
        Cause::Abort => "see its last lines in the log: what broke is a native module, or Node itself",
        Cause::AbortOrV8HeapLimit => {
            "see its last lines in the log; if V8 says that its heap is full, raise --max-old-space-size in NODE_OPTIONS"
        }
        Cause::StartFailed => "see `greenroom boot`, which shows its start, and its last lines in the log",
        Cause::NeverListened => "see whether its command starts a backend, and where that listens",
        Cause::CannotRun => "see whether its command is right, and whether its program is there",
        Cause::NoGoodbye => {
            "see what has ended Greenroom with it, such as the memory limit of their container"
        }
        _ => "see its last lines in the log, and start it again",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_cause_keeps_its_word_and_one_of_a_newer_version_is_unknown() {
        for (word, next) in [
            ("exit", "see its last lines in the log, and start it again"),
            ("v8HeapLimit", "--max-old-space-size"),
            ("abort", "native module"),
            ("abortOrV8HeapLimit", "if V8 says"),
            ("cgroupOom", "raise the memory limit"),
            ("killedOrCgroupOom", "whether that was its memory limit"),
            ("passedOn", "who sends Greenroom"),
            ("killed", "who sends that signal"),
            ("startFailed", "greenroom boot"),
            ("neverListened", "whether its command starts a backend"),
            ("cannotRun", "whether its program is there"),
            ("noGoodbye", "what has ended Greenroom"),
            ("unknown", "see its last lines"),
        ] {
            // The words of each sentence hold those of other causes: they decide nothing.
            let sentence = "The backend has ended: killed by SIGABRT after 3.0 s (its heap reached V8's limit; its start failed)";
            let told = json!({"time": "2026-12-01T10:00:00.000Z", "cause": word, "sentence": sentence});
            let found = End::of(&told).unwrap().finding();
            assert_eq!(found.cause, word);
            assert!(found.next.contains(next), "{word}: {}", found.next);
            assert!(
                found.what.starts_with("The Node backend has ended") && found.since.is_some(),
                "{found:?}"
            );
        }
        let newer =
            json!({"time": "2026-12-01T10:00:00.000Z", "cause": "struckByLightning", "sentence": "x"});
        assert_eq!(End::of(&newer).unwrap().cause, Cause::Unknown);
        assert!(End::of(&json!(null)).is_none());
    }
}
