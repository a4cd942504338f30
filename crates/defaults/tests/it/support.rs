//! What a backend takes from surroundings that are nobody else's.

use std::{fs, path::Path};

use greenroom_config::{ConfigOptions, RootConfig};
use greenroom_core::{ServiceFactory, service};
use greenroom_data_dir::DataDirEnvironment;
use greenroom_defaults::{ConfigFrom, Surroundings};
use greenroom_http_client::ClientEnvironment;
use greenroom_logging::{LogEnvironment, LoggerOptions, RootLogger, Sink};
use greenroom_ops::OpsEnvironment;

/// Surroundings with this config, of a backend that is not the process.
pub(crate) fn surroundings(config: ConfigFrom, log: LogEnvironment) -> Surroundings {
    let calls = ClientEnvironment::default();
    Surroundings {
        config,
        log,
        state: DataDirEnvironment::default(),
        calls,
        telemetry: Default::default(),
        ops: OpsEnvironment::of(Some("the-token-of-these-tests".to_owned())),
        is_process: false,
        found: vec![],
    }
}

/// The config of an `app-config.yaml` in a directory, which is followed.
pub(crate) fn written(dir: &Path, yaml: &str, env: &[(&str, &str)]) -> ConfigFrom {
    fs::write(dir.join("app-config.yaml"), yaml).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let (cwd, env) = (dir.to_owned(), env.collect());
    ConfigFrom::Options(ConfigOptions { cwd, env, watch: true, ..ConfigOptions::default() })
}

/// A log in that format, in production.
pub(crate) fn production(format: &str) -> LogEnvironment {
    let (log_format, node_env) = (Some(format.to_owned()), Some("production".to_owned()));
    LogEnvironment { log_format, node_env, ..LogEnvironment::default() }
}

/// A logger as config and environment say, whose lines go there.
pub(crate) fn logger_to(sink: impl Sink + Clone, log: LogEnvironment) -> ServiceFactory {
    service(async move |config: RootConfig| {
        let options = LoggerOptions::from_config(&config, &log)?;
        Ok(RootLogger::builder().options(options).sink(sink.clone()).build())
    })
}
