//! Readers of config, declared by whoever reads: what `config check` runs is what a start runs.

use std::{fmt, sync::Arc};

use greenroom_core::Declarations;
use greenroom_errors::{BoxError, Error};

use crate::{ConfigError, RootConfig};

type Read = Arc<dyn Fn(&RootConfig, Option<&ReadContext>) -> Result<Vec<Remark>, Error> + Send + Sync>;

/// What besides the config decides on what there is to say of it.
#[derive(Clone, Debug, Default)]
pub struct ReadContext {
    /// `NODE_ENV`.
    pub node_env: Option<String>,
    /// What all features declare.
    pub declarations: Declarations,
}

/// What an operator should know of a config that is not refused: a sentence.
#[derive(Clone, Debug)]
pub enum Remark {
    /// It is logged at warn.
    Warning(String),
    /// Something that the config asks for is off, because of what is wrong with it. It is logged at error, and fails nothing.
    Off(String),
    /// The same because of a value, which is told with its key and its line.
    OffBy(ConfigError),
}

impl Remark {
    /// That `what` holds because of this value, as in `mail is off`.
    pub fn off_by(what: &str, error: &ConfigError) -> Self {
        Self::OffBy(error.clone().reworded(error.name(), |error| format!("{what}: {}", error.message())))
    }

    fn said(&self) -> (u8, String) {
        match self {
            Self::Warning(text) => (0, text.clone()),
            Self::Off(text) => (1, text.clone()),
            Self::OffBy(error) => (1, error.to_string()),
        }
    }
}

impl PartialEq for Remark {
    fn eq(&self, other: &Self) -> bool {
        self.said() == other.said()
    }
}

impl Eq for Remark {}

/// How a feature reads its config, as it declares it by [`reads`](crate::DeclareConfig::reads).
#[derive(Clone)]
pub struct ConfigReader(Read);

impl ConfigReader {
    /// One that is not declared by a feature; `remarks` is what there is to say of a config that is not refused.
    pub fn new<T, E: Into<BoxError>>(
        read: impl Fn(&RootConfig) -> Result<T, E> + Send + Sync + 'static,
        remarks: impl Fn(&T, &ReadContext) -> Vec<Remark> + Send + Sync + 'static,
    ) -> Self {
        let read = move |config: &RootConfig, context: Option<&ReadContext>| match read(config) {
            Ok(value) => Ok(context.map(|context| remarks(&value, context)).unwrap_or_default()),
            Err(error) => Err(match error.into().downcast::<ConfigError>() {
                Ok(config) => Error::from(*config),
                Err(other) => Error::from_any(other),
            }),
        };
        Self(Arc::new(read))
    }

    /// Reads, for what there is to say of it.
    ///
    /// # Errors
    /// What the reader refuses.
    pub fn read(&self, config: &RootConfig, context: &ReadContext) -> Result<Vec<Remark>, Error> {
        (self.0)(config, Some(context))
    }

    /// Reads, for what it looks at.
    pub(crate) fn touch(&self, config: &RootConfig) {
        let _ = (self.0)(config, None);
    }
}

impl fmt::Debug for ConfigReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfigReader")
    }
}

type Foretell = Arc<dyn Fn(&RootConfig, &ReadContext) -> Vec<String> + Send + Sync>;

/// What a feature will say of its config once it runs, as it declares it by [`foretells`](crate::DeclareConfig::foretells).
#[derive(Clone)]
pub struct Forecast(Foretell);

impl Forecast {
    pub(crate) fn new(
        foretell: impl Fn(&RootConfig, &ReadContext) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(foretell))
    }

    /// What all features foretell of a config, in the order in which they were added.
    pub fn all(config: &RootConfig, context: &ReadContext) -> Vec<String> {
        let forecasts = context.declarations.of::<Self>();
        forecasts.iter().flat_map(|(_, forecast)| (forecast.0)(config, context)).collect()
    }
}

impl fmt::Debug for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forecast")
    }
}

/// Keys of which a feature that declares them takes a change at once, as it declares by
/// [`follows`](crate::DeclareConfig::follows).
#[derive(Clone, Debug)]
pub struct FollowedKeys(pub(crate) Vec<String>);

impl FollowedKeys {
    /// Whether the key, or one above it, is among them.
    pub fn contains(&self, key: &str) -> bool {
        let is_at_or_below = |followed: &String| {
            key.strip_prefix(followed.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.0.iter().any(is_at_or_below)
    }
}
