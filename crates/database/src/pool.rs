//! How many connections a plugin has.

use std::{ops::RangeInclusive, time::Duration};

use greenroom_config::{ConfigError, Result, RootConfig, all};

use crate::keys::Keys;

/// How many connections there are, and how long one is waited for: `knexConfig.pool`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Connections that are kept. 0 unless set.
    pub min: u32,
    /// Connections that there may be. 10 unless set.
    pub max: u32,
    /// How long a free connection is waited for. 10 s unless set.
    pub acquire: Duration,
    /// How long a connection that nobody uses is kept. 30 s unless set.
    pub idle: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self { min: 0, max: 10, acquire: Duration::from_secs(10), idle: Duration::from_secs(30) }
    }
}

impl PoolSettings {
    /// What is meant for a plugin, and the key of the size.
    pub(crate) fn read(config: &RootConfig, keys: Keys<'_>) -> Result<(Self, String)> {
        let number = |name: &str, range: RangeInclusive<u32>| -> Result<Option<(u32, String)>> {
            for key in keys.own(name).into_iter().chain([Keys::base(name)]) {
                if let Some(value) = config.optional_integer(&key, range.clone())? {
                    return Ok(Some((value, key)));
                }
            }
            Ok(None)
        };
        const HOUR: u32 = 3_600_000;
        let (min, max, acquire, acquire_too, idle) = all((
            number("knexConfig.pool.min", 0..=1000),
            number("knexConfig.pool.max", 0..=1000),
            number("knexConfig.pool.acquireTimeoutMillis", 1..=HOUR),
            number("knexConfig.acquireConnectionTimeout", 1..=HOUR),
            number("knexConfig.pool.idleTimeoutMillis", 0..=24 * HOUR),
        ))?;
        let otherwise = Self::default();
        let millis =
            |value: Option<(u32, String)>| value.map(|(millis, _)| Duration::from_millis(millis.into()));
        let (max, key) = max.unwrap_or_else(|| (otherwise.max, Keys::base("knexConfig.pool.max")));
        let min = min.map_or(otherwise.min, |(min, _)| min);
        if max == 0 || min > max {
            let text = format!("{key} is {max}, expected at least {}, as many as are kept", min.max(1));
            return Err(ConfigError::invalid(config, &key, text));
        }
        let acquire = millis(acquire.or(acquire_too)).unwrap_or(otherwise.acquire);
        let idle = millis(idle).unwrap_or(otherwise.idle);
        Ok((Self { min, max, acquire, idle }, key))
    }
}
