//! What is wrong with the configuration, in Backstage's words, and where.
//!
//! Must not know how values are read; readers and loaders build these.

use std::{error::Error, fmt};

use greenroom_core::Fault as OwnedFault;
use miette::{Diagnostic, LabeledSpan, SourceCode};

use crate::{
    Config, Place,
    place::{At, Line},
    spots::Spots,
    unset,
};

/// A fault in the configuration.
///
/// `Display` is Backstage's text followed by the place: `Invalid type in config for key 'a' in 'app-config.yaml', got
/// number, wanted string (app-config.yaml:3:5)`. Where a value is missing because of a variable, the variable is named
/// before the place. As a [`miette::Diagnostic`] it also shows the line, with every secret
/// in it replaced by `***`, and never the lines around it.
///
/// It may stand for [several](Self::each), where all that is wrong was [looked for](crate::all); its text is that of the first.
#[derive(Clone)]
pub struct ConfigError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    name: &'static str,
    message: String,
    key: Option<String>,
    place: Option<Place>,
    line: Option<Line>,
    help: Option<String>,
    /// The variable that has no value.
    unset: Option<String>,
    /// What else is wrong, each by itself.
    others: Vec<ConfigError>,
}

/// The result of reading configuration.
pub type Result<T, E = ConfigError> = std::result::Result<T, E>;

impl ConfigError {
    /// A value that its reader refuses: `message` is the whole text, the place is looked up in `config`. If it quotes a value
    /// that [may not be shown](Config::concealed), it tells the value's type instead.
    ///
    /// `key` may contain indices: `backend.logger.overrides[0].level`. When nothing stands there, the nearest value
    /// above it is pointed at.
    ///
    /// ```
    /// use greenroom_config::{ConfigError, RootConfig};
    ///
    /// let config = RootConfig::from_yaml("backend:\n  listen: foo:bar:baz\n").unwrap();
    /// let error = ConfigError::invalid(&config, "backend.listen", "Unable to parse listen address foo:bar:baz");
    /// assert_eq!(error.place().unwrap().line, 2);
    /// ```
    pub fn invalid(config: &Config, key: &str, message: impl Into<String>) -> Self {
        let message = config.concealed(key, message);
        let mut error = Self::plain("Error", message).of_key(&config.full_key(key));
        config.point(key, &mut error);
        error
    }

    /// The same for an element of a list: it is pointed at, and not the list. A text in a list's place is pointed at as a
    /// whole.
    ///
    /// ```
    /// use greenroom_config::{ConfigError, RootConfig};
    ///
    /// let config = RootConfig::from_yaml("allow:\n  - 10.0.0.1\n  - nonsense\n").unwrap();
    /// let error = ConfigError::invalid_element(&config, "allow", 1, "Invalid address nonsense");
    /// assert_eq!(error.place().unwrap().line, 3);
    /// ```
    pub fn invalid_element(config: &Config, key: &str, index: usize, message: impl Into<String>) -> Self {
        let element = format!("{key}[{index}]");
        let key = if config.place(&element).is_some() { &element } else { key };
        Self::invalid(config, key, message)
    }

    pub(crate) fn plain(name: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            name,
            message: message.into(),
            key: None,
            place: None,
            line: None,
            help: None,
            unset: None,
            others: vec![],
        }))
    }

    /// This one and what else is wrong.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.others.extend(other.each());
        self
    }

    /// Each thing that is wrong by itself, in the order in which it was found.
    ///
    /// ```
    /// use greenroom_config::{RootConfig, all};
    ///
    /// let config = RootConfig::from_yaml("workers: many\ntimeout: soon\n").unwrap();
    /// let error = all((config.number("workers"), config.duration("timeout"))).unwrap_err();
    /// assert_eq!(error.key(), Some("workers"));
    /// assert_eq!(error.each().map(|one| one.place().unwrap().line).collect::<Vec<_>>(), [1, 2]);
    /// ```
    pub fn each(mut self) -> impl Iterator<Item = Self> {
        let others = std::mem::take(&mut self.0.others);
        std::iter::once(self).chain(others)
    }

    /// Each thing that is wrong by itself, also of an error that took this one as it is, and so knows of no others.
    ///
    /// ```
    /// use greenroom_config::{ConfigError, RootConfig, all};
    /// use greenroom_core::Fault;
    /// use greenroom_errors::Error;
    ///
    /// let config = RootConfig::from_yaml("workers: many\ntimeout: soon\n").unwrap();
    /// let error = all((config.number("workers"), config.duration("timeout"))).unwrap_err();
    /// let fault = Fault { owner: None, error: Error::from_any(error) };
    /// assert_eq!(ConfigError::each_fault(fault).count(), 2);
    /// ```
    pub fn each_fault(fault: OwnedFault) -> impl Iterator<Item = OwnedFault> {
        fault.each().flat_map(|OwnedFault { owner, error }| {
            let error = match error.downcast_ref::<Self>() {
                Some(config) if !config.0.others.is_empty() => config.clone().into(),
                _ => error,
            };
            OwnedFault { owner, error }.each()
        })
    }

    /// The same, without showing the line: for a value that may hold a secret though its key is not declared as one.
    pub fn without_line(mut self) -> Self {
        self.0.line = None;
        self
    }

    /// Names a text as a whole.
    pub(crate) fn of_text(mut self, whole: &At) -> Self {
        self.0.place = Some(whole.place());
        self
    }

    /// Points into a text that was never read as values.
    pub(crate) fn at_unread(mut self, at: &At) -> Self {
        self.0.place = Some(at.place());
        self.0.line = at.shown_unread();
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Says what to do about it, unless that is known: which variable has no value.
    #[must_use]
    pub fn or_help(mut self, help: impl FnOnce() -> String) -> Self {
        self.0.help.get_or_insert_with(help);
        self
    }

    /// Says which key it is about, as seen from the root.
    pub(crate) fn of_key(mut self, key: &str) -> Self {
        self.0.key = Some(key.to_owned()).filter(|key| !key.is_empty());
        self
    }

    /// It is because this variable has no value.
    pub(crate) fn lacks(&mut self, variable: &str) {
        let variable = unset::shown(variable);
        self.0.help = Some(unset::help(&variable));
        self.0.unset = Some(variable);
    }

    pub(crate) fn point(&mut self, at: &At, hide: &Spots) {
        self.0.place = Some(at.place());
        self.0.line = at.shown(hide);
    }

    /// Puts `outer` where the message and the name were, as Backstage does when it forwards an error.
    pub(crate) fn reworded(mut self, name: &'static str, outer: impl FnOnce(&Self) -> String) -> Self {
        self.0.message = outer(&self);
        self.0.name = name;
        self
    }

    /// Backstage's text alone, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The class that Node would throw: `Error`, `TypeError`, `InputError` or `NotFoundError`.
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// The key of what is wrong or missing, as seen from the root, where it is about one.
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// What to do about it, where its text does not say it: what a [`miette::Diagnostic`] shows as help.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    ///
    /// let error = RootConfig::from_yaml("app: {}").unwrap().string("app.title").unwrap_err();
    /// assert_eq!(error.remedy(), Some("set `app.title` in one of the config files"));
    /// ```
    pub fn remedy(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Where the bad value stands. `None` for what is missing altogether.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(variable) = &self.0.unset {
            write!(f, ", because the variable {variable} is not set")?;
        }
        match &self.0.place {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.0.name)
    }
}

impl Error for ConfigError {}

/// Keeps Node's name for the class, and each error itself: its place is in the config, not in a program's source.
impl From<ConfigError> for greenroom_errors::Error {
    fn from(mut error: ConfigError) -> Self {
        let others = std::mem::take(&mut error.0.others);
        let first = Self::foreign_named(error.name(), error);
        others.into_iter().map(Self::from).fold(first, Self::and)
    }
}

impl Diagnostic for ConfigError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.line.as_ref().map(|line| line as _)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let others = self.0.others.iter().map(|other| other as &dyn Diagnostic);
        (!self.0.others.is_empty()).then(|| Box::new(others) as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (offset, length) = self.0.line.as_ref()?.label;
        // Where the text does not say which key it is about, by dots or as a schema does.
        let is_named =
            |key: &str| [key, &*key.replace('.', "/")].iter().any(|key| self.0.message.contains(key));
        let key = self.key().filter(|key| !is_named(key)).map(str::to_owned);
        Some(Box::new(std::iter::once(LabeledSpan::new(key, offset, length))))
    }
}

/// A fault met while a file is being parsed or transformed, before it has the file's name around it.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) message: String,
    pub(crate) at: Option<At>,
    /// The variable that has no value, if that is why.
    pub(crate) unset: Option<String>,
    /// What to do about it.
    pub(crate) help: Option<&'static str>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>, at: &At) -> Self {
        Self { name: "Error", message: message.into(), at: Some(at.clone()), unset: None, help: None }
    }

    pub(crate) fn help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }

    pub(crate) fn into_error(self) -> ConfigError {
        let mut error = ConfigError::plain(self.name, self.message);
        if let Some(variable) = &self.unset {
            error.lacks(variable);
        }
        if let Some(help) = self.help {
            error = error.with_help(help);
        }
        match self.at {
            Some(at) => error.at_unread(&at),
            None => error,
        }
    }
}
