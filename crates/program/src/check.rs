//! `config check`: what a start would say of its config, without starting anything.
//!
//! It asks the backend that would be started for its declared readers and schemas, as the start itself does.

use std::{collections::HashSet, process::ExitCode};

use greenroom::config::{ConfigOptions, RootConfig};
use greenroom_defaults::{ConfigReport, Finding, Severity};

use crate::{catalogue::Catalogue, explain, prepare, schema};

#[cfg(test)]
mod generated;

/// Checks, and reports on stdout what is fine, on stderr what is not. Exit code 1 for errors, of which some fail no start but
/// switch off what the config asks for; warnings are no failure.
pub(crate) fn check(catalogue: &Catalogue, options: &ConfigOptions) -> ExitCode {
    match schema::load(catalogue, options) {
        Ok(config) => checked(catalogue, &config, options).unwrap_or_else(|failed| failed),
        Err(error) => explain::config_error(&error),
    }
}

#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
fn checked(
    catalogue: &Catalogue,
    config: &RootConfig,
    options: &ConfigOptions,
) -> Result<ExitCode, ExitCode> {
    let report = prepare::report_of(catalogue, config, options);
    let secrets = match config.secrets().len() {
        1 => "1 secret".to_owned(),
        n => format!("{n} secrets"),
    };
    explain::answer(&format!("{}\n{secrets} will be redacted in logs\n", config.sources_description()))?;
    let (wrong, warnings): (Vec<_>, Vec<_>) =
        told(&report).partition(|found| matches!(found.severity, Severity::Refused | Severity::Off));
    let masks = config.masks();
    let told = warnings.iter().chain(&wrong).map(|found| found.masked(&masks, &shown(found)));
    eprint!("{}", told.collect::<String>());
    match (wrong.len(), warnings.len()) {
        (0, 0) => explain::answer("The configuration is fine\n")?,
        (0, 1) => explain::answer("1 warning, no error\n")?,
        (0, n) => explain::answer(&format!("{n} warnings, no error\n"))?,
        (1, _) => return Ok(explain::fail("1 thing in the configuration is wrong", None)),
        (n, _) => return Ok(explain::fail(&format!("{n} things in the configuration are wrong"), None)),
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(found: &Finding) -> String {
    let Finding { severity, text, .. } = found;
    match (severity, found.config_error()) {
        (Severity::Refused | Severity::Off, Some(error)) => explain::shown(error),
        (Severity::Refused | Severity::Off, None) => format!("  × {text}\n"),
        (Severity::Permitted, _) => format!("warning: {text}; backend.startup permits a start without it\n"),
        _ => format!("warning: {text}\n"),
    }
}

/// What is told: one mistake that several plugins refuse is told once.
fn told(report: &ConfigReport) -> impl Iterator<Item = &Finding> {
    let mut errors = HashSet::new();
    report.findings().iter().filter(move |found| {
        let error = found.config_error().map(|error| (found.severity, error.to_string()));
        error.is_none_or(|error| errors.insert(error))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use greenroom::prelude::*;
    use greenroom_defaults::Severity;

    use super::*;
    use crate::catalogue::ByDefault;

    fn found(catalogue: &Catalogue, yaml: &str) -> ConfigReport {
        prepare::report_of(catalogue, &RootConfig::from_yaml(yaml).unwrap(), &ConfigOptions::default())
    }

    fn texts(report: &ConfigReport, is_wanted: impl Fn(&Finding) -> bool) -> Vec<String> {
        told(report).filter(|found| is_wanted(found)).map(|found| found.text.clone()).collect()
    }

    #[test]
    fn a_declaration_that_is_no_schema_is_a_fault_of_its_plugin() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(ByDefault::On, || {
            plugin("broken", |env| env.register_init(async || Ok(()))).config_schema("{not json")
        });
        let faults = texts(&found(&catalogue, ""), Finding::is_fault);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("Plugin 'broken'"), "{faults:?}");
    }

    #[test]
    fn readers_of_plugins_that_the_config_chooses_are_run_and_no_others() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(ByDefault::Off, || {
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

    #[test]
    fn one_bad_switch_hides_nothing_of_what_else_is_wrong() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(ByDefault::Off, greenroom_plugin_tasks::tasks);
        catalogue.offer(ByDefault::With(&["mail"]), || {
            let mail = plugin("mail", |env| env.register_init(async || Ok(())));
            mail.reads(|config: &RootConfig| config.number("mail.port"))
        });
        let yaml = "greenroom: {plugins: {tasks: maybe}, dataDir: 7, demo: perhaps}\nmail: {port: many}\n";
        let report = found(&catalogue, yaml);
        let mut keys: Vec<_> =
            told(&report).filter(|found| found.is_fault()).map(|found| found.key.clone().unwrap()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["greenroom.dataDir", "greenroom.demo", "greenroom.plugins.tasks", "mail.port"]);
    }

    #[test]
    fn what_a_wrong_value_switches_off_is_an_error_as_it_is_in_the_log() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(ByDefault::On, || {
            let mail = plugin("mail", |env| env.register_init(async || Ok(())));
            let off = |_: &(), _: &_| vec![greenroom::config::Remark::Off("mail is off".to_owned())];
            mail.reads_with_remarks(|_| Ok::<_, greenroom::config::ConfigError>(()), off)
        });
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("app-config.yaml"), "backend: {baseUrl: http://x}\n").unwrap();
        let options = ConfigOptions { cwd: directory.path().to_owned(), ..ConfigOptions::default() };
        assert_eq!(check(&catalogue, &options), ExitCode::FAILURE);
        let report = found(&catalogue, "");
        assert!(told(&report).any(|found| shown(found) == "  × mail is off\n"));
    }

    #[test]
    fn what_is_off_because_of_a_value_is_told_with_its_line_and_fails_no_start() {
        use greenroom::config::{ConfigError, Remark};

        let mut catalogue = Catalogue::default();
        catalogue.offer(ByDefault::On, || {
            let mail = plugin("mail", |env| env.register_init(async || Ok(())));
            let off = |error: &Option<ConfigError>, _: &_| {
                error.iter().map(|error| Remark::off_by("mail is off", error)).collect()
            };
            mail.reads_with_remarks(
                |config| Ok::<_, ConfigError>(config.optional_number("mail.port").err()),
                off,
            )
        });
        let report = found(&catalogue, "mail:\n  port: many\n");
        assert!(!told(&report).any(|found| found.is_fault() || found.to_fault().is_some()));
        let off: Vec<_> = told(&report).filter(|found| found.severity == Severity::Off).map(shown).collect();
        assert_eq!(off.len(), 1, "{off:?}");
        assert!(off[0].contains("mail is off: ") && off[0].contains("2 │   port: many"), "{off:?}");
    }

    #[test]
    fn what_a_start_says_once_it_runs_is_told_before() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(ByDefault::On, || {
            let mail = plugin("mail", |env| env.register_init(async || Ok(())));
            mail.foretells(|config, _| match config.has("mail.server") {
                Ok(false) => vec!["no mail is sent".to_owned()],
                Ok(true) | Err(_) => vec![],
            })
        });
        let told = |yaml: &str| texts(&found(&catalogue, yaml), |found| found.severity == Severity::Warning);
        assert_eq!(told(""), ["no mail is sent"]);
        assert_eq!(told("mail: {server: x}"), [""; 0]);
    }

    #[test]
    fn an_address_that_two_listen_on_is_a_fault_before_the_second_finds_it_taken() {
        let yaml =
            "backend: {baseUrl: http://x, listen: ':7007'}\ngreenroom: {ops: {listen: '127.0.0.1:7007'}}";
        let report = found(&Catalogue::default(), yaml);
        let keys: Vec<_> =
            told(&report).filter(|found| found.is_fault()).map(|found| found.key.clone()).collect();
        assert_eq!(keys, [Some("greenroom.ops.listen".to_owned())]);
    }

    /// A runtime waits at its end for work that blocks; a plain thread holds no process.
    #[test]
    fn readers_run_on_no_runtime_so_that_nothing_they_leave_over_holds_the_end_of_a_command() {
        let runs_on_one = Arc::new(Mutex::new(vec![]));
        let noted = runs_on_one.clone();
        let mut catalogue = Catalogue::default();
        catalogue.offer(ByDefault::On, move || {
            let noted = noted.clone();
            let curious = plugin("curious", |env| env.register_init(async || Ok(())));
            curious.reads(move |_: &RootConfig| {
                noted.lock().unwrap().push(tokio::runtime::Handle::try_current().is_ok());
                Ok::<_, greenroom::config::ConfigError>(())
            })
        });
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("app-config.yaml"), "backend: {baseUrl: http://x}\n").unwrap();
        let options = ConfigOptions { cwd: directory.path().to_owned(), ..ConfigOptions::default() };
        assert_eq!(check(&catalogue, &options), ExitCode::SUCCESS);
        let seen = runs_on_one.lock().unwrap();
        assert!(!seen.is_empty() && !seen.contains(&true), "{seen:?}");
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
        catalogue.offer(ByDefault::On, greenroom_plugin_tasks::tasks);
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

    /// Generated files may be so. It took hours when each fault was compared with all before it, its line looked for, and
    /// each secret considered for each line.
    #[test]
    fn of_a_file_with_very_many_faults_each_is_told_once() {
        let many = |member: &dyn Fn(usize) -> String| (0..8000).map(member).collect::<String>();
        let (directives, headers) = (many(&|n| format!("    d{n}: x\n")), many(&|n| format!("h{n}: '', ")));
        let secrets = many(&|n| format!("  s{n}: {{token: abcdefgh{n}}}\n"));
        let config =
            format!("backend:\n  csp:\n{directives}  health: {{headers: {{{headers}}}}}\nmine:\n{secrets}");
        let report = found(&Catalogue::default(), &config);
        let faults: Vec<_> = told(&report).filter(|found| found.is_fault()).collect();
        assert_eq!(faults.len(), 16_000);
        assert_eq!(faults.iter().map(|found| shown(found)).collect::<HashSet<_>>().len(), 16_000);
    }
}
