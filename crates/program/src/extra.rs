//! Commands that a program has beside its own: those of its plugins, as in `greenroom rum sdk`.

use std::{fmt, path::PathBuf, process::ExitCode};

use clap::{ArgMatches, Args, Command};
use greenroom::{
    config::{ConfigOptions, RootConfig},
    data_dir::DataDirEnvironment,
    errors::{Error, Result},
};

use crate::{catalogue::Catalogue, explain, schema};

/// What a command of a plugin may ask for.
#[derive(Debug)]
pub struct CommandContext<'a> {
    catalogue: &'a Catalogue,
    options: &'a ConfigOptions,
}

impl CommandContext<'_> {
    /// The config that a start would read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn config(&self) -> Result<RootConfig> {
        schema::load(self.catalogue, self.options).map_err(|error| Error::from(error).into())
    }

    /// The directory for own files, which may not be there yet.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn data_dir(&self) -> Result<PathBuf> {
        let dir = DataDirEnvironment::of(self.options).data_dir(&self.config()?);
        dir.map_err(|error| Error::from(error).into())
    }

    /// The working directory.
    pub fn working_dir(&self) -> PathBuf {
        self.options.cwd.clone()
    }
}

type Run = Box<dyn Fn(&ArgMatches, &CommandContext<'_>) -> Result<String>>;

/// One command: the plugin that it is of, and its own name.
pub(crate) struct Extra {
    plugin: &'static str,
    name: &'static str,
    command: Command,
    run: Run,
}

impl Extra {
    pub(crate) fn new<A: Args>(
        plugin: &'static str,
        name: &'static str,
        run: impl Fn(A, &CommandContext<'_>) -> Result<String> + 'static,
    ) -> Self {
        let command = A::augment_args(Command::new(name));
        let run = move |matches: &ArgMatches, context: &CommandContext<'_>| {
            run(A::from_arg_matches(matches).map_err(Error::from_any)?, context)
        };
        Self { plugin, name, command, run: Box::new(run) }
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.plugin, self.name)
    }
}

/// The command line with all of them.
pub(crate) fn added(mut to: Command, extras: &[Extra]) -> Command {
    for extra in extras {
        if to.find_subcommand(extra.plugin).is_none() {
            let about = format!("Commands of the plugin `{}`", extra.plugin);
            to = to.subcommand(Command::new(extra.plugin).about(about).subcommand_required(true));
        }
        to = to.mut_subcommand(extra.plugin, |group| group.subcommand(extra.command.clone()));
    }
    to
}

/// The one that was typed, with its arguments.
pub(crate) fn typed<'a>(extras: &'a [Extra], matches: &'a ArgMatches) -> Option<(&'a Extra, &'a ArgMatches)> {
    let (plugin, group) = matches.subcommand()?;
    let (name, arguments) = group.subcommand()?;
    let extra = extras.iter().find(|extra| (extra.plugin, extra.name) == (plugin, name))?;
    Some((extra, arguments))
}

/// Prints what it has to say.
#[expect(clippy::print_stdout, reason = "it is the result of a command that was asked for it")]
pub(crate) fn run(
    extra: &Extra,
    arguments: &ArgMatches,
    catalogue: &Catalogue,
    options: &ConfigOptions,
) -> ExitCode {
    match (extra.run)(arguments, &CommandContext { catalogue, options }) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let error = Error::from_any(error);
            explain::command_error(&error)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Own {
        #[command(subcommand)]
        _command: Option<OwnCommand>,
    }

    #[derive(clap::Subcommand)]
    enum OwnCommand {
        Start,
    }

    /// Greets somebody.
    #[derive(Args)]
    struct Greet {
        /// Whom.
        #[arg(long)]
        name: String,
    }

    #[derive(Args)]
    struct Nothing {}

    #[test]
    fn commands_of_plugins_stand_beside_the_programs_own() {
        let greet = |greet: Greet, context: &CommandContext<'_>| {
            Ok(format!("hello {} in {}", greet.name, context.data_dir()?.display()))
        };
        let extras = [
            Extra::new("hello", "greet", greet),
            Extra::new("hello", "doctor", |Nothing {}, _| Ok("fine".to_owned())),
        ];
        let command = || added(<Own as clap::CommandFactory>::command(), &extras);
        let matches = |line: &str| command().try_get_matches_from(line.split(' '));

        let help = command().render_long_help().to_string();
        assert!(help.contains("Commands of the plugin `hello`"), "{help}");
        let typed_in = matches("own hello greet --name you").unwrap();
        let (extra, arguments) = typed(&extras, &typed_in).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("app-config.yaml");
        std::fs::write(&config, "greenroom: {dataDir: state}").unwrap();
        let options = ConfigOptions {
            cwd: dir.path().to_owned(),
            args: vec!["--config".to_owned(), config.display().to_string()],
            ..ConfigOptions::default()
        };
        let catalogue = Catalogue::default();
        let context = CommandContext { catalogue: &catalogue, options: &options };
        let told = (extra.run)(arguments, &context).unwrap();
        assert_eq!(told, format!("hello you in {}", dir.path().join("state").display()));

        assert!(typed(&extras, &matches("own start").unwrap()).is_none());
        assert!(matches("own hello").is_err() && matches("own hello greet").is_err());
    }
}
