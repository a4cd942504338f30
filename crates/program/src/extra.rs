//! Commands that a program has beside its own: those of its plugins, as in `greenroom rum sdk`.

use std::{cell::OnceCell, fmt, path::PathBuf, process::ExitCode};

use clap::{ArgMatches, Args, Command};
use greenroom::{
    config::{ConfigError, ConfigOptions, RootConfig},
    data_dir::DataDirEnvironment,
    errors::{BoxError, Error, Result},
    http_client::{ClientSettings, HttpClient},
};
use greenroom_defaults::ConfigReport;

use crate::{
    answer::{Answer, UsageError},
    catalogue::Catalogue,
    explain, prepare, schema,
};

/// What a command of a plugin may ask for: what the program knows of a start without starting anything.
///
/// ```no_run
/// use greenroom::prelude::*;
/// use greenroom_program::{Answer, CommandContext, Program};
///
/// fn ping((): (), context: &CommandContext<'_>) -> Result<Answer> {
///     if let Some(why) = context.why_off("deploys")? {
///         return Ok(Answer::from(format!("The plugin deploys is off: {why}")).exit_code(3));
///     }
///     let url = context.config()?.string("deploys.url")?;
///     let call = greenroom::http_client::Call::get(&url)?;
///     let answer = context.wait_for(context.http_client()?.send(call))??;
///     Ok(Answer::from(format!("{url} answers {}", answer.status())))
/// }
///
/// # fn deploys() -> Plugin { plugin("deploys", |env| env.register_init(async || Ok(()))) }
/// Program::new("my-backend", "1.0.0").plugin(deploys).command("deploys", "ping", ping).run();
/// ```
#[derive(Debug)]
pub struct CommandContext<'a> {
    catalogue: &'a Catalogue,
    options: &'a ConfigOptions,
    /// Read once: a pipe can be read no second time.
    config: OnceCell<Result<RootConfig, ConfigError>>,
}

impl<'a> CommandContext<'a> {
    fn new(catalogue: &'a Catalogue, options: &'a ConfigOptions) -> Self {
        Self { catalogue, options, config: OnceCell::new() }
    }

    /// The config that a start would read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn config(&self) -> Result<RootConfig> {
        self.read().map_err(|error| Error::from(error).into())
    }

    /// The same, and `None` where none is named and the directory has no `app-config.yaml`: for a command that is of use
    /// without one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn config_if_any(&self) -> Result<Option<RootConfig>> {
        let is_missing = |error: &ConfigError| error.name() == "NotFoundError";
        match self.read() {
            Err(error) if is_missing(&error) && !names_files(self.options) => Ok(None),
            read => read.map(Some).map_err(|error| Error::from(error).into()),
        }
    }

    /// Whose command line and environment these are.
    pub(crate) fn options(&self) -> &ConfigOptions {
        self.options
    }

    fn read(&self) -> Result<RootConfig, ConfigError> {
        self.config.get_or_init(|| schema::load(self.catalogue, self.options)).clone()
    }

    /// All that there is to say of it, as `config check` says it: what a start refuses is among it.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn config_report(&self) -> Result<ConfigReport> {
        Ok(prepare::report_of(self.catalogue, &self.config()?, self.options))
    }

    /// Why a start does not run this plugin; `None` if it does.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn why_off(&self, plugin: &str) -> Result<Option<String>> {
        Ok(self.catalogue.why_off(&self.config()?, plugin))
    }

    /// What calls out as the backend does: by its proxies, with its trust, to the addresses that it may reach.
    ///
    /// # Errors
    /// As [`config`](Self::config), and when `greenroom.httpClient` is refused.
    pub fn http_client(&self) -> Result<HttpClient> {
        let settings = ClientSettings::from_config(&self.config()?).map_err(Error::from)?;
        Ok(HttpClient::builder(prepare::calls(self.options)).settings(settings).build())
    }

    /// The directory for own files, which may not be there yet.
    ///
    /// # Errors
    /// As [`config`](Self::config), and when `greenroom.dataDir` is no text.
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

/// Whether the command line says which files there are.
fn names_files(options: &ConfigOptions) -> bool {
    let mut arguments = options.args.iter().take_while(|argument| *argument != "--");
    arguments.any(|argument| argument == "--config" || argument.starts_with("--config="))
}

type Run = Box<dyn Fn(&ArgMatches, &CommandContext<'_>) -> Result<Answer>>;

/// The group of a command that is of no plugin.
pub(crate) const OPS: &str = "ops";

/// Another one.
pub(crate) const TELEMETRY: &str = "telemetry";

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
            let about = match extra.plugin {
                OPS => "Look after the running backend".to_owned(),
                TELEMETRY => "Look after traces and metrics".to_owned(),
                plugin => format!("Commands of the plugin `{plugin}`"),
            };
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
    match (extra.run)(arguments, &CommandContext::new(catalogue, options)) {
        // What 1 means the command's help says, and hardly that nobody could read the answer.
        Ok(Answer { text, code }) => match explain::answer(&format!("{text}\n")) {
            Ok(()) => ExitCode::from(code),
            Err(_) => ExitCode::from(2),
        },
        Err(error) => refused(error),
    }
}

/// Prints what a command failed with.
pub(crate) fn refused(error: BoxError) -> ExitCode {
    let error = Error::from_any(error);
    match error.downcast_ref::<UsageError>() {
        Some(UsageError(text)) => explain::usage(text),
        None => explain::command_error(&error),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::catalogue::ByDefault;

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

    #[test]
    fn commands_of_plugins_stand_beside_the_programs_own() {
        let greet = |greet: Greet, context: &CommandContext<'_>| {
            Ok(format!("hello {} in {}", greet.name, context.data_dir()?.display()))
        };
        let extras = [
            Extra::new("hello", "greet", greet),
            Extra::new("hello", "doctor", |(), context| {
                let told = context.wait_for(async { "ill" })?;
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
        let context = CommandContext::new(&catalogue, &options);
        let told = (extra.run)(arguments, &context).unwrap();
        assert_eq!(told, format!("hello you in {}", dir.path().join("state").display()).into());

        let typed_in = matches("own hello doctor").unwrap();
        let (extra, arguments) = typed(&extras, &typed_in).unwrap();
        assert_eq!((extra.run)(arguments, &context).unwrap(), Answer::from("ill").exit_code(3));
        assert_eq!(run(extra, arguments, &catalogue, &options), ExitCode::from(3));

        let refusing =
            Extra::new("hello", "greet", |_: Greet, _| Err::<Answer, _>(UsageError::new("no name").into()));
        let typed_in = matches("own hello greet --name you").unwrap();
        let (_, arguments) = typed(&extras, &typed_in).unwrap();
        assert_eq!(run(&refusing, arguments, &catalogue, &options), ExitCode::from(2));

        assert!(typed(&extras, &matches("own start").unwrap()).is_none());
        assert!(matches("own hello").is_err() && matches("own hello greet").is_err());
    }

    #[test]
    fn a_command_may_do_without_a_config_where_none_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::default();
        let read = |args: &[&str]| {
            let args = args.iter().map(|argument| (*argument).to_owned()).collect();
            let options = ConfigOptions { cwd: dir.path().to_owned(), args, ..ConfigOptions::default() };
            CommandContext::new(&catalogue, &options).config_if_any()
        };
        assert!(read(&[]).unwrap().is_none());
        let named = read(&["--config", "other.yaml"]).unwrap_err().to_string();
        assert!(named.contains("does not exist"), "{named}");
        std::fs::write(dir.path().join("app-config.yaml"), "app: [").unwrap();
        assert!(read(&[]).is_err(), "what is there is to be readable");
        std::fs::write(dir.path().join("app-config.yaml"), "app: {}").unwrap();
        assert!(read(&[]).unwrap().is_some());
    }

    #[test]
    fn a_command_knows_of_a_start_what_config_check_tells() {
        use greenroom::{core::plugin, prelude::*};
        use greenroom_defaults::Finding;

        let off = |id: &'static str| move || plugin(id, |env| env.register_init(async || Ok(())));
        let mut catalogue = Catalogue::default();
        catalogue.offer(ByDefault::With(&["a.x", "a.y"]), off("a"));
        catalogue.offer(ByDefault::With(&["b"]), off("b"));
        catalogue.offer(ByDefault::Off, off("c"));
        catalogue.offer(ByDefault::On, off("d"));
        catalogue.always(move |backend| backend.add(off("e")()));
        let yaml = "greenroom: {plugins: {b: off, d: maybe}, httpClient: {allowedAddresses: [nonsense]}}";
        let config = RootConfig::from_yaml(yaml).unwrap();
        let options = ConfigOptions::default();
        let context = CommandContext::new(&catalogue, &options);
        context.config.set(Ok(config)).unwrap();
        let why = |id| context.why_off(id).unwrap();
        assert_eq!(why("a").as_deref(), Some("none of a.x, a.y is set"));
        assert_eq!(why("b").as_deref(), Some("b is not set"), "off is no switch");
        assert_eq!(why("c").as_deref(), Some("greenroom.plugins.c is not true"));
        assert_eq!((why("d"), why("e")), (None, None));
        assert_eq!(why("f").as_deref(), Some("this program has no plugin 'f'"));
        let report = context.config_report().unwrap();
        let faults = report.findings().iter().filter(|found| found.is_fault());
        let keys: Vec<_> = faults.filter_map(|found: &Finding| found.key.as_deref()).collect();
        for key in ["greenroom.plugins.b", "greenroom.plugins.d", "greenroom.httpClient.allowedAddresses[0]"]
        {
            assert!(keys.contains(&key), "{keys:?}");
        }
        let refused = context.http_client().unwrap_err().to_string();
        assert!(refused.contains("'nonsense' in greenroom.httpClient.allowedAddresses"), "{refused}");
    }
}
