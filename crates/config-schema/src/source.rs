//! One package's schema, and the file that an app is built with.

use serde_json::Value as Json;

use crate::{Result, SchemaError};

/// A schema and where it is from.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// The package that declares it.
    pub package: String,
    /// The file, for messages.
    pub path: String,
    /// The schema.
    pub value: Json,
}

impl Schema {
    /// The tables of secrets, and of what Backstage's own packages show to the browser.
    pub fn built_in() -> Self {
        let (package, path) = ("greenroom-config".to_owned(), "built-in".to_owned());
        Self { package, path, value: greenroom_config::built_in_schema() }
    }

    /// Reads a schema from its JSON text.
    ///
    /// # Errors
    /// For what is no JSON.
    pub fn parse(package: &str, path: &str, text: &str) -> Result<Self> {
        let value = serde_json::from_str(text)
            .map_err(|error| SchemaError::Invalid { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Self { package: package.to_owned(), path: path.to_owned(), value })
    }

    /// Reads a `.config-schema.json`, which a built app carries in its `dist`.
    ///
    /// # Errors
    /// For what is no JSON, has another version, or other members than that file has.
    pub fn parse_serialized(text: &str) -> Result<Vec<Self>> {
        const WRONG: &str = "Serialized configuration schema is invalid or has an invalid version number";
        let wrong = || SchemaError::Unreadable(WRONG.to_owned());
        let json: Json = serde_json::from_str(text).map_err(|_| wrong())?;
        if json.get("backstageConfigSchemaVersion").and_then(Json::as_f64) != Some(1.0) {
            return Err(wrong());
        }
        let schemas = json.get("schemas").and_then(Json::as_array).ok_or_else(wrong)?;
        schemas
            .iter()
            .map(|entry| {
                let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
                let value = entry.get("value").cloned().ok_or_else(wrong)?;
                Ok(Self { package: text("packageName"), path: text("path"), value })
            })
            .collect()
    }
}
