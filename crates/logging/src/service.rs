//! The two logger services: what a backend may replace, and the handles that everyone holds.

use std::{error::Error as StdError, fmt, ops::Deref, sync::Arc, time::Duration};

use crate::{Fields, Level, Overrides, Record, SinkState};

/// What a logger does; implement it to replace or mock one.
pub trait LoggerService: Send + Sync + 'static {
    /// Whether a call at that level, with fields of these keys, may be kept. Asked before anything is formatted.
    fn enabled(&self, level: Level, keys: &[&str]) -> bool;

    /// Takes a record, which it may still drop.
    fn log(&self, record: &Record<'_>);

    /// A logger whose lines carry these fields besides.
    fn child(&self, fields: Fields) -> Logger;
}

/// What the root logger can do besides.
pub trait RootLoggerService: LoggerService {
    /// Masks these secrets from now on; how many of them are new.
    fn add_redactions(&self, secrets: &[&str]) -> usize;

    /// Replaces the list of secrets that [`add_redactions`](Self::add_redactions) leaves out. What is masked stays so.
    fn allow_in_lines(&self, secrets: Vec<String>) {
        let _ = secrets;
    }

    /// The logger of another process's lines, see [`RootLogger::foreign`].
    fn foreign(&self) -> Logger {
        self.child(Fields::new())
    }

    /// Replaces the threshold that holds where no override decides.
    fn set_level(&self, level: Level) {
        let _ = level;
    }

    /// Replaces the level overrides.
    fn set_overrides(&self, overrides: Overrides);

    /// Waits until every line taken so far is written, at most so long; whether it is.
    fn flush(&self, deadline: Duration) -> bool;

    /// How those keep up to which lines go.
    fn sinks(&self) -> Vec<SinkState> {
        vec![]
    }

    /// The most talkative level that any line can pass at, now.
    fn max_level(&self) -> Level;
}

/// `core.logger`: the logger of one plugin, or of a part of it.
///
/// ```
/// use greenroom_logging::{CaptureSink, Format, RootLogger, error, fields};
///
/// let lines = CaptureSink::in_format(Format::Node155Json);
/// let root = RootLogger::builder().sink(lines.clone()).build();
/// let logger = root.plugin("tasks");
///
/// logger.info("Queueing this task.");
/// let log = logger.child(fields! { task: 7 });
/// let attempt = 3;
/// error!(log, attempt, "Task {} failed", "seven");
///
/// assert_eq!(lines.take()[1], r#"{"attempt":3,"level":"error","message":"Task seven failed","plugin":"tasks","service":"backstage","task":7}"#);
/// ```
#[derive(Clone)]
pub struct Logger(Arc<dyn LoggerService>);

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Logger")
    }
}

impl Logger {
    /// A handle to a logger of any kind.
    pub fn new(service: impl LoggerService) -> Self {
        Self(Arc::new(service))
    }

    /// A logger that keeps nothing.
    pub fn noop() -> Self {
        struct Noop;
        impl LoggerService for Noop {
            fn enabled(&self, _: Level, _: &[&str]) -> bool {
                false
            }
            fn log(&self, _: &Record<'_>) {}
            fn child(&self, _: Fields) -> Logger {
                Logger::noop()
            }
        }
        Self::new(Noop)
    }

    /// Whether a call at that level, with fields of these keys, may be kept.
    #[inline]
    pub fn enabled(&self, level: Level, keys: &[&str]) -> bool {
        self.0.enabled(level, keys)
    }

    /// Logs a record made elsewhere.
    pub fn log(&self, record: &Record<'_>) {
        self.0.log(record);
    }

    /// A logger whose lines carry these fields besides; they win over those of this logger.
    pub fn child(&self, fields: Fields) -> Self {
        self.0.child(fields)
    }

    /// Logs that something failed.
    #[track_caller]
    #[rustfmt::skip] // Compilers show this line to whoever gives more arguments.
    pub fn error(&self, message: impl fmt::Display) { // with fields: error!(log, key = value, "message")
        self.at(Level::Error, &message, None);
    }

    /// Logs that something failed, with the error: its message is appended; its name, properties, cause and stack
    /// become fields of the line. This is Node's `logger.error('boom', error)`.
    ///
    /// The macro form is `error!(log, ..&err, "boom")`. To give an error as one field instead, write
    /// `error!(log, error = &err, "boom")`.
    #[track_caller]
    pub fn error_with(&self, message: impl fmt::Display, error: &(dyn StdError + 'static)) {
        self.at(Level::Error, &message, Some(error));
    }

    /// Logs that something is wrong.
    #[track_caller]
    #[rustfmt::skip] // Compilers show this line to whoever gives more arguments.
    pub fn warn(&self, message: impl fmt::Display) { // with fields: warn!(log, key = value, "message")
        self.at(Level::Warn, &message, None);
    }

    /// Logs that something is wrong, with the error, as [`error_with`](Self::error_with).
    #[track_caller]
    pub fn warn_with(&self, message: impl fmt::Display, error: &(dyn StdError + 'static)) {
        self.at(Level::Warn, &message, Some(error));
    }

    /// Logs what an operator wants to know.
    #[track_caller]
    #[rustfmt::skip] // Compilers show this line to whoever gives more arguments.
    pub fn info(&self, message: impl fmt::Display) { // with fields: info!(log, key = value, "message")
        self.at(Level::Info, &message, None);
    }

    /// Logs what an engineer wants to know.
    #[track_caller]
    #[rustfmt::skip] // Compilers show this line to whoever gives more arguments.
    pub fn debug(&self, message: impl fmt::Display) { // with fields: debug!(log, key = value, "message")
        self.at(Level::Debug, &message, None);
    }

    #[track_caller]
    #[inline]
    fn at(&self, level: Level, message: &dyn fmt::Display, error: Option<&(dyn StdError + 'static)>) {
        if self.enabled(level, &[]) {
            match error {
                None => self.log(&Record::new(level, format_args!("{message}"))),
                Some(e) => self.log(&Record::new(level, format_args!("{message}")).with_error(e)),
            }
        }
    }
}

/// `core.rootLogger`: the logger of the backend itself, from which all others come.
///
/// It is a [`Logger`] too, by dereference.
#[derive(Clone)]
pub struct RootLogger {
    root: Arc<dyn RootLoggerService>,
    logger: Logger,
}

impl fmt::Debug for RootLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootLogger")
    }
}

impl Deref for RootLogger {
    type Target = Logger;

    fn deref(&self) -> &Logger {
        &self.logger
    }
}

impl RootLogger {
    /// A handle to a root logger of any kind.
    pub fn new(service: impl RootLoggerService) -> Self {
        Self::from_arc(Arc::new(service))
    }

    pub(crate) fn from_arc(root: Arc<dyn RootLoggerService>) -> Self {
        Self { logger: Logger(root.clone()), root }
    }

    /// The logger of a plugin.
    pub fn plugin(&self, id: &str) -> Logger {
        let mut fields = Fields::new();
        fields.insert_literal("plugin", crate::FieldValue::Str(id), false);
        self.child(fields)
    }

    /// The logger of lines that another process has printed: they carry what they brought, and nothing of ours, neither fields of
    /// this logger nor what the current work belongs to. Level rules, secrets and sinks are the same; nobody waits for such a
    /// line to be written.
    ///
    /// ```
    /// use greenroom_logging::{CaptureSink, Format, RootLogger};
    ///
    /// let lines = CaptureSink::in_format(Format::Node155Json);
    /// let root = RootLogger::builder().sink(lines.clone()).build();
    /// root.foreign().info("from elsewhere");
    /// assert_eq!(lines.take(), [r#"{"level":"info","message":"from elsewhere"}"#]);
    /// ```
    pub fn foreign(&self) -> Logger {
        self.root.foreign()
    }

    /// The same root logger, whose own lines and those of loggers made of it carry these fields besides.
    ///
    /// ```
    /// use greenroom_logging::{CaptureSink, RootLogger, fields};
    ///
    /// let lines = CaptureSink::new();
    /// let root = RootLogger::builder().sink(lines.clone()).build().with_fields(fields! { region: "eu-1" });
    /// root.plugin("catalog").info("Refreshed");
    /// assert_eq!(lines.json()[0]["region"], "eu-1");
    /// ```
    #[must_use]
    pub fn with_fields(&self, fields: Fields) -> Self {
        Self { root: self.root.clone(), logger: self.logger.child(fields) }
    }

    /// Masks these secrets from now on, in every line of every child; how many of them are new. The set only grows.
    pub fn add_redactions<S: AsRef<str>>(&self, secrets: impl IntoIterator<Item = S>) -> usize {
        let secrets: Vec<S> = secrets.into_iter().collect();
        let secrets: Vec<&str> = secrets.iter().map(AsRef::as_ref).collect();
        self.root.add_redactions(&secrets)
    }

    /// Replaces the list of secrets that are not to be masked, each compared as a whole. What is masked stays so.
    pub fn allow_in_lines(&self, secrets: Vec<String>) {
        self.root.allow_in_lines(secrets);
    }

    /// Replaces the threshold that holds where no override decides, for every child too.
    pub fn set_level(&self, level: Level) {
        self.root.set_level(level);
    }

    /// How those keep up to which lines go; none of a sink that has nobody to wait for.
    pub fn sinks(&self) -> Vec<SinkState> {
        self.root.sinks()
    }

    /// Replaces the level overrides, for every child too.
    pub fn set_overrides(&self, overrides: Overrides) {
        self.root.set_overrides(overrides);
    }

    /// Waits until every line taken so far is written, at most so long; whether it is.
    ///
    /// Whoever ends the process calls it: at exit and on signals the deadline is 2 s.
    pub fn flush(&self, deadline: Duration) -> bool {
        self.root.flush(deadline)
    }

    /// The most talkative level that any line can pass at, now.
    pub fn max_level(&self) -> Level {
        self.root.max_level()
    }
}
