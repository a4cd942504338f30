//! The plugin's bounds, from config.

use std::time::Duration;

use greenroom::config::{ConfigError, Result, RootConfig, all};

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
        let (workers, queue_size, keep_results, timeout) = all((
            config.optional_integer("tasks.workers", 1..=256),
            config.optional_integer("tasks.queueSize", 1..=1_000_000),
            config.optional_integer("tasks.keepResults", 1..=1_000_000),
            timeout(config),
        ))?;
        Ok(Self {
            workers: workers.unwrap_or(2),
            queue_size: queue_size.unwrap_or(1000),
            keep_results: keep_results.unwrap_or(1000),
            timeout: timeout.unwrap_or(Duration::from_secs(60)),
        })
    }
}

fn timeout(config: &RootConfig) -> Result<Option<Duration>> {
    let timeout = config.optional_duration(TIMEOUT)?;
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        let text = format!("Invalid duration at {TIMEOUT}, expected more than none");
        return Err(ConfigError::invalid(config, TIMEOUT, text));
    }
    Ok(timeout)
}
