//! The record of an end, as it is kept in `last-exit.json` and told by the log.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, SystemTime},
};

use greenroom_logging::visible;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{cause::Cause, tail::cut};
use crate::{Memory, heartbeat::Beat};

/// How long a message for the orchestrator may be: Kubernetes cuts longer ones.
const MESSAGE_BYTES: usize = 4096;

/// A moment, in RFC 3339 to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Time(Timestamp);

impl Time {
    pub(crate) fn now() -> Self {
        SystemTime::now().into()
    }
}

impl From<SystemTime> for Time {
    fn from(at: SystemTime) -> Self {
        let millis = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        let at = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
        Self(at.unwrap_or_default())
    }
}

impl From<Time> for SystemTime {
    fn from(time: Time) -> Self {
        let millis = u64::try_from(time.0.as_millisecond()).unwrap_or_default();
        Self::UNIX_EPOCH + Duration::from_millis(millis)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Time {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

/// Memory, as files tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryAt {
    /// Resident, of the child with all that it has started.
    pub rss_bytes: u64,
    /// What the cgroup uses without the pages of files.
    pub used_bytes: Option<u64>,
    /// What the cgroup may use.
    pub limit_bytes: Option<u64>,
}

impl From<Memory> for MemoryAt {
    fn from(memory: Memory) -> Self {
        Self { rss_bytes: memory.rss, used_bytes: memory.used, limit_bytes: memory.limit }
    }
}

impl MemoryAt {
    /// See [`Memory::share`].
    pub fn share(&self) -> Option<f64> {
        let (rss, used, limit) = (self.rss_bytes, self.used_bytes, self.limit_bytes);
        Memory { at: SystemTime::UNIX_EPOCH, rss, used, limit }.share()
    }
}

/// `97 % of the memory limit (496 of 512 MiB)`, `310 MiB of memory`.
impl fmt::Display for MemoryAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes >> 20;
        match (self.share(), self.limit_bytes) {
            (Some(share), Some(limit)) => {
                let used = self.used_bytes.unwrap_or(self.rss_bytes);
                let percent = share * 100.0;
                write!(f, "{percent:.0} % of the memory limit ({} of {} MiB)", mib(used), mib(limit))
            }
            _ => write!(f, "{} MiB of memory", mib(self.rss_bytes)),
        }
    }
}

/// How a child ended, and what was known then: the shape of `last-exit.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastExit {
    /// When.
    pub time: Time,
    /// Of which of our starts it was a child.
    pub start_id: String,
    /// Why.
    pub cause: Cause,
    /// All of it in a sentence, without a full stop.
    pub sentence: String,
    /// The line that tells most: V8's last word, the plugin that failed, an error.
    pub detail: Option<String>,
    /// The exit code, 128 and the number of a signal.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<String>,
    /// From its start to its end.
    pub uptime_ms: Option<u64>,
    /// Its process id.
    pub pid: Option<u32>,
    /// When it was looked at last.
    pub memory: Option<MemoryAt>,
    /// Requests that had no answer yet, by plugin; those below no `/api/<id>` have an empty name.
    #[serde(default)]
    pub in_flight: BTreeMap<String, u64>,
    /// The last lines that it printed, the oldest first.
    #[serde(default)]
    pub lines: Vec<String>,
}

impl LastExit {
    /// Whether something is wrong.
    pub fn is_failure(&self) -> bool {
        self.cause != Cause::Stopped
    }

    /// That of a process of which only its last beat is left.
    pub(crate) fn without_goodbye(beat: Beat) -> Self {
        let Beat { time, start_id, pid, uptime_ms, memory } = beat;
        let at = memory.map(|memory| format!(" at {memory}")).unwrap_or_default();
        Self {
            time,
            start_id,
            cause: Cause::NoGoodbye,
            sentence: format!("The previous run ended without goodbye{at}, soon after {time}"),
            detail: None,
            code: None,
            signal: None,
            uptime_ms: Some(uptime_ms),
            pid: Some(pid),
            memory,
            in_flight: BTreeMap::new(),
            lines: vec![],
        }
    }

    /// From its start to its end.
    pub fn uptime(&self) -> Option<Duration> {
        self.uptime_ms.map(Duration::from_millis)
    }

    /// What an orchestrator shows, at most 4096 bytes: the sentence, and then as many of the last lines as find room. `kubectl`
    /// prints it as it is, so what a terminal would obey is shown by its escape.
    pub(crate) fn message(&self) -> String {
        let mut text = shown(&format!("{}.", self.sentence));
        let memory = self.memory.map(|memory| format!("At {memory}"));
        for more in [self.detail.as_deref(), memory.as_deref()].into_iter().flatten() {
            text += &shown(more);
        }
        let mut room = MESSAGE_BYTES.saturating_sub(text.len());
        let last = self.lines.iter().rev().map(|line| shown(line)).take_while(|line| {
            let left = room.checked_sub(line.len());
            room = left.unwrap_or_default();
            left.is_some()
        });
        let last: Vec<_> = last.collect();
        text.extend(last.into_iter().rev());
        cut(&text, MESSAGE_BYTES).to_owned()
    }
}

/// The lines of a text, each with its end, without what a terminal would obey.
fn shown(text: &str) -> String {
    let lines = text.lines().map(|line| visible(line.trim_end_matches('\r')));
    lines.flat_map(|line| [line, "\n".into()]).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn killed(lines: Vec<String>) -> LastExit {
        LastExit {
            time: Time::now(),
            start_id: "a-1".to_owned(),
            cause: Cause::Killed,
            sentence: "The backend has ended: killed by SIGKILL after 3.0 s: it was killed from outside"
                .to_owned(),
            detail: None,
            code: Some(137),
            signal: Some("SIGKILL".to_owned()),
            uptime_ms: Some(3000),
            pid: Some(42),
            memory: Some(MemoryAt {
                rss_bytes: 400 << 20,
                used_bytes: Some(496 << 20),
                limit_bytes: Some(512 << 20),
            }),
            in_flight: BTreeMap::from([("catalog".to_owned(), 3)]),
            lines,
        }
    }

    #[test]
    fn memory_is_told_by_its_share_of_the_limit() {
        assert_eq!(killed(vec![]).memory.unwrap().to_string(), "97 % of the memory limit (496 of 512 MiB)");
        let free = MemoryAt { rss_bytes: 310 << 20, used_bytes: Some(9), limit_bytes: None };
        assert_eq!(free.to_string(), "310 MiB of memory");
    }

    #[test]
    fn the_message_begins_with_the_sentence_and_ends_with_the_last_line() {
        let message = killed(vec!["first".to_owned(), "last".to_owned()]).message();
        assert!(message.starts_with("The backend has ended: killed by SIGKILL"), "{message}");
        assert!(
            message.ends_with("At 97 % of the memory limit (496 of 512 MiB)\nfirst\nlast\n"),
            "{message}"
        );
        let long = killed((0..40).map(|count| format!("{count:02} {}", "é".repeat(200))).collect()).message();
        assert!(long.len() <= MESSAGE_BYTES && long.contains("39 é") && !long.contains("00 é"), "{long}");
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_by_its_escape() {
        let lines = ["\u{1b}]0;title\u{7}\u{1b}[31mred", "windows\r", "5 %\r99 %", "", "\u{202e}tfel"];
        let exit = LastExit {
            detail: Some("Error: \u{9b}2J\r\nwhy".to_owned()),
            memory: None,
            ..killed(lines.map(str::to_owned).to_vec())
        };
        let message = exit.message();
        let told = message.split_once("\n").unwrap().1;
        assert_eq!(
            told,
            "Error: \\u009b2J\nwhy\n\\u001b]0;title\\u0007\\u001b[31mred\nwindows\n5 %\\r99 %\n\\u202etfel\n"
        );
    }

    #[test]
    fn what_is_kept_is_read_back_also_by_a_version_that_knows_less_of_it() {
        let exit = killed(vec!["last".to_owned()]);
        let mut json = serde_json::to_value(&exit).unwrap();
        assert_eq!(serde_json::from_value::<LastExit>(json.clone()).unwrap(), exit);
        assert_eq!((&json["cause"], &json["uptimeMs"]), (&"killed".into(), &3000.into()));
        json["added"] = true.into();
        json.as_object_mut().unwrap().remove("inFlight");
        assert_eq!(serde_json::from_value::<LastExit>(json).unwrap().cause, Cause::Killed);
        // The name in files is that in records.
        for cause in [Cause::V8HeapLimit, Cause::AbortOrV8HeapLimit, Cause::CgroupOom, Cause::NeverListened] {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
        }
    }

    proptest! {
        #[test]
        fn whatever_was_printed_the_message_has_at_most_4096_bytes(sentence in ".{0,3000}", lines in prop::collection::vec(".{0,600}", 0..20)) {
            let message = LastExit { sentence, ..killed(lines) }.message();
            prop_assert!(message.len() <= MESSAGE_BYTES);
            prop_assert!(!message.contains(|c: char| c.is_control() && c != '\n'));
        }
    }
}
