//! What one call to log brings, borrowed for as long as the call.

use std::{error::Error as StdError, fmt, panic::Location, time::SystemTime};

use crate::{Level, field::Field};

/// One call to log: level, time, place, text, fields.
///
/// Macros and methods make it once the level passes; a [`LoggerService`](crate::LoggerService) receives it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    level: Level,
    time: SystemTime,
    message: fmt::Arguments<'a>,
    error: Option<&'a (dyn StdError + 'static)>,
    fields: &'a [Field<'a>],
    location: Option<&'static Location<'static>>,
    target: Option<&'a str>,
    is_unmasked: bool,
    raw: Option<&'a [u8]>,
    is_only_raw: bool,
    is_cut: bool,
}

impl<'a> Record<'a> {
    /// A record of now.
    #[track_caller]
    pub fn new(level: Level, message: fmt::Arguments<'a>) -> Self {
        Self {
            level,
            time: SystemTime::now(),
            message,
            error: None,
            fields: &[],
            location: Some(Location::caller()),
            target: None,
            is_unmasked: false,
            raw: None,
            is_only_raw: false,
            is_cut: false,
        }
    }

    /// Sets the fields of the call.
    #[must_use]
    pub fn with_fields(mut self, fields: &'a [Field<'a>]) -> Self {
        self.fields = fields;
        self
    }

    /// Spreads an error over the line: its message is appended, its name, properties, cause and stack become fields.
    #[must_use]
    pub fn with_error(mut self, error: &'a (dyn StdError + 'static)) -> Self {
        self.error = Some(error);
        self
    }

    /// Its text is told as it is: for a sentence whose author knows that it holds no secret, and that a short one such as
    /// `start` would make unreadable. What fields and errors append to it makes it masked again.
    #[must_use]
    pub fn unmasked(mut self) -> Self {
        self.is_unmasked = true;
        self
    }

    pub(crate) fn is_unmasked(&self) -> bool {
        self.is_unmasked
    }

    /// Sets the bytes that another process has printed for it: the `node` format writes them, secrets masked, as they are. A line
    /// end is added where there is none.
    ///
    /// ```
    /// use greenroom_logging::{CaptureSink, Format, Level, Record, RootLogger};
    ///
    /// let lines = CaptureSink::in_format(Format::NodeJson);
    /// let root = RootLogger::builder().sink(lines.clone()).secrets(["hunter2hunter2"]).build();
    /// let printed = br#"{ "level":"info", "message":"hi", "key":"hunter2hunter2" }"#;
    /// root.foreign().log(&Record::new(Level::Info, format_args!("hi")).with_raw(printed));
    /// assert_eq!(lines.take(), [r#"{ "level":"info", "message":"hi", "key":"***" }"#]);
    /// ```
    #[must_use]
    pub fn with_raw(mut self, raw: &'a [u8]) -> Self {
        // It is no line of code of ours that says it.
        (self.raw, self.location) = (Some(raw), None);
        self
    }

    /// It is written by those formats alone that write its [raw bytes](Self::with_raw): for what says nothing new.
    #[must_use]
    pub fn only_raw(mut self) -> Self {
        self.is_only_raw = true;
        self
    }

    pub(crate) fn is_only_raw(&self) -> bool {
        self.is_only_raw
    }

    /// Its message and its [raw bytes](Self::with_raw) are the beginning of something longer: what may be the beginning of a secret at
    /// their end is left out.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.is_cut = true;
        self
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Sets when it happened.
    #[must_use]
    pub fn at(mut self, time: SystemTime) -> Self {
        self.time = time;
        self
    }

    /// Sets which library it comes from, in place of the calling line.
    pub(crate) fn of_target(mut self, target: &'a str) -> Self {
        (self.target, self.location) = (Some(target), None);
        self
    }

    /// How grave it is.
    pub fn level(&self) -> Level {
        self.level
    }

    /// When it happened.
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// The bytes that another process has printed for it.
    pub fn raw(&self) -> Option<&'a [u8]> {
        self.raw
    }

    /// The text, without what `message` fields and errors append.
    pub fn message(&self) -> fmt::Arguments<'a> {
        self.message
    }

    /// The error that is spread over the line.
    pub fn error(&self) -> Option<&'a (dyn StdError + 'static)> {
        self.error
    }

    /// The fields of the call.
    pub fn fields(&self) -> &'a [Field<'a>] {
        self.fields
    }

    /// The value of a field of the call.
    pub fn field(&self, key: &str) -> Option<crate::FieldValue<'a>> {
        self.fields.iter().rev().find(|field| field.key == key).map(|field| field.value)
    }

    /// The line of code that logs, where it is ours.
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.location
    }

    /// The library that logs, for what came by `tracing`.
    pub fn target(&self) -> Option<&'a str> {
        self.target
    }
}
