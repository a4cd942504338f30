//! What the Node backend prints, as records of our log.

use greenroom::logging::{Logger, RootLogger};
use greenroom_node_log::{Record, facts::IncomingRequest};
use greenroom_wrap::{LastWords, Output, OutputOptions, RunLog, RunSettings};

/// How the gateway's probes of Node call themselves.
const PROBE: &str = "greenroom-probe";

/// Where it goes; `None` for where our own output goes, byte for byte. `own` gets what is to say of it, `words` its last lines.
pub(super) fn output(
    settings: &RunSettings,
    root: &RootLogger,
    own: &Logger,
    words: &LastWords,
) -> Option<Output> {
    match settings.log {
        RunLog::Pass => None,
        RunLog::Records => Some(Output::new(OutputOptions {
            foreign: root.foreign(),
            own: own.clone(),
            tail: words.tail().clone(),
            is_left_out: Box::new(is_of_a_probe),
        })),
    }
}

/// `GREENROOM=pass`, whatever the config says.
pub(super) fn passing(settings: RunSettings) -> RunSettings {
    RunSettings { log: RunLog::Pass, ..settings }
}

/// Whether it is the line of a request by which we have looked whether Node answers.
fn is_of_a_probe(record: &Record<'_>) -> bool {
    IncomingRequest::of(record).is_some_and(|request| request.user_agent == Some(PROBE))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use greenroom_node_log::{Reader, Stream};

    use super::*;

    #[test]
    fn lines_of_our_own_probes_are_left_out_and_no_others() {
        let line = |service: &str, agent: &str| {
            format!(
                "{{\"level\":\"info\",\"message\":\"\\\"GET /x HTTP/1.1\\\" 200 2 \\\"-\\\" \\\"{agent}\\\"\",\"service\":\"{service}\"}}\n"
            )
        };
        for (service, agent, expected) in [
            ("rootHttpRouter", PROBE, true),
            ("rootHttpRouter", "curl/8", false),
            ("rootHttpRouter", "not greenroom-probe", false),
            ("backstage", PROBE, false),
        ] {
            let mut seen = vec![];
            let mut reader = Reader::new(Stream::Stdout);
            reader.push(line(service, agent).as_bytes(), Instant::now(), &mut |record| {
                seen.push(is_of_a_probe(&record));
            });
            assert_eq!(seen, [expected], "{service} {agent}");
        }
    }

    #[test]
    fn pass_hands_the_log_on_whatever_the_config_says() {
        assert_eq!(passing(RunSettings::default()).log, RunLog::Pass);
    }
}
