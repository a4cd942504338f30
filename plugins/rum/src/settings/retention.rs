//! For how long events are kept, and how much of them.

use std::time::Duration;

use greenroom::config::{ConfigError, RootConfig, all};

const DAYS: &str = "greenroom.rum.retention.days";
const BYTES: &str = "greenroom.rum.retention.bytes";

/// What is older goes, and what is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    days: u32,
    /// How much they may take, with their indexes.
    pub(crate) bytes: u64,
}

impl Retention {
    /// The section.
    pub(crate) const KEY: &'static str = "greenroom.rum.retention";

    pub(super) fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let days = config.optional_integer(DAYS, 1..=3650);
        let bytes = config.optional_integer(BYTES, 1 << 20..=1 << 50);
        let (days, bytes) = all((days, bytes))?;
        Ok(Self { days: days.unwrap_or(7), bytes: bytes.unwrap_or(1 << 30) })
    }

    /// The time since when they are kept.
    pub(crate) fn age(&self) -> Duration {
        Duration::from_secs(u64::from(self.days) * 86_400)
    }

    pub(crate) fn days(&self) -> u64 {
        self.days.into()
    }

    /// As people say it.
    pub(crate) fn time(&self) -> String {
        let days = self.days;
        if days == 1 { "a day".to_owned() } else { format!("{days} days") }
    }
}
