//! What the config says of the child process.

use std::time::Duration;

use greenroom_config::{ConfigError, DeclareConfig, RootConfig, all};
use greenroom_core::{Service, ServiceFactory, scope, service};

use crate::RestartPolicy;

const GRACE: &str = "greenroom.run.grace";
const RESTART: &str = "greenroom.run.restart";

/// `greenroom.run`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSettings {
    /// How long after the signal the child is killed. Must be shorter than the 30 s after which Kubernetes kills the whole pod.
    pub grace: Duration,
    /// Whether a child that has failed is started again.
    pub restart: RestartPolicy,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self { grace: Duration::from_secs(25), restart: RestartPolicy::Never }
    }
}

impl Service for RunSettings {
    const ID: &'static str = "greenroom.runSettings";
    type Scope = scope::Root;
}

impl RunSettings {
    /// Reads them.
    ///
    /// # Errors
    /// What is no duration, and a policy that is none.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let default = Self::default();
        let (grace, restart) = all((config.optional_duration(GRACE), restart(config)))?;
        Ok(Self { grace: grace.unwrap_or(default.grace), restart: restart.unwrap_or(default.restart) })
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |config: RootConfig| Ok(Self::from_config(&config)?))
            .lazy()
            .config_schema(crate::CONFIG_SCHEMA)
            .reads(Self::from_config)
    }
}

fn restart(config: &RootConfig) -> Result<Option<RestartPolicy>, ConfigError> {
    match config.optional_string(RESTART)?.as_deref() {
        None => Ok(None),
        Some("never") => Ok(Some(RestartPolicy::Never)),
        Some("on-failure") => Ok(Some(RestartPolicy::OnFailure)),
        Some(other) => Err(ConfigError::invalid(
            config,
            RESTART,
            format!("'{other}' is neither 'never' nor 'on-failure' at {RESTART}"),
        )),
    }
}
