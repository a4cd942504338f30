//! What the config says of the child process.

use std::{path::PathBuf, time::Duration};

use greenroom_config::{ConfigError, DeclareConfig, RootConfig, all};
use greenroom_core::{Service, ServiceFactory, scope, service};

use crate::RestartPolicy;

const GRACE: &str = "greenroom.run.grace";
const RESTART: &str = "greenroom.run.restart";
const LOG: &str = "greenroom.run.log";
const ON_FAILURE: &str = "greenroom.startup.onFailure";
const TERMINATION_LOG: &str = "greenroom.run.terminationLog";

/// Kubernetes' `terminationMessagePath`, unless the pod says another one.
const KUBERNETES: &str = "/dev/termination-log";

/// What becomes of what the child prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunLog {
    /// It becomes records of our log.
    #[default]
    Records,
    /// It goes where our own output goes, byte for byte.
    Pass,
}

/// `greenroom.run`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSettings {
    /// How long after the signal the child is killed. Must be shorter than the 30 s after which Kubernetes kills the whole pod.
    pub grace: Duration,
    /// Whether a child that has failed is started again.
    pub restart: RestartPolicy,
    /// What becomes of what the child prints.
    pub log: RunLog,
    /// Where the orchestrator reads why the child has ended, if it has made that file.
    pub termination_log: PathBuf,
    /// Whether a child whose start has failed and that stays is left as it is, as without us: `greenroom.startup.onFailure: serve`.
    pub keeps_failed: bool,
}

impl Default for RunSettings {
    fn default() -> Self {
        let (grace, restart) = (Duration::from_secs(25), RestartPolicy::Never);
        let (log, termination_log) = (RunLog::default(), KUBERNETES.into());
        Self { grace, restart, log, termination_log, keeps_failed: false }
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
    /// What is no duration, a policy that is none, and what is no text.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let default = Self::default();
        let (grace, restart, log, termination_log) = all((
            config.optional_duration(GRACE),
            restart(config),
            log(config),
            config.optional_string(TERMINATION_LOG),
        ))?;
        Ok(Self {
            grace: grace.unwrap_or(default.grace),
            restart: restart.unwrap_or(default.restart),
            log: log.unwrap_or(default.log),
            termination_log: termination_log.map_or(default.termination_log, PathBuf::from),
            // Who reads it for the backend says what is wrong with it.
            keeps_failed: config
                .optional_string(ON_FAILURE)
                .is_ok_and(|told| told.as_deref() == Some("serve")),
        })
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |config: RootConfig| Ok(Self::from_config(&config)?))
            .lazy()
            .config_schema(crate::CONFIG_SCHEMA)
            .reads(Self::from_config)
    }
}

fn log(config: &RootConfig) -> Result<Option<RunLog>, ConfigError> {
    match config.optional_string(LOG)?.as_deref() {
        None => Ok(None),
        Some("records") => Ok(Some(RunLog::Records)),
        Some("pass") => Ok(Some(RunLog::Pass)),
        Some(other) => {
            let text = format!("'{other}' is neither 'records' nor 'pass' at {LOG}");
            Err(ConfigError::invalid(config, LOG, text))
        }
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
