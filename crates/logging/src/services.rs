//! Both loggers as services, and the factories that a backend installs unless told otherwise.

use greenroom_config::{DeclareConfig, RootConfig};
use greenroom_core::{PluginMetadata, Service, ServiceFactory, scope, service};

use crate::{LogEnvironment, Logger, LoggerOptions, RootLogger};

impl Service for RootLogger {
    const ID: &'static str = "core.rootLogger";
    type Scope = scope::Root;
}

impl Service for Logger {
    const ID: &'static str = "core.logger";
    type Scope = scope::Plugin;
}

/// `core.rootLogger` as config and environment say.
pub fn root_logger() -> ServiceFactory {
    service(async |config: RootConfig| Ok(RootLogger::builder_from(&config)?.build()))
        .reads(|config| LoggerOptions::from_config(config, &LogEnvironment::from_process()))
}

/// `core.logger`: the root logger with the plugin's id on every line.
pub fn logger() -> ServiceFactory {
    service(async |root: RootLogger, me: PluginMetadata| Ok(root.plugin(me.id())))
}
