//! What a Node backend is told so that another one listens where it would, without a change to its config files.
//!
//! Backstage reads variables `APP_CONFIG_…` above all files, and by them it is moved to a port of the loopback interface. Only
//! the text form of `backend.listen` fits over all that a file may say. The variables stay in the environment of what is run,
//! so a wrapper in between is no obstacle.

mod file;
mod node_options;
mod port;
mod request_lines;
mod variables;

use std::{
    ffi::{OsStr, OsString},
    fmt, io,
    path::{Path, PathBuf},
};

use greenroom_config::{ConfigError, ConfigSources, RootConfig};

pub use file::ConfigFile;
pub(crate) use node_options::{NODE_OPTIONS, split as split_node_options};
pub use port::{free_port, is_taken};
pub use request_lines::quiet_request_lines;

use crate::{ChildCommand, Environment, Launch};

/// How long the backend keeps an idle connection of ours, in milliseconds: longer than we do, so that it never closes one on
/// which a request is under way.
const KEEP_ALIVE: f64 = 75_000.0;

/// What we add to a request's header, at most. The backend takes so many bytes more than clients may send.
const ADDED: u64 = 1024;

/// Lays over all other files that the backend speaks plain HTTP: null hides what they say. No variable can say that.
const NO_HTTPS: &str = "backend:\n  https: null\n";

/// What is run in place of a command, so that its backend listens on a port of the loopback interface.
#[derive(Clone, PartialEq, Eq)]
pub struct Handover {
    /// The command's arguments.
    pub args: Vec<OsString>,
    /// Its environment.
    pub env: Environment,
    /// What the config file has to hold that [`args`](Self::args) name last; `None` if they name none.
    pub file: Option<&'static str>,
}

/// Arguments and variables may be secrets.
impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover").finish_non_exhaustive()
    }
}

/// Why a backend cannot be moved.
#[derive(Debug)]
#[non_exhaustive]
pub enum HandoverError {
    /// A value of the config.
    Config(ConfigError),
    /// The command; what to write instead.
    Command(String),
    /// No file can be written, or no port be had.
    Io(io::Error),
}

impl fmt::Display for HandoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Command(text) => write!(f, "`backend.https` cannot be taken over: {text}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for HandoverError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Command(_) => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<ConfigError> for HandoverError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<io::Error> for HandoverError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Handover {
    /// What to run so that the backend listens on `port`. `config` is the one that the command reads, `default_files` are those
    /// that it reads because it names none, and `file` is where a further one can be.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    /// use greenroom_wrap::{ChildCommand, Environment, Handover};
    ///
    /// let config = RootConfig::from_yaml("backend: {listen: ':7007'}").unwrap();
    /// let words = ["node", "packages/backend"].map(Into::into);
    /// let command = ChildCommand::new(words, "/app", Environment::new()).unwrap();
    /// let handover = Handover::new(&config, &command, &[], 41234, "/tmp/last.yaml".as_ref()).unwrap();
    /// assert_eq!(handover.env[std::ffi::OsStr::new("APP_CONFIG_backend_listen")], "127.0.0.1:41234");
    /// assert_eq!((handover.args, handover.file), (command.args, None));
    /// ```
    ///
    /// # Errors
    /// A `backend.server.keepAliveTimeout` that is none; with `backend.https`, a command that cannot be given another argument.
    pub fn new(
        config: &RootConfig,
        command: &ChildCommand,
        default_files: &[PathBuf],
        port: u16,
        file: &Path,
    ) -> Result<Self, HandoverError> {
        let (mut args, mut env) = (command.args.clone(), command.env.clone());
        let has_https = has_https(config)?;
        if has_https {
            variables::unset(&mut env, &["backend", "https"]);
            let named = if command.names_config() { &[][..] } else { default_files };
            let files = named.iter().map(PathBuf::as_path).chain([file]);
            let more: Vec<_> = files.flat_map(|file| [OsStr::new("--config"), file.as_os_str()]).collect();
            let more: Vec<OsString> = more.into_iter().map(OsStr::to_owned).collect();
            args = command.with_backend_args(&more).map_err(HandoverError::Command)?.args;
        }
        variables::set(&mut env, &["backend", "listen"], &format!("127.0.0.1:{port}"));
        // There is one proxy in front of it from now on: us.
        variables::set(&mut env, &["backend", "trustProxy"], "1");
        if !keeps_longer(config)? {
            let value = format!("{KEEP_ALIVE:.0}");
            variables::set(&mut env, &["backend", "server", "keepAliveTimeout"], &value);
        }
        node_options::raise_header_limit(command, &mut args, &mut env, ADDED);
        Ok(Self { args, env, file: has_https.then_some(NO_HTTPS) })
    }

    /// The same, with the files looked for and the further one written. Blocks: on files.
    ///
    /// # Errors
    /// As [`new`](Self::new), and a file that cannot be written.
    pub fn prepare(config: &RootConfig, command: &ChildCommand, port: u16) -> Result<Launch, HandoverError> {
        let sources = ConfigSources::find(&command.config_options())?;
        let file = has_https(config)?.then(ConfigFile::new).transpose()?;
        let path = file.as_ref().map_or(Path::new(""), ConfigFile::path);
        let handover = Self::new(config, command, sources.files(), port, path)?;
        if let (Some(file), Some(text)) = (&file, handover.file) {
            file.write(text)?;
        }
        let command = ChildCommand { args: handover.args, env: handover.env, ..command.clone() };
        Ok(Launch { command, port: Some(port), is_port_fixed: false, file })
    }
}

/// How many bytes the backend, left to itself, takes as a request's header.
pub(crate) fn header_limit(command: &ChildCommand) -> u64 {
    node_options::raise_header_limit(command, &mut command.args.clone(), &mut command.env.clone(), 0)
}

/// Whether the backend would speak TLS.
fn has_https(config: &RootConfig) -> Result<bool, ConfigError> {
    let value = config.optional_get("backend.https")?;
    Ok(value.is_some_and(|value| !value.is_null() && value != false))
}

/// Whether the config's own keep-alive is long enough. 0 is for ever.
fn keeps_longer(config: &RootConfig) -> Result<bool, ConfigError> {
    const KEY: &str = "backend.server.keepAliveTimeout";
    let millis = match config.optional_get(KEY)? {
        None => return Ok(false),
        Some(value) if value.is_number() => value.as_f64(),
        Some(value) => value.as_str().and_then(|text| text.trim().parse().ok()),
    };
    let millis = match millis {
        Some(millis) => Some(millis),
        None => config.optional_duration(KEY)?.map(|duration| duration.as_secs_f64() * 1000.0),
    };
    Ok(millis.is_some_and(|millis| millis == 0.0 || millis > KEEP_ALIVE))
}
