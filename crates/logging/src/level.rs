//! The severities of Backstage's logger, which are winston's.

use std::{fmt, str::FromStr};

use greenroom_errors::Error;

/// How grave a line is. The order is from the gravest to the most talkative: `Error < Silly`.
///
/// Authors use four of them; `http`, `verbose` and `silly` exist because config may name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is wrong and the work goes on.
    Warn,
    /// What an operator wants to know; the default threshold.
    Info,
    /// Access lines, for those who use the level.
    Http,
    /// More than info, less than debug.
    Verbose,
    /// What an engineer wants to know.
    Debug,
    /// Everything.
    Silly,
}

impl Level {
    /// All seven, gravest first.
    pub const ALL: [Self; 7] =
        [Self::Error, Self::Warn, Self::Info, Self::Http, Self::Verbose, Self::Debug, Self::Silly];

    /// The name as config and log lines spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Http => "http",
            Self::Verbose => "verbose",
            Self::Debug => "debug",
            Self::Silly => "silly",
        }
    }

    /// The terminal colour of the name, as winston gives it.
    pub(crate) const fn colour(self) -> &'static str {
        match self {
            Self::Error => "\x1b[31m",
            Self::Warn => "\x1b[33m",
            Self::Info | Self::Http => "\x1b[32m",
            Self::Verbose => "\x1b[36m",
            Self::Debug => "\x1b[90m",
            Self::Silly => "\x1b[35m",
        }
    }

    pub(crate) const fn from_u8(n: u8) -> Self {
        Self::ALL[if n < 7 { n as usize } else { 6 }]
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLevel;

impl fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a logging level")
    }
}

impl std::error::Error for UnknownLevel {}

impl FromStr for Level {
    type Err = UnknownLevel;

    /// Reads a name in any case.
    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text)).ok_or(UnknownLevel)
    }
}

/// What a choice of level or format came to: the value, and what the operator should hear of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<T> {
    /// The value in force.
    pub value: T,
    /// A line for the log, at warn.
    pub warning: Option<String>,
}

/// The threshold in force: `LOG_LEVEL` over `backend.logger.level` over info.
///
/// An unknown `LOG_LEVEL` means info, with a warning; an unknown level in config is an error.
///
/// ```
/// use greenroom_logging::{Level, choose_level};
///
/// assert_eq!(choose_level(Some("DEBUG"), Some("error")).unwrap().value, Level::Debug);
/// assert_eq!(choose_level(Some(""), Some("error")).unwrap().value, Level::Error);
/// assert!(choose_level(Some("bogus"), None).unwrap().warning.is_some());
/// assert!(choose_level(None, Some("bogus")).is_err());
/// ```
pub fn choose_level(env: Option<&str>, config: Option<&str>) -> Result<Chosen<Level>, Error> {
    let refuse = |text| Error::input(invalid("backend.logger.level", text));
    let config = config.map(|text| text.parse::<Level>().map_err(|_| refuse(text))).transpose()?;
    let fine = |value| Ok(Chosen { value, warning: None });
    match env.filter(|text| !text.is_empty()) {
        None => fine(config.unwrap_or(Level::Info)),
        Some(text) => match text.parse() {
            Ok(level) => fine(level),
            Err(UnknownLevel) => Ok(Chosen {
                value: Level::Info,
                warning: Some(format!("LOG_LEVEL '{text}' is not a valid logging level, using 'info'")),
            }),
        },
    }
}

/// Backstage's text for a level that is none.
pub(crate) fn invalid(key: &str, found: &str) -> String {
    format!(
        "Invalid config at {key}, '{found}' is not a valid logging level, must be one of 'error', 'warn', 'info' or 'debug'."
    )
}
