//! `config check`: every reader that a start would run, without starting anything.

use std::process::ExitCode;

use greenroom::{
    auth::ExternalTokens,
    config::{ConfigError, ConfigOptions, RootConfig, StateHome},
    core::Backend,
    http::HttpSettings,
    logging::{LogEnvironment, LoggerOptions},
};

use greenroom_defaults::FeatureSchemas;

use crate::{
    catalogue::Catalogue,
    demo, explain,
    schema::{self, Remarks},
};

/// What the readers found.
struct Findings {
    errors: Vec<ConfigError>,
    /// Whose schema is none, and why.
    faults: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    fn take<T>(&mut self, read: Result<T, ConfigError>) -> Option<T> {
        read.map_err(|error| self.errors.push(error)).ok()
    }
}

/// Checks, and reports on stdout what is fine, on stderr what is not. Exit code 1 for errors; warnings are no failure.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what the command is for")]
pub(crate) fn check(catalogue: &Catalogue, options: &ConfigOptions) -> ExitCode {
    let config = match schema::load(catalogue, options) {
        Ok(config) => config,
        Err(error) => return explain::config_error(&error),
    };
    let mut found = Findings { errors: vec![], faults: vec![], warnings: vec![] };
    found.warnings.extend(config.unset().iter().map(ToString::to_string));
    found.warnings.extend(greenroom_defaults::config_warnings(&config));
    readers(catalogue, &config, options, &mut found);
    let everything = FeatureSchemas::of(&catalogue.everything().declared(), &config);
    found.warnings.extend(everything.unknown(&config).iter().map(ToString::to_string));
    let Remarks { texts, faults } = schema::remarks(&config);
    found.warnings.extend(texts);
    let known = |fault: &ConfigError| found.errors.iter().any(|error| error.place() == fault.place());
    let faults: Vec<_> = faults.iter().filter(|fault| !known(fault)).map(ToString::to_string).collect();
    found.warnings.extend(faults);
    println!("{}", config.sources_description());
    match config.secrets().len() {
        1 => println!("1 secret will be redacted in logs"),
        n => println!("{n} secrets will be redacted in logs"),
    }
    for warning in &found.warnings {
        eprintln!("warning: {warning}");
    }
    for error in &found.errors {
        eprint!("{}", explain::rendered(error));
    }
    for fault in &found.faults {
        eprintln!("  × {fault}");
    }
    match found.errors.len() + found.faults.len() {
        0 => {
            println!("The configuration is fine");
            ExitCode::SUCCESS
        }
        1 => explain::fail("1 thing in the configuration is wrong", None),
        n => explain::fail(&format!("{n} things in the configuration are wrong"), None),
    }
}

fn readers(catalogue: &Catalogue, config: &RootConfig, options: &ConfigOptions, found: &mut Findings) {
    let node_env = options.env.get("NODE_ENV").map(String::as_str);
    let environment =
        LogEnvironment { node_env: node_env.map(str::to_owned), ..LogEnvironment::from_process() };
    if let Some(logger) = found.take(LoggerOptions::from_config(config, &environment)) {
        found.warnings.extend(logger.warnings);
    }
    found.take(HttpSettings::from_config(config, node_env));
    if let Some(tokens) = found.take(ExternalTokens::from_config(config)) {
        found.warnings.extend(tokens.unsupported().iter().cloned());
    }
    found.take(greenroom_defaults::check_boot(config));
    found.take(StateHome::of(options).data_dir(config));
    found.take(demo::check(config, node_env));
    if let Some(choice) = found.take(catalogue.choose(config)) {
        if !choice.lacking.is_empty() {
            let names = choice.lacking.join(", ");
            found
                .warnings
                .push(format!("plugins that the config names and this program does not have: {names}"));
        }
        let chosen = catalogue.add(Backend::new([]), &choice);
        let schemas = FeatureSchemas::of(&chosen.declared(), config);
        found.faults.extend(schemas.faults().iter().map(ToString::to_string));
        found.errors.extend(schemas.refusals(config).into_iter().map(|(_, error)| error));
        found.warnings.extend(localhost_in_production(config, node_env));
        found.warnings.extend(no_base_url(config));
    }
}

fn localhost_in_production(config: &RootConfig, node_env: Option<&str>) -> Option<String> {
    let url = config.optional_string("backend.baseUrl").ok()??;
    let local = ["://localhost", "://127.", "://[::1]"].iter().any(|host| url.contains(host));
    (local && node_env == Some("production")).then(|| {
        let place = config.place("backend.baseUrl").map(|place| format!(" ({place})")).unwrap_or_default();
        format!("backend.baseUrl is a localhost URL and NODE_ENV is 'production'{place}")
    })
}

/// We do without it; Node, which may share the file, never gets ready.
fn no_base_url(config: &RootConfig) -> Option<String> {
    let is_missing = !config.has("backend.baseUrl").unwrap_or(true);
    is_missing
        .then(|| "backend.baseUrl is not set: a Node backend on this config does not get ready".to_owned())
}

#[cfg(test)]
mod tests {
    use greenroom::prelude::*;

    use super::*;

    #[test]
    fn a_declaration_that_is_no_schema_is_a_fault_of_its_plugin() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(true, || {
            plugin("broken", |env| env.register_init(async || Ok(()))).config_schema("{not json")
        });
        let config = RootConfig::from_yaml("").unwrap();
        let mut found = Findings { errors: vec![], faults: vec![], warnings: vec![] };
        readers(&catalogue, &config, &ConfigOptions::default(), &mut found);
        assert_eq!(found.faults.len(), 1);
        assert!(found.faults[0].starts_with("Plugin 'broken': "), "{:?}", found.faults);
    }

    fn warnings(yaml: &str) -> Vec<String> {
        let config = RootConfig::from_yaml(yaml).unwrap();
        let mut found = Findings { errors: vec![], faults: vec![], warnings: vec![] };
        readers(&Catalogue::default(), &config, &ConfigOptions::default(), &mut found);
        found.warnings
    }

    #[test]
    fn plugins_that_live_elsewhere_are_told_in_one_line() {
        let told = warnings("backend: {baseUrl: http://x}\ncatalog: {}\ntechdocs: {}\n");
        assert_eq!(told, ["plugins that the config names and this program does not have: catalog, techdocs"]);
    }

    #[test]
    fn a_config_without_base_url_is_told_for_the_sake_of_node() {
        assert!(warnings("app: {}").iter().any(|told| told.starts_with("backend.baseUrl is not set")));
        assert_eq!(warnings("backend: {baseUrl: http://x}"), [""; 0]);
    }
}
