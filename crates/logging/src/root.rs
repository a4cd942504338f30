//! The root logger: what it can do beside logging.

use std::time::Duration;

use crate::{
    Fields, Level, Logger, LoggerService, Overrides, Record, RootLoggerService, SinkState, child::Child,
};

/// The root logger: the one that may change what all of them do.
pub(crate) struct Root(pub(crate) Child);

impl LoggerService for Root {
    #[inline]
    fn enabled(&self, level: Level, keys: &[&str]) -> bool {
        self.0.enabled(level, keys)
    }

    fn log(&self, record: &Record<'_>) {
        self.0.log(record);
    }

    fn child(&self, fields: Fields) -> Logger {
        self.0.child(fields)
    }
}

impl RootLoggerService for Root {
    fn add_redactions(&self, secrets: &[&str]) -> usize {
        self.0.engine().add_secrets(secrets)
    }

    fn allow_in_lines(&self, secrets: Vec<String>) {
        self.0.engine().allow_in_lines(secrets);
    }

    fn set_level(&self, level: Level) {
        self.0.engine().set_level(level);
        tracing::callsite::rebuild_interest_cache();
    }

    fn set_overrides(&self, overrides: Overrides) {
        self.0.engine().set_overrides(overrides);
        // Libraries ask again which of their call sites are wanted.
        tracing::callsite::rebuild_interest_cache();
    }

    fn flush(&self, deadline: Duration) -> bool {
        self.0.engine().flush(deadline)
    }

    fn sinks(&self) -> Vec<SinkState> {
        self.0.engine().sinks()
    }

    fn foreign(&self) -> Logger {
        Logger::new(Child::foreign(self.0.engine().clone(), Fields::new()))
    }

    fn max_level(&self) -> Level {
        self.0.engine().rules().most()
    }
}
