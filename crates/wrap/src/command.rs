//! What is run: a program, its arguments, where, and with which environment; and which config it reads.

mod arguments;
pub(crate) mod form;
mod script;
mod warning;

use std::{ffi::OsString, fmt, io, path::PathBuf};

use greenroom_config::ConfigOptions;
use indexmap::IndexMap;

pub(crate) use form::{Form, Runner};

/// The environment of a process, in its order: that of `APP_CONFIG_*` variables matters.
pub type Environment = IndexMap<OsString, OsString>;

/// What is run.
///
/// ```
/// use greenroom_wrap::{ChildCommand, Environment};
///
/// let words = ["node", "packages/backend", "--config", "app-config.yaml"].map(Into::into);
/// let command = ChildCommand::new(words, "/app", Environment::new()).unwrap();
/// let options = command.config_options();
/// assert_eq!((options.args, options.cwd), (vec!["--config=app-config.yaml".to_owned()], "/app".into()));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ChildCommand {
    /// The program: a path, or a name that is looked for in `PATH`.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Where it starts, absolute.
    pub cwd: PathBuf,
    /// All of its environment.
    pub env: Environment,
}

impl ChildCommand {
    /// A command of the words that stand after `--`.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(
        words: impl IntoIterator<Item = OsString>,
        cwd: impl Into<PathBuf>,
        env: Environment,
    ) -> io::Result<Self> {
        let mut words = words.into_iter();
        let Some(program) = words.next().filter(|program| !program.is_empty()) else {
            let text = "there is no program to run: write it after `--`, as in `-- node packages/backend`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        Ok(Self { program, args: words.collect(), cwd: cwd.into(), env })
    }

    /// The same, in the directory and with the environment of this process.
    ///
    /// # Errors
    /// As [`new`](Self::new), and when the working directory is gone.
    pub fn from_process(words: impl IntoIterator<Item = OsString>) -> io::Result<Self> {
        let mut env = Environment::new();
        for (name, value) in std::env::vars_os() {
            // Of two, programs see the first one.
            env.entry(name).or_insert(value);
        }
        Self::new(words, std::env::current_dir()?, env)
    }

    /// With these, Greenroom reads the config that the child reads: the files of its `--config` arguments, else Backstage's
    /// default files of its directory, and its environment. What is no Unicode is left out.
    pub fn config_options(&self) -> ConfigOptions {
        let text = |text: &OsString| text.to_str().map(str::to_owned);
        ConfigOptions {
            args: self.form().config(&self.texts()),
            env: self.env.iter().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect(),
            cwd: self.cwd.clone(),
            allow_missing_default: false,
            watch: true,
        }
    }

    /// Whether the command names config files; without, the child reads the default ones.
    pub fn names_config(&self) -> bool {
        !self.form().config(&self.texts()).is_empty()
    }

    /// Whether the child's `NODE_ENV` is `production`.
    pub fn is_production(&self) -> bool {
        self.env.get(std::ffi::OsStr::new("NODE_ENV")).is_some_and(|value| value == "production")
    }

    /// What to say of a program that stands between us and the backend and may keep signals from it, with what to write
    /// instead. It is for production: in development there has to be one.
    pub fn signal_warning(&self) -> Option<String> {
        warning::of(self)
    }

    /// How many bytes the backend takes as a request's header: what `--max-http-header-size` says, else Node's 16 KiB.
    pub fn header_limit(&self) -> u64 {
        crate::handover::header_limit(self)
    }

    /// The same with further arguments for the backend, where it reads them.
    ///
    /// # Errors
    /// When it cannot be told where that is.
    pub(crate) fn with_backend_args(&self, more: &[OsString]) -> Result<Self, String> {
        let mut with = self.clone();
        self.form().append(&self.program, &mut with.args, more)?;
        Ok(with)
    }

    pub(crate) fn form(&self) -> Form {
        Form::of(&self.program.to_string_lossy(), &self.texts())
    }

    fn texts(&self) -> Vec<String> {
        self.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect()
    }
}

/// Arguments and variables may be secrets.
impl fmt::Debug for ChildCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildCommand")
            .field("program", &self.program)
            .field("cwd", &self.cwd)
            .finish_non_exhaustive()
    }
}
