//! What is declared of config, so that secrets of packages are masked as well.

use std::sync::Arc;

use greenroom_config::RootConfig;
use greenroom_config_schema::{ConfigSchema, Schema};
use greenroom_errors::{Error, Result};
use greenroom_logging::{RootLogger, debug};

/// The schemas of the crates that make up every backend.
pub fn config_schemas() -> Vec<Schema> {
    let own = [
        ("greenroom-http", greenroom_http::CONFIG_SCHEMA),
        ("greenroom-logging", greenroom_logging::CONFIG_SCHEMA),
        ("greenroom-auth", greenroom_auth::CONFIG_SCHEMA),
        ("greenroom-health", greenroom_health::CONFIG_SCHEMA),
        ("greenroom-defaults", crate::CONFIG_SCHEMA),
    ];
    // A text that is no schema is found by this crate's tests.
    own.iter().filter_map(|(package, text)| Schema::parse(package, "config.schema.json", text).ok()).collect()
}

/// Declares what is known of the config, unless somebody did.
pub(crate) fn declare(config: &RootConfig) -> Result<()> {
    if config.declarations().is_none() {
        let schema = ConfigSchema::near(config, config_schemas());
        config.declare(Arc::new(schema.map_err(|error| Error::new(error.to_string()))?));
    }
    Ok(())
}

/// Tells which schemas are not used.
pub(crate) fn tell(config: &RootConfig, logger: &RootLogger) {
    for note in config.declarations().iter().flat_map(|declared| declared.notes()) {
        debug!(logger, "Config schemas: {note}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_own_schema_is_one() {
        let schemas = config_schemas();
        assert_eq!(schemas.len(), 5);
        ConfigSchema::new(schemas).unwrap();
    }
}
