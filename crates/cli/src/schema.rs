//! What is declared of config: by everybody for `config schema` and `config print --frontend`, by ourselves for the
//! reference of keys and for misspelt ones.

use std::process::ExitCode;

use greenroom::config::{ConfigError, ConfigOptions, Format, RootConfig};
use greenroom_config_schema::{
    ConfigSchema, Schema, SchemaError,
    keys::{self, Unknown},
};

use crate::explain;

/// The config keys that this crate reads, as a JSON Schema.
const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

/// Where every key is ours, or known to us in full: elsewhere others have keys too.
const KNOWN: [&str; 5] =
    ["greenroom", "backend.health", "backend.lifecycle", "backend.logger", "backend.startup"];

/// The schemas of all crates in this binary.
fn own() -> Result<Vec<Schema>, SchemaError> {
    let mut schemas = greenroom_defaults::config_schemas();
    for (package, text) in
        [("greenroom-cli", CONFIG_SCHEMA), ("greenroom-plugin-tasks", greenroom_plugin_tasks::CONFIG_SCHEMA)]
    {
        schemas.push(Schema::parse(package, "config.schema.json", text)?);
    }
    Ok(schemas)
}

/// The keys that nobody reads, where that is known.
pub(crate) fn unknown(config: &RootConfig) -> Result<Vec<Unknown>, SchemaError> {
    Ok(keys::unknown(&ConfigSchema::new(own()?)?, config, &KNOWN))
}

/// What there is to say of a config by all schemas: notes, deprecated keys, and the faults that others' schemas find.
pub(crate) fn remarks(config: &RootConfig) -> Result<Vec<String>, SchemaError> {
    let schema = ConfigSchema::near(config, own()?)?;
    let mut out = schema.notes().to_vec();
    out.extend(schema.deprecations(config));
    out.extend(schema.validate(config).err().map(|error| error.to_string()));
    Ok(out)
}

/// `greenroom config schema`.
pub(crate) fn print(options: &ConfigOptions) -> ExitCode {
    shown(options, |config| {
        let schema = ConfigSchema::near(config, own()?)?;
        let mut merged = schema.merged().clone();
        merged["title"] = "The configuration, as far as it is declared".into();
        Ok(format!("{merged:#}\n"))
    })
}

/// `greenroom config print --frontend`.
pub(crate) fn print_frontend(options: &ConfigOptions, format: Format) -> ExitCode {
    shown(options, |config| Ok(ConfigSchema::near(config, own()?)?.frontend(config)?.print_public(format)))
}

#[expect(clippy::print_stdout, reason = "printing is what the command is for")]
fn shown(options: &ConfigOptions, text: impl FnOnce(&RootConfig) -> Result<String, SchemaError>) -> ExitCode {
    let loaded: Result<RootConfig, ConfigError> = RootConfig::load(options);
    match loaded.as_ref().map(text) {
        Ok(Ok(text)) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Ok(Err(error)) => explain::fail(&error.to_string(), None),
        Err(error) => explain::config_error(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operating.md")
    }

    /// `UPDATE_DOCS=1` writes it.
    #[test]
    fn the_reference_of_keys_is_what_the_schemas_say() {
        let table = keys::table(&keys::reference(&ConfigSchema::new(own().unwrap()).unwrap()));
        let text = std::fs::read_to_string(page()).unwrap();
        let start = text.find("| key | default | meaning |").unwrap();
        let end = start + text[start..].find("\n\n").unwrap() + 1;
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(page(), format!("{}{table}{}", &text[..start], &text[end..])).unwrap();
        } else {
            assert_eq!(
                text[start..end],
                table,
                "the table is made: UPDATE_DOCS=1 cargo test -p greenroom-cli"
            );
        }
    }

    #[test]
    fn misspelt_keys_of_ours_are_told_and_no_others() {
        let text = "greenroom: {deadlines: {tsks: 1s}}\nbackend: {logger: {overides: []}, databse: {}, startup: {plugins: \
                    {tasks: {onPluginBootfailure: continue}}}}\nproxy: {}\n";
        let told = unknown(&RootConfig::from_yaml(text).unwrap()).unwrap();
        let near: Vec<_> =
            told.iter().map(|key| (key.key.as_str(), key.near.as_deref().unwrap_or_default())).collect();
        assert_eq!(
            near,
            [
                ("greenroom.deadlines.tsks", "greenroom.deadlines.tasks"),
                ("backend.logger.overides", "backend.logger.overrides"),
                (
                    "backend.startup.plugins.tasks.onPluginBootfailure",
                    "backend.startup.plugins.tasks.onPluginBootFailure"
                ),
            ]
        );
    }

    #[test]
    fn the_browser_gets_what_is_declared_for_it() {
        let config = RootConfig::from_yaml(
            "app: {title: Greenroom}\nbackend: {baseUrl: http://x, auth: {keys: [{secret: sesame}]}}\ngreenroom: {demo: true}\n",
        );
        let config = config.unwrap();
        let shown = ConfigSchema::near(&config, own().unwrap()).unwrap().frontend(&config).unwrap();
        assert_eq!(shown.print_public(Format::Flat).lines().count(), 2);
        assert_eq!(shown.string("backend.baseUrl").unwrap(), "http://x");
        assert_eq!(remarks(&config).unwrap(), Vec::<String>::new());
    }
}
