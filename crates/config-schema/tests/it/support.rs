//! Configs of several sources, and schemas written out.

use greenroom_config::{ConfigOptions, RootConfig};
use greenroom_config_schema::{ConfigSchema, Schema, SchemaError};
use serde_json::Value as Json;

/// A config of these sources, the lowest first.
pub(crate) fn config(sources: &[(&str, &Json)]) -> RootConfig {
    let dir = tempfile::tempdir().unwrap();
    let mut args = vec![];
    for (name, data) in sources {
        std::fs::write(dir.path().join(name), data.to_string()).unwrap();
        args.extend(["--config".to_owned(), (*name).to_owned()]);
    }
    RootConfig::load(&ConfigOptions { args, cwd: dir.path().to_owned(), ..ConfigOptions::default() }).unwrap()
}

pub(crate) fn one(data: &Json) -> RootConfig {
    config(&[("app-config.yaml", data)])
}

pub(crate) fn try_schema(values: &[Json]) -> Result<ConfigSchema, SchemaError> {
    ConfigSchema::new(values.iter().enumerate().map(|(i, value)| Schema {
        package: format!("pkg{i}"),
        path: format!("pkg{i}/config.json"),
        value: value.clone(),
    }))
}

pub(crate) fn schema(value: Json) -> ConfigSchema {
    try_schema(&[value]).unwrap()
}
