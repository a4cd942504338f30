//! `greenroom.logStore`.

use greenroom_config::{ConfigError, Result, RootConfig};

const BYTES: &str = "greenroom.logStore.bytes";

/// Less would not hold the lines of a start.
const LEAST: usize = 1 << 20;

/// More is what a log engine is for.
const MOST: usize = 1 << 30;

/// How much of the log is kept.
///
/// ```
/// use greenroom_config::RootConfig;
/// use greenroom_log_store::LogStoreSettings;
///
/// let read = |yaml: &str| LogStoreSettings::from_config(&RootConfig::from_yaml(yaml).unwrap());
/// assert_eq!(read("{}").unwrap().bytes, 16 << 20);
/// assert_eq!(read("greenroom: {logStore: {bytes: 0}}").unwrap().bytes, 0);
/// assert!(read("greenroom: {logStore: {bytes: 4096}}").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStoreSettings {
    /// How many bytes the lines take in memory; 0 keeps none.
    pub bytes: usize,
}

impl Default for LogStoreSettings {
    fn default() -> Self {
        Self { bytes: 16 << 20 }
    }
}

impl LogStoreSettings {
    /// Reads config.
    ///
    /// # Errors
    /// For what is no size that a ring can have.
    pub fn from_config(config: &RootConfig) -> Result<Self> {
        let Some(bytes) = config.optional_integer(BYTES, 0..=MOST)? else { return Ok(Self::default()) };
        if bytes > 0 && bytes < LEAST {
            let text =
                format!("{BYTES} is {bytes}, expected at least {LEAST} (1 MiB), or 0 to keep no lines");
            return Err(ConfigError::invalid(config, BYTES, text));
        }
        Ok(Self { bytes })
    }
}
