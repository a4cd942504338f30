//! What the command itself reads of a config, and the backend that follows from it: for a start and for `config check`.

use std::path::PathBuf;

use greenroom::{
    config::{ConfigError, ConfigOptions, DeclareConfig, Forecast, ReadContext, RootConfig, all, each},
    core::{Backend, Fault, feature_loader},
    data_dir::DataDirEnvironment,
    http_client::ClientEnvironment,
    logging::LogEnvironment,
    ops::OpsEnvironment,
};
use greenroom_defaults::{ConfigFrom, ConfigReport, Finding, Severity, Surroundings, create_backend_in};
use greenroom_otlp::OtelEnvironment;

use crate::{
    catalogue::{self, ByDefault, Catalogue, Choice},
    demo, findings, listeners,
};

/// What there is to start.
pub(crate) struct Prepared {
    pub(crate) choice: Choice,
    pub(crate) data_dir: PathBuf,
    pub(crate) has_demo: bool,
}

/// All that is wrong of it, and the choice of plugins by what is not.
pub(crate) struct Refused {
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) choice: Choice,
}

/// `NODE_ENV`, as the options know it.
pub(crate) fn node_env(options: &ConfigOptions) -> Option<&str> {
    options.env.get("NODE_ENV").map(String::as_str)
}

/// Reads which plugins run, where own files go, and whether the demo is on.
pub(crate) fn prepare(
    catalogue: &Catalogue,
    config: &RootConfig,
    options: &ConfigOptions,
) -> Result<Prepared, Refused> {
    let node_env = node_env(options);
    let (choice, mut errors) = catalogue.choose(config);
    let (data_dir, has_demo) =
        (DataDirEnvironment::of(options).data_dir(config), demo::check(config, node_env));
    match (data_dir, has_demo) {
        (Ok(data_dir), Ok(has_demo)) if errors.is_empty() => Ok(Prepared { choice, data_dir, has_demo }),
        (data_dir, has_demo) => {
            errors.extend(data_dir.err().into_iter().chain(has_demo.err()));
            Err(Refused { errors, choice })
        }
    }
}

/// Reads what the program itself takes of a config: what it refuses of a changed one, and what of it waits for the next start,
/// is told as of any feature. So are the keys by which plugins run: of one that is off, nothing else reads them.
fn own_config(
    config: &RootConfig,
    node_env: Option<&str>,
    plugins: &[(String, ByDefault)],
) -> Result<(), ConfigError> {
    let switches = catalogue::switches(config);
    let plugins = plugins.iter().map(|(id, default)| (id.as_str(), *default));
    let _ = catalogue::chosen(plugins, config, &switches);
    let switches = each(switches.refused.into_iter().map(Err::<(), _>));
    all((switches, demo::check(config, node_env), listeners::check(config))).map(|_| ())
}

/// How a start with these options calls out.
pub(crate) fn calls(options: &ConfigOptions) -> ClientEnvironment {
    ClientEnvironment::from_variables(|name| options.env.get(name).map(Into::into))
}

/// Where traces and metrics of a start with these options are sent.
pub(crate) fn telemetry(options: &ConfigOptions) -> OtelEnvironment {
    OtelEnvironment::from_variables(options.env.clone())
}

/// What decides on the lines of a start with these options.
pub(crate) fn log(options: &ConfigOptions) -> LogEnvironment {
    LogEnvironment { node_env: node_env(options).map(str::to_owned), ..LogEnvironment::from_process() }
}

/// What these options say of the surface of operators.
pub(crate) fn ops(options: &ConfigOptions) -> OpsEnvironment {
    OpsEnvironment::of(options.env.get(OpsEnvironment::VARIABLE).cloned())
}

/// The backend with its defaults and what is chosen.
pub(crate) fn backend(
    catalogue: &Catalogue,
    config: &RootConfig,
    options: &ConfigOptions,
    choice: &Choice,
) -> Backend {
    let node_env = node_env(options).map(str::to_owned);
    let log = log(options);
    let surroundings = Surroundings {
        config: ConfigFrom::Loaded(config.clone()),
        state: DataDirEnvironment::of(options),
        calls: calls(options),
        telemetry: telemetry(options),
        ops: ops(options),
        found: findings::of(catalogue, config, choice, node_env.as_deref()),
        is_process: log.logs_panics(),
        log,
    };
    let own = feature_loader(async || Ok(vec![]));
    let plugins: Vec<_> = catalogue.plugins().map(|(id, default)| (id.to_owned(), default)).collect();
    let own = own.reads(move |config| own_config(config, node_env.as_deref(), &plugins));
    catalogue.add(create_backend_in(surroundings).add(own), choice)
}

/// All that there is to say of a config.
pub(crate) fn report_of(catalogue: &Catalogue, config: &RootConfig, options: &ConfigOptions) -> ConfigReport {
    let (choice, refused) = match prepare(catalogue, config, options) {
        Ok(prepared) => (prepared.choice, vec![]),
        Err(Refused { errors, choice }) => (choice, errors),
    };
    report(catalogue, config, options, &choice, refused)
}

/// All that is to say of a config, by the program and by what it would start, before it runs and later: `refused` is what
/// [`prepare`] found.
pub(crate) fn report(
    catalogue: &Catalogue,
    config: &RootConfig,
    options: &ConfigOptions,
    choice: &Choice,
    refused: Vec<ConfigError>,
) -> ConfigReport {
    let declarations = backend(catalogue, config, options, choice).declarations();
    let context = ReadContext { node_env: node_env(options).map(str::to_owned), declarations };
    let mut report = ConfigReport::of(&context, config);
    refused.into_iter().for_each(|error| report.refuse(Fault { owner: None, error: error.into() }));
    report.add_all(findings::of(catalogue, config, choice, context.node_env.as_deref()));
    let later = Forecast::all(config, &context).into_iter();
    report.add_all(later.map(|text| Finding::new(Severity::Warning, text)));
    report
}

#[cfg(test)]
mod tests {
    use greenroom::{config::ConfigReader, prelude::*};

    use super::*;

    /// The keys that wait for the next start: those that are read and were changed.
    fn waiting(catalogue: &Catalogue, before: &str, after: &str) -> Vec<String> {
        let [before, after] = [before, after].map(|yaml| RootConfig::from_yaml(yaml).unwrap());
        let choice = catalogue.choose(&before).0;
        let backend = backend(catalogue, &before, &ConfigOptions::default(), &choice);
        let readers = backend.declarations().of::<ConfigReader>();
        let mut changed: Vec<_> =
            readers.iter().flat_map(|(_, reader)| reader.changed(&before, &after)).collect();
        changed.sort_unstable();
        changed
    }

    #[test]
    fn a_key_that_another_choice_of_plugins_follows_from_waits_for_the_next_start() {
        let mut catalogue = Catalogue::default();
        let named = |id: &'static str| move || plugin(id, |env| env.register_init(async || Ok(())));
        catalogue.offer(ByDefault::With(&["app.datadogRum", "greenroom.rum"]), named("rum"));
        for (before, after, keys) in [
            ("{}", "app: {datadogRum: {env: x}}", &["app.datadogRum"][..]),
            ("{}", "greenroom: {rum: {mode: forward}}", &["greenroom.rum"]),
            ("app: {datadogRum: {env: x}}", "app: {title: x}", &["app.datadogRum"]),
            ("greenroom: {rum: {mode: off}}", "greenroom: {rum: {mode: auto}}", &[]),
            // A switch decides, whatever keys there are.
            (
                "greenroom: {plugins: {rum: false}}",
                "greenroom: {plugins: {rum: false}, rum: {mode: auto}}",
                &[],
            ),
        ] {
            assert_eq!(waiting(&catalogue, before, after), keys, "{before} -> {after}");
        }
    }

    #[test]
    fn what_the_program_itself_reads_is_declared_as_that_of_features_is() {
        let catalogue = Catalogue::default();
        let changed = waiting(&catalogue, "{}", "greenroom: {demo: true, plugins: {tasks: true}}");
        assert_eq!(changed, ["greenroom.demo", "greenroom.plugins.tasks"]);

        let before = RootConfig::from_yaml("{}").unwrap();
        let backend = backend(&catalogue, &before, &ConfigOptions::default(), &Choice::default());
        let readers = backend.declarations().of::<ConfigReader>();
        let wrong = RootConfig::from_yaml("greenroom: {demo: perhaps, plugins: {tasks: perhaps}}").unwrap();
        let refused: Vec<_> = readers
            .iter()
            .filter_map(|(_, reader)| reader.read(&wrong, &ReadContext::default()).err())
            .collect();
        let [error] = &refused[..] else { panic!("{refused:?}") };
        let keys = error.clone().each();
        assert_eq!(
            keys.filter_map(|one| one.downcast_ref::<ConfigError>()?.key().map(str::to_owned))
                .collect::<Vec<_>>(),
            ["greenroom.plugins.tasks", "greenroom.demo"]
        );
    }
}
