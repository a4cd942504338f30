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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// It is logged at warn.
    Warning(String),
    /// Something that the config asks for is off, because of what is wrong with it. It is logged at error, and fails nothing.
    Off(String),
}

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
