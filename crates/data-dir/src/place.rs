//! Where Greenroom keeps files of its own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use greenroom_config::{ConfigOptions, DeclareConfig, Result, RootConfig};
use greenroom_core::{Declarations, Declare, Service, ServiceFactory, scope, service};

use crate::made::NAME;

/// What besides the config decides on the place of own files.
///
/// ```
/// use std::path::{Path, PathBuf};
/// use greenroom_config::RootConfig;
/// use greenroom_data_dir::DataDirEnvironment;
///
/// let environment = DataDirEnvironment { cwd: "/srv/portal".into(), xdg_state_home: Some("/var/lib".into()) };
/// let place = |yaml: &str| environment.data_dir(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
/// assert_eq!(place("greenroom: {dataDir: state}"), Path::new("/srv/portal/state"));
/// assert_eq!(place(""), Path::new("/var/lib/greenroom"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct DataDirEnvironment {
    /// The working directory.
    pub cwd: PathBuf,
    /// `XDG_STATE_HOME`.
    pub xdg_state_home: Option<PathBuf>,
}

impl DataDirEnvironment {
    /// What these options say.
    pub fn of(options: &ConfigOptions) -> Self {
        Self {
            cwd: options.cwd.clone(),
            xdg_state_home: options.env.get("XDG_STATE_HOME").map(PathBuf::from),
        }
    }

    /// That of this process.
    pub fn from_process() -> Self {
        let cwd = std::env::current_dir().unwrap_or_default();
        Self { cwd, xdg_state_home: std::env::var_os("XDG_STATE_HOME").map(PathBuf::from) }
    }

    /// What the factory of the [`DataDirectory`] decides by, for what is read before there is one; `None` where another factory
    /// has taken its place.
    ///
    /// ```
    /// use greenroom_core::Backend;
    /// use greenroom_data_dir::{DataDirEnvironment, DataDirectory};
    ///
    /// let environment = DataDirEnvironment { cwd: "/srv/portal".into(), ..DataDirEnvironment::default() };
    /// let declarations = Backend::new([DataDirectory::factory(environment)]).declarations();
    /// assert_eq!(DataDirEnvironment::declared(&declarations).unwrap().cwd.to_str(), Some("/srv/portal"));
    /// ```
    pub fn declared(declarations: &Declarations) -> Option<Self> {
        declarations.of::<Self>().pop().map(|(_, environment)| Self::clone(&environment))
    }

    /// `greenroom.dataDir`, else `$XDG_STATE_HOME/greenroom`, else `.greenroom` beside the first config file.
    ///
    /// # Errors
    /// When `greenroom.dataDir` is no text.
    pub fn data_dir(&self, config: &RootConfig) -> Result<PathBuf> {
        if let Some(dir) = config.optional_string("greenroom.dataDir")? {
            return Ok(self.cwd.join(dir));
        }
        if let Some(state) = self.xdg_state_home.as_deref().filter(|dir| dir.is_absolute()) {
            return Ok(state.join("greenroom"));
        }
        Ok(config.beside(NAME).unwrap_or_else(|| self.cwd.join(NAME)))
    }
}

/// The directory for files of Greenroom's own. It may not be there yet, nor can it always be written: what needs it does less
/// then.
///
/// ```
/// use greenroom_data_dir::DataDirectory;
/// use greenroom_core::plugin;
///
/// plugin("keys", |env| {
///     env.register_init(async |data: DataDirectory| {
///         let keys = data.path().join("keys");
///         Ok(())
///     });
/// });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDirectory(Arc<Path>);

impl Service for DataDirectory {
    const ID: &'static str = "greenroom.dataDir";
    type Scope = scope::Root;
}

impl DataDirectory {
    /// A data directory at this path, for tests and programs that choose it.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into().into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The default factory.
    pub fn factory(environment: DataDirEnvironment) -> ServiceFactory {
        let decides = environment.clone();
        let read = move |config: &RootConfig| decides.data_dir(config).map(Self::at);
        let made = read.clone();
        service(async move |config: RootConfig| Ok(made(&config)?)).reads(read).declare(environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `greenroom rum sdk` without the files that are laid over `app-config.yaml` has to find the same place as a start with them.
    #[test]
    fn files_that_are_laid_over_the_first_one_do_not_move_own_files() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("examples")).unwrap();
        for name in ["app-config.yaml", "examples/rum.yaml"] {
            std::fs::write(dir.path().join(name), "a: 1\n").unwrap();
        }
        let place = |args: &[&str]| {
            let args = args.iter().map(|&arg| arg.to_owned()).collect();
            let options = ConfigOptions { cwd: dir.path().to_owned(), args, ..ConfigOptions::default() };
            DataDirEnvironment::of(&options).data_dir(&RootConfig::load(&options).unwrap()).unwrap()
        };
        let alone = place(&[]);
        assert_eq!(alone, dir.path().join(".greenroom"));
        assert_eq!(place(&["--config", "app-config.yaml", "--config", "examples/rum.yaml"]), alone);
    }

    /// A shell's `--config /dev/stdin < app-config.yaml`: nothing can be kept beside it.
    #[cfg(target_os = "linux")]
    #[test]
    fn own_files_are_kept_in_the_working_directory_if_the_config_is_another_name_of_an_open_file() {
        use std::os::fd::AsRawFd;

        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("app-config.yaml");
        std::fs::write(&file, "a: 1\n").unwrap();
        let open = std::fs::File::open(&file).unwrap();
        for fds in ["/dev/fd", "/proc/self/fd"] {
            let args = vec!["--config".to_owned(), format!("{fds}/{}", open.as_raw_fd())];
            let options = ConfigOptions { cwd: dir.path().to_owned(), args, ..ConfigOptions::default() };
            let config = RootConfig::load(&options).unwrap();
            let own = DataDirEnvironment::of(&options).data_dir(&config).unwrap();
            assert_eq!((config.number("a").unwrap(), own), (1.0, dir.path().join(".greenroom")));
        }
    }
}
