//! What config and environment say of the log.
//!
//! `backend.logger.{level, meta, overrides, redactAllowlist}` are Backstage's, `greenroom.compatibility` and
//! `greenroom.logger.{format, flush}` are ours.

use std::io::IsTerminal;

use greenroom_config::{Config, ConfigError, Result, RootConfig, all};

use crate::{
    Chosen, Compatibility, Format, FormatInputs, Level, LoggerOptions, Overrides, RootLogger,
    RootLoggerBuilder, choose_format, choose_level, secrets::redact_allowlist,
};

/// What the environment says of the log, as values.
#[derive(Clone, Debug, Default)]
pub struct LogEnvironment {
    /// `LOG_LEVEL`, which goes before config.
    pub log_level: Option<String>,
    /// `LOG_FORMAT`, which goes before config.
    pub log_format: Option<String>,
    /// `NODE_ENV`.
    pub node_env: Option<String>,
    /// `FORCE_COLOR`.
    pub force_color: Option<String>,
    /// Whether standard output is a terminal.
    pub is_terminal: bool,
}

impl LogEnvironment {
    /// That of this process.
    pub fn from_process() -> Self {
        let var = |name| std::env::var(name).ok();
        Self {
            log_level: var("LOG_LEVEL"),
            log_format: var("LOG_FORMAT"),
            node_env: var("NODE_ENV"),
            force_color: var("FORCE_COLOR"),
            is_terminal: std::io::stdout().is_terminal(),
        }
    }

    /// As in Node, panics are not logged under `NODE_ENV=test`.
    pub fn logs_panics(&self) -> bool {
        self.node_env.as_deref() != Some("test")
    }
}

const LEVEL: &str = "backend.logger.level";
const FORMAT: &str = "greenroom.logger.format";

impl LoggerOptions {
    /// Reads config, with the environment before it.
    ///
    /// # Errors
    /// For a level, format or override that is none, pointing at it.
    pub fn from_config(config: &RootConfig, env: &LogEnvironment) -> Result<Self> {
        let (level, format, overrides, allowed, each_line) = all((
            level(config, env),
            format(config, env),
            overrides(config),
            redact_allowlist(config),
            each_line(config),
        ))?;
        let mut options = Self {
            level: level.value,
            format: format.value,
            overrides,
            secrets: config.secrets(),
            allowed,
            loading: Some(config.sources_description()),
            each_line,
            warnings: [level.warning, format.warning].into_iter().flatten().collect(),
            ..Self::default()
        };
        if let Some(serde_json::Value::Object(meta)) = config.optional_get("backend.logger.meta")? {
            options.meta.extend((&meta).into());
        }
        Ok(options)
    }
}

fn level(config: &Config, env: &LogEnvironment) -> Result<Chosen<Level>> {
    let level = config.optional_string(LEVEL)?;
    choose_level(env.log_level.as_deref(), level.as_deref())
        .map_err(|error| ConfigError::invalid(config, LEVEL, error.message()))
}

fn format(config: &Config, env: &LogEnvironment) -> Result<Chosen<Format>> {
    let (format, compatibility) = all((config.optional_string(FORMAT), Compatibility::from_config(config)))?;
    choose_format(FormatInputs {
        config: format.as_deref(),
        compatibility,
        log_format: env.log_format.as_deref(),
        node_env: env.node_env.as_deref(),
        force_color: env.force_color.as_deref(),
        is_terminal: env.is_terminal,
    })
    .map_err(|error| ConfigError::invalid(config, FORMAT, error.message()))
}

fn each_line(config: &Config) -> Result<bool> {
    const FLUSH: &str = "greenroom.logger.flush";
    match config.optional_string(FLUSH)?.as_deref() {
        None | Some("interval") => Ok(false),
        Some("line") => Ok(true),
        Some(other) => {
            let text = format!("Invalid config at {FLUSH}, '{other}' must be 'interval' or 'line'.");
            Err(ConfigError::invalid(config, FLUSH, text))
        }
    }
}

fn overrides(config: &Config) -> Result<Overrides> {
    let list = config.optional_get("backend.logger.overrides")?.unwrap_or_default();
    Overrides::read(&list).map_err(|(key, message)| ConfigError::invalid(config, &key, message))
}

impl RootLogger {
    /// A builder with what config and the environment of this process say.
    ///
    /// # Errors
    /// As [`LoggerOptions::from_config`].
    pub fn builder_from(config: &RootConfig) -> Result<RootLoggerBuilder> {
        let options = LoggerOptions::from_config(config, &LogEnvironment::from_process())?;
        Ok(Self::builder().options(options))
    }

    /// Follows a change of config: new secrets are masked besides, and counted once they are; level and overrides, and what
    /// need not be masked, are replaced. What is masked stays so. Format, flush and meta stay.
    ///
    /// # Errors
    /// For a level, an override or an allowlist that is none; then the old ones stay, and the new secrets are masked all the
    /// same.
    pub fn reload(&self, config: &RootConfig, env: &LogEnvironment) -> Result<()> {
        let masked = self.mask_secrets(config);
        let (level, overrides) = (level(config, env)?, overrides(config)?);
        self.set_level(level.value);
        self.set_overrides(overrides);
        masked
    }
}
