//! What the log has lost.

use greenroom_logging::RootLogger;
use greenroom_metrics::Metrics;

pub(super) fn tell(metrics: &Metrics, logger: RootLogger) {
    metrics
        .observable_counter("greenroom.log.dropped")
        .unit("{record}")
        .description(
            "Lines that were dropped because nobody took them in time, those of a Node child among them.",
        )
        .observe(move |now| now.observe(logger.sinks().iter().map(|sink| sink.lost).sum::<u64>(), &[]));
}
