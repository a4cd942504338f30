//! The sink by which a root logger's records are kept.

use std::sync::Arc;

use greenroom_logging::{Emitted, Redactor, Sink, Wants};

use crate::{encode, store::Inner};

/// What libraries that export telemetry say would tell of the telling.
const EXPORTERS: [&str; 1] = ["opentelemetry"];

tokio::task_local! {
    static UNSEEN: ();
}

/// Runs work whose lines are written and not kept: that which reads lines. Who follows the log and logs for each line would see
/// no end of it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use greenroom_log_store::{LineQuery, LogStore, unseen};
/// use greenroom_logging::RootLogger;
///
/// let store = LogStore::new(1 << 20);
/// let root = RootLogger::builder().tap(store.sink()).build();
/// unseen(async { root.info("Somebody reads the log") }).await;
/// assert!(store.lines(&LineQuery::default()).lines.is_empty());
/// # }
/// ```
///
/// What the work spawns is not part of it.
pub fn unseen<F: Future>(work: F) -> impl Future<Output = F::Output> {
    UNSEEN.scope((), work)
}

/// Keeps records in a [`LogStore`](crate::LogStore).
pub struct LogStoreSink(pub(crate) Arc<Inner>);

impl Sink for LogStoreSink {
    fn wants(&self) -> Wants {
        Wants::Record
    }

    fn emit(&self, emitted: &Emitted<'_>) {
        let target = emitted.record().target();
        let is_exporter = target.is_some_and(|of| EXPORTERS.iter().any(|exporter| of.starts_with(exporter)));
        if is_exporter || self.0.is_off() || UNSEEN.try_with(|()| ()).is_ok() {
            return;
        }
        encode::with_record(emitted, &self.0.shapes, |record| {
            self.0.keep(record, emitted.record().level());
        });
    }

    fn take_redactor(&self, redactor: Redactor) {
        self.0.attach(redactor);
    }
}
