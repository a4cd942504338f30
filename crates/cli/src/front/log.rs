//! What the Node backend prints, as records of our log.

use greenroom::logging::{Logger, RootLogger};
use greenroom_node_log::{Record, facts::IncomingRequest};
use greenroom_proxy::{PROBE_AGENT, PROBE_PATH};
use greenroom_wrap::{LastWords, Output, OutputOptions, RunLog, RunSettings};

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

/// Whether it is the line of a request by which we have looked whether Node answers. Anybody may call himself as we do: of what is
/// not that one request, the line is kept.
fn is_of_a_probe(record: &Record<'_>) -> bool {
    IncomingRequest::of(record).is_some_and(|request| {
        (request.method, request.url, request.user_agent) == ("GET", PROBE_PATH, Some(PROBE_AGENT))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use greenroom_node_log::{Reader, Stream};

    use super::*;

    #[test]
    fn lines_of_our_own_probes_are_left_out_and_no_others() {
        let line = |service: &str, request: &str, agent: &str| {
            format!(
                "{{\"level\":\"info\",\"message\":\"\\\"{request} HTTP/1.1\\\" 200 2 \\\"-\\\" \\\"{agent}\\\"\",\"service\":\"{service}\"}}\n"
            )
        };
        let probe = &*format!("GET {PROBE_PATH}");
        let (posted, with_query, below) =
            (&*format!("POST {PROBE_PATH}"), &*format!("{probe}?x"), &*format!("{probe}/x"));
        for (service, request, agent, expected) in [
            ("rootHttpRouter", probe, PROBE_AGENT, true),
            ("rootHttpRouter", probe, "curl/8", false),
            ("rootHttpRouter", probe, "not greenroom-probe", false),
            ("backstage", probe, PROBE_AGENT, false),
            ("rootHttpRouter", "GET /api/catalog/entities", PROBE_AGENT, false),
            ("rootHttpRouter", posted, PROBE_AGENT, false),
            ("rootHttpRouter", with_query, PROBE_AGENT, false),
            ("rootHttpRouter", below, PROBE_AGENT, false),
        ] {
            let mut seen = vec![];
            let mut reader = Reader::new(Stream::Stdout);
            reader.push(line(service, request, agent).as_bytes(), Instant::now(), &mut |record| {
                seen.push(is_of_a_probe(&record));
            });
            assert_eq!(seen, [expected], "{service} {request} {agent}");
        }
    }

    #[test]
    fn pass_hands_the_log_on_whatever_the_config_says() {
        assert_eq!(passing(RunSettings::default()).log, RunLog::Pass);
    }
}
