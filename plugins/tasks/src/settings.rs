//! The plugin's bounds, from config.

use std::time::Duration;

use greenroom::config::{ConfigError, Result, RootConfig};

/// `tasks` in config; the defaults are documented on the crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) workers: usize,
    pub(crate) queue_size: usize,
    pub(crate) keep_results: usize,
    pub(crate) timeout: Duration,
}

const TIMEOUT: &str = "tasks.timeout";

impl Settings {
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self> {
        let timeout = config.optional_duration(TIMEOUT)?.unwrap_or(Duration::from_secs(60));
        if timeout.is_zero() {
            let text = format!("Invalid duration at {TIMEOUT}, expected more than none");
            return Err(ConfigError::invalid(config, TIMEOUT, text));
        }
        Ok(Self {
            workers: count(config, "tasks.workers", 256)?.unwrap_or(2),
            queue_size: count(config, "tasks.queueSize", 1_000_000)?.unwrap_or(1000),
            keep_results: count(config, "tasks.keepResults", 1_000_000)?.unwrap_or(1000),
            timeout,
        })
    }
}

/// A whole number from 1 to `most`.
fn count(config: &RootConfig, key: &str, most: u32) -> Result<Option<usize>> {
    let Some(number) = config.optional_number(key)? else { return Ok(None) };
    if number.fract() == 0.0 && (1.0..=f64::from(most)).contains(&number) {
        return Ok(Some(number as usize));
    }
    let text = format!("Invalid number {number} at {key}, expected a whole one from 1 to {most}");
    Err(ConfigError::invalid(config, key, text))
}
