//! The root logger: what it can do beside logging.

use std::time::Duration;

use greenroom_redact::WeakSecrets;

use crate::{
    FieldValue, Fields, Level, Logger, LoggerService, Overrides, Record, RootLoggerService, child::Child,
    field::Field,
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
        let engine = self.0.engine();
        let mut origins = String::new();
        for field in self.0.fields().iter().filter(|field| matches!(field.key(), "service" | "plugin")) {
            field.value().push_text(&mut origins);
            origins.push('\n');
        }
        let names = || Level::ALL.iter().map(|level| level.as_str()).chain(origins.lines());
        let weak = engine.add_secrets(secrets, |secret| names().any(|name| name.contains(secret)));
        // Node has no such lines.
        if engine.additions {
            warn_of(&self.0, weak);
        }
        weak.new
    }

    fn allow_in_lines(&self, secrets: Vec<String>) {
        self.0.engine().allow_in_lines(secrets);
    }

    fn set_overrides(&self, overrides: Overrides) {
        self.0.engine().set_overrides(overrides);
        // Libraries ask again which of their call sites are wanted.
        tracing::callsite::rebuild_interest_cache();
    }

    fn flush(&self, deadline: Duration) -> bool {
        self.0.engine().flush(deadline)
    }

    fn max_level(&self) -> Level {
        self.0.engine().rules().most()
    }
}

fn warn_of(logger: &Child, weak: WeakSecrets) {
    let warn = |count: usize, message: &str| {
        if count > 0 && logger.enabled(Level::Warn, &["count"]) {
            let fields = [Field::literal("count", FieldValue::U64(count as u64))];
            logger.log(&Record::new(Level::Warn, format_args!("{message}")).with_fields(&fields));
        }
    };
    warn(
        weak.short,
        "Secrets in config are shorter than 8 characters, ordinary text that holds them is masked too",
    );
    warn(weak.exempt, "Secrets in config are part of a level or service name, where they are not masked");
}
