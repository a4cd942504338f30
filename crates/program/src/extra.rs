//! Commands that a program has beside its own: those of its plugins, as in `greenroom rum sdk`.

use std::{fmt, path::PathBuf, process::ExitCode};

use clap::{ArgMatches, Args, Command};
use greenroom::{
    config::{ConfigOptions, RootConfig},
    data_dir::DataDirEnvironment,
    errors::{Error, Result},
};

use crate::{catalogue::Catalogue, explain, schema};

/// What a command has to say, and how the process ends then.
///
/// ```
/// use greenroom_program::Answer;
///
/// // A text alone ends with 0.
/// let fine = Answer::from("all is well".to_owned());
/// let found = Answer::from("the disk is full".to_owned()).exit_code(1);
/// # assert_ne!(fine, found);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    text: String,
    code: u8,
}

impl Answer {
    /// What the command's help says that this code means.
    #[must_use]
    pub fn exit_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self { text, code: 0 }
    }
}

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

    /// What comes of work that waits, such as calls.
    ///
    /// # Errors
    /// When the system lets no runtime be made.
    pub fn wait_for<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::from_any)?;
        let done = runtime.block_on(work);
        // A name that is still being looked up holds no command.
        runtime.shutdown_background();
        Ok(done)
    }

    /// The working directory.
    pub fn working_dir(&self) -> PathBuf {
        self.options.cwd.clone()
    }
}

type Run = Box<dyn Fn(&ArgMatches, &CommandContext<'_>) -> Result<Answer>>;

/// One command: the plugin that it is of, and its own name.
pub(crate) struct Extra {
    plugin: &'static str,
    name: &'static str,
    command: Command,
    run: Run,
}

impl Extra {
    pub(crate) fn new<A: Args, T: Into<Answer>>(
        plugin: &'static str,
        name: &'static str,
        run: impl Fn(A, &CommandContext<'_>) -> Result<T> + 'static,
    ) -> Self {
        let command = A::augment_args(Command::new(name));
        let run = move |matches: &ArgMatches, context: &CommandContext<'_>| {
            run(A::from_arg_matches(matches).map_err(Error::from_any)?, context).map(Into::into)
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
pub(crate) fn run(
    extra: &Extra,
    arguments: &ArgMatches,
    catalogue: &Catalogue,
    options: &ConfigOptions,
) -> ExitCode {
    match (extra.run)(arguments, &CommandContext { catalogue, options }) {
        Ok(Answer { text, code }) => {
            explain::answer(&format!("{text}\n")).err().unwrap_or_else(|| ExitCode::from(code))
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
            Extra::new("hello", "doctor", |Nothing {}, context| {
                let told = context.wait_for(async { "ill".to_owned() })?;
                Ok(Answer::from(told).exit_code(3))
            }),
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
        assert_eq!(told, format!("hello you in {}", dir.path().join("state").display()).into());

        let typed_in = matches("own hello doctor").unwrap();
        let (extra, arguments) = typed(&extras, &typed_in).unwrap();
        assert_eq!((extra.run)(arguments, &context).unwrap(), Answer::from("ill".to_owned()).exit_code(3));
        assert_eq!(run(extra, arguments, &catalogue, &options), ExitCode::from(3));

        assert!(typed(&extras, &matches("own start").unwrap()).is_none());
        assert!(matches("own hello").is_err() && matches("own hello greet").is_err());
    }
}
