//! What the command itself reads of a config, and the backend that follows from it: for a start and for `config check`.

use std::path::PathBuf;

use greenroom::{
    config::{ConfigError, ConfigOptions, DataDir, RootConfig},
    core::{Backend, Fault},
    errors::Error,
    http_client::ClientEnvironment,
    logging::LogEnvironment,
};
use greenroom_defaults::{ConfigFrom, ConfigReport, Surroundings, create_backend_in};

use crate::{
    catalogue::{Catalogue, Choice},
    demo, findings,
};

/// What there is to start.
pub(crate) struct Prepared {
    pub(crate) choice: Choice,
    pub(crate) data_dir: PathBuf,
    pub(crate) has_demo: bool,
}

/// All that is wrong of it, and the choice of plugins if that is not.
pub(crate) struct Refused {
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) choice: Choice,
}

/// Reads which plugins run, where own files go, and whether the demo is on.
pub(crate) fn prepare(
    catalogue: &Catalogue,
    config: &RootConfig,
    options: &ConfigOptions,
) -> Result<Prepared, Refused> {
    let node_env = options.env.get("NODE_ENV").map(String::as_str);
    let choice = catalogue.choose(config);
    let data_dir = DataDir::of(options).data_dir(config);
    let has_demo = demo::check(config, node_env);
    match (choice, data_dir, has_demo) {
        (Ok(choice), Ok(data_dir), Ok(has_demo)) => Ok(Prepared { choice, data_dir, has_demo }),
        (choice, data_dir, has_demo) => {
            let (choice, error) = match choice {
                Ok(choice) => (choice, None),
                Err(error) => (Choice::default(), Some(error)),
            };
            let errors = error.into_iter().chain(data_dir.err()).chain(has_demo.err()).collect();
            Err(Refused { errors, choice })
        }
    }
}

/// What speaks against a changed config while the backend runs, besides what its features say.
pub(crate) fn judge(next: &RootConfig, options: &ConfigOptions) -> Vec<Error> {
    let switches = || {
        let Some(named) = next.optional_config("greenroom.plugins")? else { return Ok(()) };
        named.keys().iter().try_for_each(|id| named.boolean(id).map(|_| ()))
    };
    let node_env = options.env.get("NODE_ENV").map(String::as_str);
    let data_dir = DataDir::of(options).data_dir(next);
    let refused = [switches().err(), data_dir.err(), demo::check(next, node_env).err()];
    refused.into_iter().flatten().map(Error::from).collect()
}

/// The backend with its defaults and what is chosen.
pub(crate) fn backend(
    catalogue: &Catalogue,
    config: &RootConfig,
    options: &ConfigOptions,
    choice: &Choice,
) -> Backend {
    let node_env = options.env.get("NODE_ENV").cloned();
    let surroundings = Surroundings {
        config: ConfigFrom::Loaded(config.clone()),
        state: DataDir::of(options),
        calls: ClientEnvironment::from_variables(|name| options.env.get(name).map(Into::into)),
        found: findings::of(catalogue, config, choice, node_env.as_deref()),
        is_process: node_env.as_deref() != Some("test"),
        log: LogEnvironment { node_env, ..LogEnvironment::from_process() },
    };
    catalogue.add(create_backend_in(surroundings), choice)
}

/// All that is to say of a config, by the program and by what it would start: `refused` is what [`prepare`] found.
pub(crate) fn report(
    catalogue: &Catalogue,
    config: &RootConfig,
    options: &ConfigOptions,
    choice: &Choice,
    refused: Vec<ConfigError>,
) -> ConfigReport {
    let declarations = backend(catalogue, config, options, choice).declarations();
    let mut report = ConfigReport::of(&declarations, config);
    refused.into_iter().for_each(|error| report.refuse(Fault { owner: None, error: error.into() }));
    let node_env = options.env.get("NODE_ENV").map(String::as_str);
    report.add_all(findings::of(catalogue, config, choice, node_env));
    report
}
