//! Whether the log's reader keeps up.

use std::time::Duration;

use greenroom_logging::SinkState;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::Check;

/// How long a reader may take nothing of what is written.
const PATIENCE: Duration = Duration::from_secs(2);
/// For how long it is told that lines were dropped.
const MEMORY: Duration = Duration::from_secs(60);

/// What was seen of lines that were dropped.
#[derive(Default)]
pub(super) struct Drops(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    lost: u64,
    /// When that was found to have grown.
    at: Option<Instant>,
}

impl Drops {
    pub(super) fn check(&self, sinks: &[SinkState]) -> Check {
        let lost = sinks.iter().map(|sink| sink.lost).sum();
        let is_recent = {
            let mut seen = self.0.lock();
            if lost > seen.lost {
                *seen = Seen { lost, at: Some(Instant::now()) };
            }
            seen.at.is_some_and(|at| at.elapsed() <= MEMORY)
        };
        let blocked = sinks.iter().filter_map(|sink| sink.blocked).max().filter(|since| *since >= PATIENCE);
        if sinks.iter().any(|sink| sink.is_closed) {
            return Check::fail(format!(
                "nobody reads the log any more, and what is logged is lost: {} so far",
                lines(lost)
            ))
            .next_step("start it again with its standard output read");
        }
        if let Some(since) = blocked {
            let told = format!(
                "the log's reader has taken nothing for {} s; {} were dropped since the start",
                since.as_secs(),
                lines(lost)
            );
            return Check::fail(told).next_step("see what reads the standard output of this process");
        }
        if is_recent {
            let told = format!(
                "the log is read more slowly than it is written: {} were dropped since the start, the last ones within a minute",
                lines(lost)
            );
            let next = "see what reads the standard output of this process, and who logs so much, as by `greenroom logs --count`";
            return Check::fail(told).next_step(next);
        }
        Check::pass()
    }
}

fn lines(count: u64) -> String {
    if count == 1 { "1 line".to_owned() } else { format!("{count} lines") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(lost: u64, blocked: Option<u64>, is_closed: bool) -> [SinkState; 1] {
        [SinkState { lost, blocked: blocked.map(Duration::from_secs), is_closed }]
    }

    fn said(drops: &Drops, sinks: &[SinkState]) -> String {
        drops.check(sinks).message.unwrap_or_default()
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_is_told_with_how_long_and_what_is_lost() {
        let drops = Drops::default();
        assert_eq!(drops.check(&[]), Check::pass());
        assert_eq!(drops.check(&state(0, Some(1), false)), Check::pass(), "it may take a second");
        let stuck = said(&drops, &state(0, Some(7), false));
        assert_eq!(stuck, "the log's reader has taken nothing for 7 s; 0 lines were dropped since the start");
        let gone = said(&drops, &state(1, None, true));
        assert_eq!(gone, "nobody reads the log any more, and what is logged is lost: 1 line so far");
    }

    #[tokio::test(start_paused = true)]
    async fn lines_that_were_dropped_are_told_for_a_minute() {
        let drops = Drops::default();
        assert!(said(&drops, &state(3, None, false)).contains("3 lines were dropped"));
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(said(&drops, &state(3, None, false)).contains("3 lines were dropped"));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(drops.check(&state(3, None, false)), Check::pass());
        assert!(said(&drops, &state(4, None, false)).contains("4 lines"), "one more is news");
    }
}
