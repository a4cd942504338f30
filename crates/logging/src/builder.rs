//! Putting a root logger together.

use std::{borrow::Cow, sync::Arc};

use crate::{
    Fields, Format, Level, Overrides, Record, RootLogger,
    child::Child,
    engine::Engine,
    field::Flags,
    root::Root,
    service::RootLoggerService,
    sink::{BufferedSink, Sink, Wants},
    value::{OwnedValue, ToField},
};

/// What a root logger is made of, as plain values.
#[derive(Clone, Debug)]
pub struct LoggerOptions {
    /// The threshold where no override decides.
    pub level: Level,
    /// The format of lines.
    pub format: Format,
    /// The fields of every line.
    pub meta: Fields,
    /// The level overrides.
    pub overrides: Overrides,
    /// Text to mask.
    pub secrets: Vec<String>,
    /// Secrets that need not be masked, as `backend.logger.redactAllowlist` has them: compared with whole secrets, both
    /// trimmed.
    pub allowed: Vec<String>,
    /// The first line, `Loading config from …`; with it the number of secrets is told.
    pub loading: Option<String>,
    /// Whether callers wait for their lines on standard output, so that a hard kill loses none.
    pub each_line: bool,
    /// What the operator should hear of these options, at warn.
    pub warnings: Vec<String>,
}

impl Default for LoggerOptions {
    fn default() -> Self {
        let mut meta = Fields::new();
        meta.set("service".into(), OwnedValue::Str("backstage".into()), Flags::LITERAL);
        Self {
            level: Level::Info,
            format: Format::NodeJson,
            meta,
            overrides: Overrides::none(),
            secrets: Vec::new(),
            allowed: Vec::new(),
            loading: None,
            each_line: false,
            warnings: Vec::new(),
        }
    }
}

/// Makes a [`RootLogger`].
///
/// ```
/// use greenroom_logging::{CaptureSink, Format, RootLogger};
///
/// let lines = CaptureSink::new();
/// let logger = RootLogger::builder()
///     .format(Format::Backstage)
///     .field("region", "eu-1")
///     .secrets(["hunter2hunter2"])
///     .sink(lines.clone())
///     .build();
/// logger.info("The password is hunter2hunter2");
/// assert_eq!(lines.json()[0]["message"], "The password is ***");
/// assert_eq!(lines.json()[0]["region"], "eu-1");
/// ```
#[derive(Default)]
pub struct RootLoggerBuilder {
    options: LoggerOptions,
    sinks: Vec<Arc<dyn Sink>>,
    taps: Vec<Arc<dyn Sink>>,
}

impl RootLogger {
    /// A builder with Backstage's defaults: level info, `service: backstage`, Node's JSON, standard output.
    pub fn builder() -> RootLoggerBuilder {
        RootLoggerBuilder::default()
    }
}

impl RootLoggerBuilder {
    /// Sets everything but the sinks.
    #[must_use]
    pub fn options(mut self, options: LoggerOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the threshold.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.options.level = level;
        self
    }

    /// Sets the format.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.options.format = format;
        self
    }

    /// Sets fields of every line; `service` may be replaced.
    #[must_use]
    pub fn meta(mut self, fields: Fields) -> Self {
        self.options.meta.extend(fields);
        self
    }

    /// Sets one field of every line.
    #[must_use]
    pub fn field(mut self, key: impl Into<Cow<'static, str>>, value: impl ToField) -> Self {
        self.options.meta.insert(key, value);
        self
    }

    /// Sets the level overrides.
    #[must_use]
    pub fn overrides(mut self, overrides: Overrides) -> Self {
        self.options.overrides = overrides;
        self
    }

    /// Masks these secrets.
    #[must_use]
    pub fn secrets<S: Into<String>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.options.secrets.extend(secrets.into_iter().map(Into::into));
        self
    }

    /// Adds a sink; with none, lines go to standard output.
    #[must_use]
    pub fn sink(mut self, sink: impl Sink) -> Self {
        self.sinks.push(Arc::new(sink));
        self
    }

    /// Adds a sink that takes nothing's place: with no other one, lines go to standard output all the same.
    #[must_use]
    pub fn tap(mut self, sink: impl Sink) -> Self {
        self.taps.push(Arc::new(sink));
        self
    }

    /// Builds it, and prints the first lines.
    ///
    /// They come before redaction and overrides are in force, in Node's order.
    pub fn build(self) -> RootLogger {
        let Self { options, mut sinks, taps } = self;
        if sinks.is_empty() {
            let stdout = BufferedSink::stdout();
            sinks.push(Arc::new(if options.each_line { stdout.each_line() } else { stdout }));
        }
        let sinks = sinks.into_iter().chain(taps).map(|sink| match sink.wants() {
            Wants::Line => (Some(options.format), sink),
            Wants::LineIn(format) => (Some(format), sink),
            Wants::Record => (None, sink),
        });
        let engine = Arc::new(Engine::new(options.level, sinks.collect()));
        engine.attach(&options.meta);
        let root = Arc::new(Root(Child::new(engine, options.meta)));
        let logger = RootLogger::from_arc(root.clone());
        if let Some(loading) = &options.loading {
            let distinct: std::collections::HashSet<&String> = options.secrets.iter().collect();
            logger.info(loading);
            logger.info(format_args!("Found {} new secrets in config that will be redacted", distinct.len()));
        }
        let secrets: Vec<&str> = options.secrets.iter().map(String::as_str).collect();
        root.allow_in_lines(options.allowed);
        root.add_redactions(&secrets);
        root.set_overrides(options.overrides);
        for warning in &options.warnings {
            logger.log(&Record::new(Level::Warn, format_args!("{warning}")));
        }
        logger
    }
}
