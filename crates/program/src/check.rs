//! `config check`: what a start would say of its config, without starting anything.
//!
//! It asks the backend that would be started for its declared readers and schemas, as the start itself does.

use std::process::ExitCode;

use greenroom::{
    config::{ConfigError, ConfigOptions, RootConfig},
    core::Fault,
    errors::Error,
};
use greenroom_defaults::{ConfigReport, FeatureSchemas};

use crate::{
    catalogue::{Catalogue, Choice},
    explain,
    prepare::{self, Refused},
    schema,
};

#[cfg(test)]
mod generated;

/// What would keep the backend from starting, and what would not.
#[derive(Debug, Default)]
struct Findings {
    /// Those of the config, which point at their place.
    errors: Vec<Error>,
    /// All others.
    faults: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    /// How many things keep the backend from starting.
    fn wrong(&self) -> usize {
        self.errors.len() + self.faults.len()
    }

    fn refused(&mut self, fault: &Fault) {
        match as_config_error(&fault.error) {
            Some(_) => self.refused_by_config(fault.error.clone()),
            None => self.faults.push(fault.to_string()),
        }
    }

    /// One mistake may be refused by several readers.
    fn refused_by_config(&mut self, error: Error) {
        let text = |error: &Error| as_config_error(error).map(ToString::to_string);
        if !self.errors.iter().any(|known| text(known) == text(&error)) {
            self.errors.push(error);
        }
    }
}

fn as_config_error(error: &Error) -> Option<&ConfigError> {
    error.downcast_ref()
}

/// Checks, and reports on stdout what is fine, on stderr what is not. Exit code 1 for errors; warnings are no failure.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what the command is for")]
pub(crate) fn check(catalogue: &Catalogue, options: &ConfigOptions) -> ExitCode {
    let config = match schema::load(catalogue, options) {
        Ok(config) => config,
        Err(error) => return explain::config_error(&error),
    };
    let found = find(catalogue, &config, options);
    println!("{}", config.sources_description());
    match config.secrets().len() {
        1 => println!("1 secret will be redacted in logs"),
        n => println!("{n} secrets will be redacted in logs"),
    }
    for warning in &found.warnings {
        eprintln!("warning: {warning}");
    }
    for error in found.errors.iter().filter_map(as_config_error) {
        eprint!("{}", explain::rendered(error));
    }
    for fault in &found.faults {
        eprintln!("  × {fault}");
    }
    match (found.wrong(), found.warnings.len()) {
        (0, 0) => println!("The configuration is fine"),
        (0, 1) => println!("1 warning, no error"),
        (0, n) => println!("{n} warnings, no error"),
        (1, _) => return explain::fail("1 thing in the configuration is wrong", None),
        (n, _) => return explain::fail(&format!("{n} things in the configuration are wrong"), None),
    }
    ExitCode::SUCCESS
}

fn find(catalogue: &Catalogue, config: &RootConfig, options: &ConfigOptions) -> Findings {
    let mut found = Findings::default();
    found.warnings.extend(config.unset().iter().map(ToString::to_string));
    let (choice, own) = match prepare::prepare(catalogue, config, options) {
        Ok(prepared) => (prepared.choice, vec![]),
        Err(Refused { errors, choice }) => {
            (choice.unwrap_or(Choice { chosen: vec![], lacking: vec![] }), errors)
        }
    };
    if !choice.lacking.is_empty() {
        let names = choice.lacking.join(", ");
        let told = format!("plugins that the config names and this program does not have: {names}");
        found.warnings.push(told);
    }
    let report =
        ConfigReport::of(&prepare::backend(catalogue, config, options, &choice).declarations(), config);
    found.warnings.extend(report.warnings.iter().chain(&report.remarks).cloned());
    let (refused, permitted) = report.by_policy(config);
    refused.iter().for_each(|fault| found.refused(fault));
    own.into_iter().for_each(|error| found.refused_by_config(error.into()));
    let permitted =
        permitted.iter().map(|fault| format!("{fault}; backend.startup permits a start without it"));
    found.warnings.extend(permitted);
    let everything = FeatureSchemas::of(&catalogue.everything().declarations(), config);
    found.warnings.extend(everything.unknown(config).iter().map(ToString::to_string));
    found.warnings.extend(schema::notes(config));
    let node_env = options.env.get("NODE_ENV").map(String::as_str);
    found.warnings.extend(localhost_in_production(config, node_env));
    found.warnings.extend(no_base_url(config));
    found
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

    fn found(catalogue: &Catalogue, yaml: &str) -> Findings {
        find(catalogue, &RootConfig::from_yaml(yaml).unwrap(), &ConfigOptions::default())
    }

    #[test]
    fn a_declaration_that_is_no_schema_is_a_fault_of_its_plugin() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(true, || {
            plugin("broken", |env| env.register_init(async || Ok(()))).config_schema("{not json")
        });
        let found = found(&catalogue, "");
        assert_eq!(found.faults.len(), 1);
        assert!(found.faults[0].starts_with("Plugin 'broken'"), "{:?}", found.faults);
    }

    #[test]
    fn readers_of_plugins_that_the_config_chooses_are_run_and_no_others() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(false, || {
            let mail = plugin("mail", |env| env.register_init(async || Ok(())));
            mail.reads(|config: &RootConfig| config.string("mail.server"))
        });
        let messages = |yaml: &str| {
            let found = found(&catalogue, yaml);
            found.errors.iter().map(|error| error.message().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(messages(""), Vec::<String>::new());
        let chosen = "greenroom: {plugins: {mail: true}}";
        assert_eq!(messages(chosen), ["Missing required config value at 'mail.server' in 'mock-config'"]);
    }

    fn warnings(yaml: &str) -> Vec<String> {
        found(&Catalogue::default(), yaml).warnings
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
