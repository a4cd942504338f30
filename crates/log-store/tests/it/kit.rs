//! A root logger whose lines are kept.

use greenroom_log_store::{Line, LineQuery, LogStore};
use greenroom_logging::{CaptureSink, RootLogger, RootLoggerBuilder};

pub(crate) const SMALL: usize = 1 << 20;

pub(crate) struct Kit {
    pub(crate) store: LogStore,
    pub(crate) root: RootLogger,
    pub(crate) written: CaptureSink,
}

impl Kit {
    pub(crate) fn new() -> Self {
        Self::of(SMALL, |builder| builder)
    }

    pub(crate) fn of(bytes: usize, with: impl FnOnce(RootLoggerBuilder) -> RootLoggerBuilder) -> Self {
        let (store, written) = (LogStore::new(bytes), CaptureSink::new());
        let builder = RootLogger::builder().sink(written.clone()).tap(store.sink());
        Self { root: with(builder).build(), store, written }
    }

    pub(crate) fn all(&self) -> Vec<Line> {
        self.found(LineQuery { limit: 1_000, ..LineQuery::default() })
    }

    pub(crate) fn found(&self, query: LineQuery) -> Vec<Line> {
        self.store.lines(&query).lines
    }

    /// The only line.
    pub(crate) fn line(&self) -> Line {
        let mut all = self.all();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }
}

pub(crate) fn messages(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| &*line.message).collect()
}
