//! A command line around a backend: it starts it, looks at its configs, and tells people what is wrong and where.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use greenroom::prelude::*;
//! use greenroom_program::Program;
//!
//! fn hello() -> Plugin {
//!     plugin("hello", |env| env.register_init(async || Ok(())))
//! }
//!
//! fn main() -> ExitCode {
//!     Program::new("my-backend", "1.0.0").plugin(hello).run()
//! }
//! ```
//!
//! | command | what it does |
//! | --- | --- |
//! | `my-backend` | starts on the `app-config.yaml` of the directory, or on the files of `--config`, and serves until SIGTERM |
//! | `my-backend config check` | reports all that is wrong with the config, each with its file and line |
//! | `my-backend config print` | prints the merged config without its secrets, with `--with-sources` where each value comes from |
//! | `my-backend config schema` | prints the JSON Schema of all that is declared |
//!
//! Exit codes: 0 stopped, 1 start or config failed, 2 usage, 130 and 143 forced by a second signal. What people read goes to
//! stderr, or is the result of a command that was asked for it; the log stream is stdout's alone.

mod banner;
mod catalogue;
mod check;
mod command;
mod demo;
mod explain;
mod paths;
mod schema;
mod start;

use std::process::ExitCode;

use greenroom::{
    config::RootConfig,
    core::{Backend, Plugin},
};
use greenroom_config_schema::{Schema, SchemaError};

use crate::catalogue::Catalogue;

/// A program that is a backend with these plugins, and the commands to go with it.
#[derive(Debug)]
pub struct Program {
    name: &'static str,
    version: &'static str,
    catalogue: Catalogue,
}

impl Program {
    /// A program without plugins. `name` is what people type; `version` is what `--version` tells.
    pub fn new(name: &'static str, version: &'static str) -> Self {
        Self { name, version, catalogue: Catalogue::default() }
    }

    /// A plugin that runs unless the config says `greenroom.plugins.<id>: false`.
    #[must_use]
    pub fn plugin<P: Into<Plugin>>(mut self, make: impl Fn() -> P + 'static) -> Self {
        self.catalogue.offer(true, move || make().into());
        self
    }

    /// A plugin that runs if the config says `greenroom.plugins.<id>: true`.
    #[must_use]
    pub fn optional_plugin<P: Into<Plugin>>(mut self, make: impl Fn() -> P + 'static) -> Self {
        self.catalogue.offer(false, move || make().into());
        self
    }

    /// What the backend has in any case, such as modules, service factories and decorators.
    ///
    /// ```no_run
    /// use greenroom::{health::{HealthResponse, Probe, RootHealthService}, prelude::*};
    /// use greenroom_program::Program;
    ///
    /// # fn my_health() -> ServiceFactory { RootHealth::factory() }
    /// Program::new("my-backend", "1.0.0").with(|backend| backend.add(my_health())).run();
    /// ```
    #[must_use]
    pub fn with(mut self, add: impl Fn(Backend) -> Backend + 'static) -> Self {
        self.catalogue.always(add);
        self
    }

    /// Does what the process's arguments say; at a second signal the process ends at once.
    pub fn run(self) -> ExitCode {
        command::run(&self)
    }

    /// The schemas of all that may be in this program's config, of plugins that the config does not choose too.
    ///
    /// # Errors
    /// When a schema cannot be read.
    pub fn config_schemas(&self, config: &RootConfig) -> Result<Vec<Schema>, SchemaError> {
        schema::all(&self.catalogue, config)
    }
}
