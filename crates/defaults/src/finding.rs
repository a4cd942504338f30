//! One thing that is to say of a config.

use greenroom_config::{Config, ConfigError, Masks, Place, Remark, Unset};
use greenroom_config_schema::keys::Unknown;
use greenroom_core::{Fault, Owner};
use greenroom_errors::Error;
use greenroom_logging::{Level, Record, RootLogger};

/// How grave a finding is, the gravest first, and what a start does about it. `config check` prints all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The start fails.
    Refused,
    /// A plugin or module does not start, which `backend.startup` permits.
    Permitted,
    /// Something that the config asks for is off. It is logged at error, and fails `config check`.
    Off,
    /// It is logged at warn.
    Warning,
    /// It is logged at warn, in formats that have lines which Node's backend does not write.
    Remark,
    /// It is logged at debug, in the same formats: it is more about others who read the file.
    Note,
}

/// One thing that is to say of a config.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// Whose reader or schema says it; `None` for the backend as a whole.
    pub owner: Option<Owner>,
    /// The key that it is about.
    pub key: Option<String>,
    /// Where that is written, or the nearest section above it.
    pub place: Option<Place>,
    /// A sentence, with its owner and place.
    pub text: String,
    error: Option<Error>,
    /// A feature's author wrote it.
    is_of_author: bool,
}

impl Finding {
    /// A sentence about no single key, which quotes no value.
    pub fn new(severity: Severity, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { severity, owner: None, key: None, place: None, text, error: None, is_of_author: false }
    }

    /// A sentence about a key, which is told with its place, and what it quotes of a value as it [may be
    /// told](Config::concealed).
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    /// use greenroom_defaults::{Finding, Severity};
    ///
    /// let config = RootConfig::from_yaml("weather:\n  station: moon\n").unwrap();
    /// let finding = Finding::at(Severity::Warning, &config, "weather.station", "there is no weather");
    /// assert_eq!(finding.text, "there is no weather (mock-config:2:12)");
    /// ```
    pub fn at(severity: Severity, config: &Config, key: &str, text: impl Into<String>) -> Self {
        let (text, place) = (config.concealed(key, text), config.place(key));
        let text = match &place {
            Some(place) => format!("{text} ({place})"),
            None => text,
        };
        Self { key: Some(config.full_key(key)), place, ..Self::new(severity, text) }
    }

    /// What a reader has to say.
    pub(crate) fn of_reader(owner: Option<&Owner>, remark: Remark) -> Self {
        let (severity, text) = match remark {
            Remark::Warning(text) => (Severity::Warning, text),
            Remark::Off(text) => (Severity::Off, text),
            Remark::OffBy(error) => {
                let fault = Fault { owner: None, error: error.into() };
                return Self { owner: owner.cloned(), ..Self::fault(Severity::Off, fault) };
            }
        };
        Self { owner: owner.cloned(), is_of_author: true, ..Self::new(severity, text) }
    }

    pub(crate) fn fault(severity: Severity, fault: Fault) -> Self {
        let config = fault.error.downcast_ref::<ConfigError>();
        let (key, place) = (config.and_then(ConfigError::key), config.and_then(ConfigError::place));
        Self {
            key: key.map(str::to_owned),
            place: place.cloned(),
            is_of_author: config.is_none(),
            owner: fault.owner.clone(),
            error: Some(fault.error.clone()),
            ..Self::new(severity, fault.to_string())
        }
    }

    /// A value that is left out.
    pub(crate) fn unset(severity: Severity, unset: &Unset, consequence: &str) -> Self {
        let (key, place) = (Some(unset.key.clone()), Some(unset.place.clone()));
        Self { key, place, ..Self::new(severity, format!("{unset}{consequence}")) }
    }

    /// A key that nobody reads. Where neither a guess nor a list says what could be meant, it may be somebody else's.
    pub fn unknown(unknown: Unknown) -> Self {
        let is_explained = unknown.suggestion.is_some() || !unknown.known.is_empty();
        let severity = if is_explained { Severity::Remark } else { Severity::Note };
        let text = unknown.to_string();
        Self { key: Some(unknown.key), place: unknown.place, ..Self::new(severity, text) }
    }

    /// What a schema refuses, which nothing depends on.
    pub(crate) fn of_schema(error: &ConfigError) -> Self {
        let (key, place) = (error.key().map(str::to_owned), error.place().cloned());
        Self { key, place, ..Self::new(Severity::Remark, error.to_string()) }
    }

    /// Whether it keeps the backend, a plugin or a module from starting.
    pub fn is_fault(&self) -> bool {
        matches!(self.severity, Severity::Refused | Severity::Permitted)
    }

    /// The error that points into the config, if it is one, of what is off, too.
    pub fn config_error(&self) -> Option<&ConfigError> {
        self.error.as_ref()?.downcast_ref()
    }

    /// What fails, and whose it is.
    pub fn to_fault(&self) -> Option<Fault> {
        let error = self.error.clone().filter(|_| self.is_fault())?;
        Some(Fault { owner: self.owner.clone(), error })
    }

    /// A text that shows it, without the config's secrets. Those that ordinary text may hold are masked only where somebody
    /// may have quoted them: a password `start` makes no key and no sentence of ours unreadable.
    pub fn masked(&self, masks: &Masks, shown: &str) -> String {
        if self.is_of_author { masks.all(shown) } else { masks.long(shown) }
    }

    /// Logs it, unless it fails something. `additions` is whether the log's format has lines that Node's backend does not
    /// write.
    pub(crate) fn tell(&self, logger: &RootLogger, additions: bool, masks: &Masks) {
        let level = match self.severity {
            Severity::Refused | Severity::Permitted => return,
            Severity::Off => Level::Error,
            Severity::Warning => Level::Warn,
            Severity::Remark | Severity::Note if !additions => return,
            Severity::Remark => Level::Warn,
            Severity::Note => Level::Debug,
        };
        if !logger.enabled(level, &[]) {
            return;
        }
        let text = self.masked(masks, &self.text);
        if self.is_of_author {
            logger.log(&Record::new(level, format_args!("{text}")));
        } else {
            logger.log(&Record::new(level, format_args!("{text}")).unmasked());
        }
    }
}
