//! What is declared of config: by everybody for `config schema` and `config print --frontend`, by ourselves for the
//! reference of keys and for misspelt ones.

use std::process::ExitCode;

use greenroom::config::{ConfigError, ConfigOptions, Format, RootConfig};
use greenroom_config_schema::{ConfigSchema, Schema, SchemaError};
use greenroom_defaults::FeatureSchemas;
use serde_json::Value;

use crate::{
    catalogue::{ByDefault, Catalogue},
    explain,
};

/// The config keys that this crate reads, as a JSON Schema.
const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

/// Where the description of `greenroom.plugins.<id>` is.
const PLUGINS: &str = "/properties/greenroom/properties/plugins/additionalProperties/description";

/// The schemas of all crates in this program, of plugins that the config does not choose too.
pub(crate) fn all(catalogue: &Catalogue, config: &RootConfig) -> Result<Vec<Schema>, SchemaError> {
    let mut schemas = greenroom_defaults::config_schemas();
    schemas.push(Schema::parse("greenroom-program", "config.schema.json", &own(catalogue).to_string())?);
    schemas.extend(FeatureSchemas::of(&catalogue.everything().declarations(), config).schemas());
    Ok(schemas)
}

/// Our own schema, which tells the plugins that there are.
fn own(catalogue: &Catalogue) -> Value {
    let state = |default| match default {
        ByDefault::On => "on".to_owned(),
        ByDefault::Off => "off".to_owned(),
        ByDefault::Where(switch) => format!("on where `{switch}` is"),
        ByDefault::With(keys) => {
            let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
            format!("on with {}", keys.join(" or "))
        }
    };
    let plugins = catalogue.plugins().map(|(id, default)| format!("`{id}` is {}", state(default)));
    let plugins: Vec<_> = plugins.collect();
    let listed =
        if plugins.is_empty() { String::new() } else { format!("; unless named, {}", plugins.join(", ")) };
    let mut schema: Value = serde_json::from_str(CONFIG_SCHEMA).unwrap_or_default();
    if let Some(text) = schema.pointer_mut(PLUGINS) {
        *text = format!("`true` or `false`{listed}").into();
    }
    if let Some(plugins) = schema.pointer_mut("/properties/greenroom/properties/plugins") {
        let one = serde_json::json!({ "type": ["boolean", "string"] });
        let named = catalogue.plugins().map(|(id, _)| (id.to_owned(), one.clone()));
        plugins["properties"] = Value::Object(named.collect());
    }
    schema
}

/// Reads the config, with all that is declared of it: what it shows hides every secret that is known.
pub(crate) fn load(catalogue: &Catalogue, options: &ConfigOptions) -> Result<RootConfig, ConfigError> {
    let config = RootConfig::load(options)?;
    declare(catalogue, &config)?;
    Ok(config)
}

fn declare(catalogue: &Catalogue, config: &RootConfig) -> Result<(), ConfigError> {
    let declared = all(catalogue, config).and_then(|all| ConfigSchema::declare(config, all));
    declared.map(|_| ()).map_err(|error| ConfigError::invalid(config, "", error.to_string()))
}

/// `config schema`.
pub(crate) fn print(catalogue: &Catalogue, options: &ConfigOptions) -> ExitCode {
    shown(options, |config| {
        let schema = ConfigSchema::discover(config, all(catalogue, config)?)?;
        let mut merged = schema.merged().clone();
        merged["title"] = "The configuration, as far as it is declared".into();
        Ok(format!("{merged:#}\n"))
    })
}

/// `config print --frontend`.
pub(crate) fn print_frontend(catalogue: &Catalogue, options: &ConfigOptions, format: Format) -> ExitCode {
    shown(options, |config| {
        Ok(ConfigSchema::discover(config, all(catalogue, config)?)?.frontend(config)?.print_public(format))
    })
}

fn shown(options: &ConfigOptions, text: impl FnOnce(&RootConfig) -> Result<String, SchemaError>) -> ExitCode {
    let loaded: Result<RootConfig, ConfigError> = RootConfig::load(options);
    match loaded.as_ref().map(text) {
        Ok(Ok(text)) => explain::answer(&text).err().unwrap_or(ExitCode::SUCCESS),
        Ok(Err(error)) => explain::fail(&error.to_string(), None),
        Err(error) => explain::config_error(error),
    }
}

#[cfg(test)]
mod tests {
    use greenroom::prelude::*;

    use super::*;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        catalogue.offer(ByDefault::Off, || {
            let tasks = plugin("tasks", |env| env.register_init(async || Ok(())));
            tasks.config_schema(
                r#"{"properties": {"tasks": {"properties": {"workers": {"type": "integer"}}}}}"#,
            )
        });
        catalogue
    }

    #[test]
    fn the_schema_tells_which_plugins_there_are() {
        let told = |catalogue: Catalogue| own(&catalogue).pointer(PLUGINS).cloned();
        assert_eq!(told(catalogue()), Some("`true` or `false`; unless named, `tasks` is off".into()));
        assert_eq!(told(Catalogue::default()), Some("`true` or `false`".into()));
    }

    #[test]
    fn misspelt_keys_of_ours_are_told_and_no_others() {
        let text = "greenroom: {deadlines: {tsks: 1s}, plugins: {taks: true, rollbar: true}}\nbackend: {logger: {overides: []}, databse: {}, startup: {plugins: \
                    {tasks: {onPluginBootfailure: continue}}}}\nproxy: {}\ntasks: {wrokers: 2}\n";
        let config = RootConfig::from_yaml(text).unwrap();
        declare(&catalogue(), &config).unwrap();
        let told = FeatureSchemas::of(&catalogue().everything().declarations(), &config).unknown(&config);
        let mut slips: Vec<_> = told
            .iter()
            .map(|key| (key.key.as_str(), key.suggestion.as_deref().unwrap_or_default()))
            .collect();
        slips.sort_unstable();
        assert_eq!(
            slips,
            [
                ("backend.databse", "backend.database"),
                ("backend.logger.overides", "backend.logger.overrides"),
                (
                    "backend.startup.plugins.tasks.onPluginBootfailure",
                    "backend.startup.plugins.tasks.onPluginBootFailure"
                ),
                ("greenroom.deadlines.tsks", "greenroom.deadlines.tasks"),
                ("greenroom.plugins.taks", "greenroom.plugins.tasks"),
                ("tasks.wrokers", "tasks.workers"),
            ]
        );
    }

    #[test]
    fn the_browser_gets_what_is_declared_for_it() {
        let config = RootConfig::from_yaml(
            "app: {title: Greenroom}\nbackend: {baseUrl: http://x, auth: {keys: [{secret: sesame}]}}\ngreenroom: {demo: true}\n",
        );
        let config = config.unwrap();
        let shown = ConfigSchema::discover(&config, all(&catalogue(), &config).unwrap())
            .unwrap()
            .frontend(&config)
            .unwrap();
        assert_eq!(shown.print_public(Format::Flat).lines().count(), 2);
        assert_eq!(shown.string("backend.baseUrl").unwrap(), "http://x");
        declare(&catalogue(), &config).unwrap();
    }
}
