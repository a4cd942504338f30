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
//! | `my-backend ops link` | prints a link to the running backend's pages for operators, good for one sign-in |
//! | `my-backend telemetry test` | sends one span and one point of a metric to the collector, and tells whether they arrive |
//!
//! Exit codes: 0 stopped, 1 start or config failed, 2 usage, 130 and 143 forced by a second signal. What people read goes to
//! stderr, or is the result of a command that was asked for it; the log stream is stdout's alone.

mod answer;
mod banner;
mod catalogue;
mod check;
mod command;
mod demo;
mod explain;
mod extra;
mod findings;
mod here;
mod line;
mod listeners;
mod ops;
mod paths;
mod prepare;
mod print;
mod refusal;
mod schema;
mod service_manager;
mod start;
mod telemetry;
mod ways;

use std::{borrow::Cow, process::ExitCode};

use greenroom::{
    config::{ConfigOptions, RootConfig},
    core::{Backend, Module, Plugin},
    errors::Result,
};
use greenroom_config_schema::{Schema, SchemaError};

use crate::{
    catalogue::{ByDefault, Catalogue},
    extra::Extra,
    ways::Way,
};

/// What describes the arguments of a [command](Program::command).
pub use clap;

pub use crate::{
    answer::{Answer, UsageError},
    extra::CommandContext,
    here::Here,
    service_manager::ServiceManager,
    ways::Start,
};

/// Whom an example's request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Who has credentials.
    Credentials,
}

#[derive(Clone, Copy, Debug)]
struct Example {
    plugin: &'static str,
    access: Access,
    arguments: &'static str,
    works: fn(&RootConfig, Option<&str>) -> bool,
}

#[derive(Clone, Copy, Debug)]
struct WorthOpening {
    plugin: &'static str,
    name: &'static str,
    path: &'static str,
}

/// A program that is a backend with these plugins, and the commands to go with it.
#[derive(Debug)]
pub struct Program {
    name: &'static str,
    version: &'static str,
    about: &'static str,
    hint: Option<Cow<'static, str>>,
    is_ready_later: bool,
    examples: Vec<Example>,
    worth_opening: Vec<WorthOpening>,
    catalogue: Catalogue,
    extras: Vec<Extra>,
    ways: Vec<Way>,
}

impl Program {
    /// A program without plugins. `name` is what people type; `version` is what `--version` tells.
    pub fn new(name: &'static str, version: &'static str) -> Self {
        let about = "A backend for Backstage";
        Self {
            name,
            version,
            about,
            hint: None,
            is_ready_later: false,
            examples: vec![],
            worth_opening: vec![],
            catalogue: Catalogue::default(),
            extras: vec![
                Extra::new(extra::OPS, "link", ops::link),
                Extra::new(extra::TELEMETRY, "test", telemetry::test),
            ],
            ways: vec![],
        }
    }

    /// What `--help` begins with.
    #[must_use]
    pub fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// The last line of what a person at a terminal sees once the backend is up.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Once this backend is up it may not be ready yet, as one in front of another backend that is still to come: at a terminal
    /// is then told why, by what its readiness says. Who is waited for tells the log when it is there.
    #[must_use]
    pub fn ready_later(mut self) -> Self {
        self.is_ready_later = true;
        self
    }

    /// A page worth opening, shown at a terminal once the backend is up, if that plugin runs: what it is called, in a word or two,
    /// and its path.
    #[must_use]
    pub fn page(mut self, plugin: &'static str, name: &'static str, path: &'static str) -> Self {
        self.worth_opening.push(WorthOpening { plugin, name, path });
        self
    }

    /// A request worth trying, shown at a terminal once the backend is up, if that plugin runs. `arguments` are curl's, in
    /// which `{url}` stands for the server; a request that needs credentials is shown with those of `greenroom.demo`.
    #[must_use]
    pub fn example(self, plugin: &'static str, access: Access, arguments: &'static str) -> Self {
        self.example_if(plugin, access, arguments, |_, _| true)
    }

    /// The same for a request that works with some configs only: `works` is asked, with the value of `NODE_ENV` too.
    #[must_use]
    pub fn example_if(
        mut self,
        plugin: &'static str,
        access: Access,
        arguments: &'static str,
        works: fn(&RootConfig, Option<&str>) -> bool,
    ) -> Self {
        self.examples.push(Example { plugin, access, arguments, works });
        self
    }

    /// A plugin that runs unless the config says `greenroom.plugins.<id>: false`.
    ///
    /// `make` describes the plugin and does nothing else: it is called several times, also when the plugin is off, and for
    /// commands that start nothing.
    #[must_use]
    pub fn plugin<P: Into<Plugin>>(mut self, make: impl Fn() -> P + 'static) -> Self {
        self.catalogue.offer(ByDefault::On, move || make().into());
        self
    }

    /// A plugin that runs if the config says `greenroom.plugins.<id>: true`. `make` is called as that of
    /// [`plugin`](Self::plugin).
    #[must_use]
    pub fn optional_plugin<P: Into<Plugin>>(mut self, make: impl Fn() -> P + 'static) -> Self {
        self.catalogue.offer(ByDefault::Off, move || make().into());
        self
    }

    /// A plugin that runs if the config has one of these keys, unless `greenroom.plugins.<id>` says otherwise. `make` is called as that of [`plugin`](Self::plugin).
    #[must_use]
    pub fn plugin_with<P: Into<Plugin>>(
        mut self,
        keys: &'static [&'static str],
        make: impl Fn() -> P + 'static,
    ) -> Self {
        self.catalogue.offer(ByDefault::With(keys), move || make().into());
        self
    }

    /// A plugin that runs if this key of the config is `true`, unless `greenroom.plugins.<id>` says otherwise. `make` is called as
    /// that of [`plugin`](Self::plugin).
    #[must_use]
    pub fn plugin_where<P: Into<Plugin>>(
        mut self,
        key: &'static str,
        make: impl Fn() -> P + 'static,
    ) -> Self {
        self.catalogue.offer(ByDefault::Where(key), move || make().into());
        self
    }

    /// A module that is there where its plugin and `plugin` run, as one that shows something of `plugin` in the app. `make` is
    /// called as that of [`plugin`](Self::plugin). A program that lacks one of them does not [run](Self::run).
    #[must_use]
    pub fn module_with(mut self, plugin: &'static str, make: impl Fn() -> Module + 'static) -> Self {
        self.catalogue.tie(plugin, make);
        self
    }

    /// What the backend has in any case, such as modules, service factories and decorators. `add` is called several times,
    /// too, each time with another backend.
    ///
    /// ```no_run
    /// use greenroom::prelude::*;
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

    /// A command of a plugin: `my-backend <plugin> <name>`. Its arguments are described by clap, from which its help comes, and
    /// are `()` where there are none; what it returns is printed: a text, or an [`Answer`] that chooses the exit code. An error
    /// ends it with 1, a [`UsageError`] and what cannot be printed with 2.
    ///
    /// ```no_run
    /// use greenroom_program::{Program, clap};
    ///
    /// /// Greets somebody.
    /// #[derive(clap::Args)]
    /// struct Greet {
    ///     /// Whom.
    ///     name: String,
    /// }
    ///
    /// let program = Program::new("my-backend", "1.0.0");
    /// program.command("hello", "greet", |greet: Greet, _| Ok(format!("good evening, {}", greet.name))).run();
    /// ```
    #[must_use]
    pub fn command<A: clap::Args, T: Into<Answer>>(
        mut self,
        plugin: &'static str,
        name: &'static str,
        run: impl Fn(A, &CommandContext<'_>) -> Result<T> + 'static,
    ) -> Self {
        self.extras.push(Extra::new(plugin, name, run));
        self
    }

    /// Another way to start: `my-backend <name>`. `plan` makes of this program what is started, such as one with a plugin more,
    /// and chooses the options, such as the config's files. Its arguments are described by clap, from which its help comes.
    ///
    /// ```no_run
    /// use greenroom::prelude::*;
    /// use greenroom_program::{Program, Start};
    ///
    /// # fn mirror() -> Plugin { plugin("mirror", |env| env.register_init(async || Ok(()))) }
    /// let program = Program::new("my-backend", "1.0.0");
    /// program.start_command("mirror", |(), program, options| Ok(Start::backend(program.plugin(mirror), options))).run();
    /// ```
    #[must_use]
    pub fn start_command<A: clap::Args>(
        mut self,
        name: &'static str,
        plan: impl Fn(A, Program, ConfigOptions) -> Result<Start> + 'static,
    ) -> Self {
        self.ways.push(Way::new(name, plan));
        self
    }

    /// Of the plugins, only these run unless the config switches others on by `greenroom.plugins.<id>: true`; these run as they
    /// did. For a program in front of another backend, whose plugins the config is about.
    #[must_use]
    pub fn only_by_default(mut self, plugins: &'static [&'static str]) -> Self {
        self.catalogue.only_by_default(plugins);
        self
    }

    /// Those that work with a config.
    fn examples_for(&self, config: &RootConfig, node_env: Option<&str>) -> Vec<Example> {
        self.examples.iter().copied().filter(|example| (example.works)(config, node_env)).collect()
    }

    /// Does what the process's arguments say; at a second signal the process ends at once. With [mistakes](Self::mistakes) it
    /// tells them, and ends with 1.
    pub fn run(self) -> ExitCode {
        match &*self.mistakes() {
            [] => command::run(self),
            mistakes => explain::fail(&format!("{}: {}", self.name, mistakes.join("; ")), None),
        }
    }

    /// What is wrong with how the program is put together, whatever its config says. A test of a program asks for it:
    ///
    /// ```
    /// use greenroom::prelude::*;
    /// use greenroom_program::Program;
    ///
    /// fn deploys() -> Plugin {
    ///     plugin("deploys", |env| env.register_init(async || Ok(())))
    /// }
    /// fn in_deploys() -> Module {
    ///     module("deploys", "mail", |env| env.register_init(async || Ok(())))
    /// }
    ///
    /// let program = Program::new("my-backend", "1.0.0").plugin(deploys).module_with("deplyos", in_deploys);
    /// assert_eq!(
    ///     program.mistakes(),
    ///     ["a module is tied to 'deplyos', which is no plugin here; did you mean 'deploys'?"]
    /// );
    /// ```
    pub fn mistakes(&self) -> Vec<String> {
        self.catalogue.untied()
    }

    /// The schemas of all that may be in this program's config, of plugins that the config does not choose too.
    ///
    /// # Errors
    /// When a schema cannot be read.
    #[doc(hidden)]
    pub fn config_schemas(&self, config: &RootConfig) -> std::result::Result<Vec<Schema>, SchemaError> {
        schema::all(&self.catalogue, config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_shown_where_it_works() {
        let is_development = |_: &RootConfig, node_env: Option<&str>| node_env == Some("development");
        let program = Program::new("x", "1").example("a", Access::Open, "a").example_if(
            "b",
            Access::Open,
            "b",
            is_development,
        );
        let config = RootConfig::from_yaml("").unwrap();
        let shown = |node_env| {
            program.examples_for(&config, node_env).iter().map(|example| example.plugin).collect::<Vec<_>>()
        };
        assert_eq!(shown(Some("development")), ["a", "b"]);
        assert_eq!(shown(None), ["a"]);
    }
}
