//! What a test may give as config.

use greenroom::config::{Result, RootConfig};
use serde_json::Value;

/// JSON, YAML text, or a config that is there already.
pub trait IntoConfig {
    /// As a config; values of YAML text have places in `mock-config`.
    fn into_config(self) -> Result<RootConfig>;
}

impl IntoConfig for Value {
    fn into_config(self) -> Result<RootConfig> {
        RootConfig::from_json(self)
    }
}

impl IntoConfig for &str {
    fn into_config(self) -> Result<RootConfig> {
        RootConfig::from_yaml(self)
    }
}

impl IntoConfig for RootConfig {
    fn into_config(self) -> Result<RootConfig> {
        Ok(self)
    }
}
