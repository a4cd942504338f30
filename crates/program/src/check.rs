//! `config check`: what a start would say of its config, without starting anything.
//!
//! It asks the backend that would be started for its declared readers and schemas, as the start itself does.

use std::process::ExitCode;

use greenroom::config::{ConfigOptions, RootConfig};
use greenroom_defaults::{ConfigReport, Finding, Severity};

use crate::{
    catalogue::Catalogue,
    explain,
    prepare::{self, Refused},
    schema,
};

#[cfg(test)]
mod generated;

/// Checks, and reports on stdout what is fine, on stderr what is not. Exit code 1 for errors; warnings are no failure.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what the command is for")]
pub(crate) fn check(catalogue: &Catalogue, options: &ConfigOptions) -> ExitCode {
    let config = match schema::load(catalogue, options) {
        Ok(config) => config,
        Err(error) => return explain::config_error(&error),
    };
    let report = report(catalogue, &config, options);
    println!("{}", config.sources_description());
    match config.secrets().len() {
        1 => println!("1 secret will be redacted in logs"),
        n => println!("{n} secrets will be redacted in logs"),
    }
    let (wrong, warnings): (Vec<_>, Vec<_>) =
        told(&report).partition(|found| found.severity == Severity::Refused);
    for Finding { severity, text, .. } in &warnings {
        match severity {
            Severity::Permitted => eprintln!("warning: {text}; backend.startup permits a start without it"),
            _ => eprintln!("warning: {text}"),
        }
    }
    for found in &wrong {
        match found.config_error() {
            Some(error) => eprint!("{}", explain::rendered(error)),
            None => eprintln!("  × {}", found.text),
        }
    }
    match (wrong.len(), warnings.len()) {
        (0, 0) => println!("The configuration is fine"),
        (0, 1) => println!("1 warning, no error"),
        (0, n) => println!("{n} warnings, no error"),
        (1, _) => return explain::fail("1 thing in the configuration is wrong", None),
        (n, _) => return explain::fail(&format!("{n} things in the configuration are wrong"), None),
    }
    ExitCode::SUCCESS
}

fn report(catalogue: &Catalogue, config: &RootConfig, options: &ConfigOptions) -> ConfigReport {
    let (choice, refused) = match prepare::prepare(catalogue, config, options) {
        Ok(prepared) => (prepared.choice, vec![]),
        Err(Refused { errors, choice }) => (choice, errors),
    };
    prepare::report(catalogue, config, options, &choice, refused)
}

/// What is told: one mistake that several plugins refuse is told once.
fn told(report: &ConfigReport) -> impl Iterator<Item = &Finding> {
    let findings = report.findings();
    let error = |found: &Finding| found.config_error().map(ToString::to_string);
    findings.iter().enumerate().filter_map(move |(index, found)| {
        let is_told = error(found).is_some_and(|text| {
            findings[..index]
                .iter()
                .any(|known| known.severity == found.severity && error(known).as_ref() == Some(&text))
        });
        (!is_told).then_some(found)
    })
}

#[cfg(test)]
mod tests {
    use greenroom::prelude::*;

    use super::*;
    use crate::catalogue::Unswitched;

    fn found(catalogue: &Catalogue, yaml: &str) -> ConfigReport {
        report(catalogue, &RootConfig::from_yaml(yaml).unwrap(), &ConfigOptions::default())
    }

    fn texts(report: &ConfigReport, is_wanted: impl Fn(&Finding) -> bool) -> Vec<String> {
        told(report).filter(|found| is_wanted(found)).map(|found| found.text.clone()).collect()
    }

    #[test]
    fn a_declaration_that_is_no_schema_is_a_fault_of_its_plugin() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(Unswitched::On, || {
            plugin("broken", |env| env.register_init(async || Ok(()))).config_schema("{not json")
        });
        let faults = texts(&found(&catalogue, ""), Finding::is_fault);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("Plugin 'broken'"), "{faults:?}");
    }

    #[test]
    fn readers_of_plugins_that_the_config_chooses_are_run_and_no_others() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(Unswitched::Off, || {
            let mail = plugin("mail", |env| env.register_init(async || Ok(())));
            mail.reads(|config: &RootConfig| config.string("mail.server"))
        });
        let messages = |yaml: &str| {
            let found = found(&catalogue, yaml);
            let errors = told(&found).filter_map(Finding::config_error);
            errors.map(|error| error.message().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(messages(""), Vec::<String>::new());
        let chosen = "greenroom: {plugins: {mail: true}}";
        assert_eq!(messages(chosen), ["Missing required config value at 'mail.server' in 'mock-config'"]);
    }

    fn warnings(yaml: &str) -> Vec<String> {
        texts(&found(&Catalogue::default(), yaml), |found| !found.is_fault())
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
        for no_url in ["7", "localhost:7007"] {
            let told = warnings(&format!("backend: {{baseUrl: '{no_url}'}}"));
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains("no URL") && told[0].ends_with("(mock-config:1:20)"), "{told:?}");
        }
    }

    #[test]
    fn independent_mistakes_are_all_told_at_once_each_with_its_key() {
        let config = "
backend:
  trustProxy: maybe
  cors: {origin: 7, methods: 7}
  csp: {img-src: x, font-src: y}
  rateLimit: {window: soon, incomingRequestLimit: -3, plugin: {tasks: {window: never}}}
  server: {headersTimeout: never, requestTimeout: soon, keepAliveTimeout: x, maxHeadersCount: -1}
  https: 'yes'
  logger: {level: loud, overrides: 7}
  startup: {default: {onPluginBootFailure: 7}, plugins: {a: 7, b: {onPluginBootFailure: 7}}}
  auth: {externalAccess: [{type: x}, {type: static, options: {token: short, subject: me}}]}
  health: {headers: {x-a: '', x-b: ''}}
greenroom: {deadlines: {tasks: soon, startupHook: never}, dataDir: 7, demo: 'yes'}
tasks: {timeout: soon, workers: 0, queueSize: x}
";
        let mut catalogue = Catalogue::default();
        catalogue.offer(Unswitched::On, greenroom_plugin_tasks::tasks);
        let report = found(&catalogue, config);
        let mut keys: Vec<_> = told(&report)
            .filter(|found| found.is_fault())
            .map(|found| found.key.clone().unwrap_or_else(|| found.text.clone()))
            .collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            [
                "backend.auth.externalAccess[0].type",
                "backend.auth.externalAccess[1].options.token",
                "backend.cors.methods",
                "backend.cors.origin",
                "backend.csp.font-src",
                "backend.csp.img-src",
                "backend.health.headers.x-a",
                "backend.health.headers.x-b",
                "backend.https",
                "backend.logger.level",
                "backend.logger.overrides",
                "backend.rateLimit.incomingRequestLimit",
                "backend.rateLimit.plugin.tasks.window",
                "backend.rateLimit.window",
                "backend.server.headersTimeout",
                "backend.server.keepAliveTimeout",
                "backend.server.maxHeadersCount",
                "backend.server.requestTimeout",
                "backend.startup.default.onPluginBootFailure",
                "backend.startup.plugins.a",
                "backend.startup.plugins.b.onPluginBootFailure",
                "backend.trustProxy",
                "greenroom.dataDir",
                "greenroom.deadlines.startupHook",
                "greenroom.deadlines.tasks",
                "greenroom.demo",
                "tasks.queueSize",
                "tasks.timeout",
                "tasks.workers",
            ]
        );
    }
}
