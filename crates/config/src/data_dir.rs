//! Where Greenroom keeps files of its own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use greenroom_core::{Service, ServiceFactory, scope, service};

use crate::{ConfigOptions, DeclareConfig, Result, RootConfig};

/// What besides the config decides on the place of own files.
#[derive(Clone, Debug, Default)]
pub struct DataDir {
    /// The working directory.
    pub cwd: PathBuf,
    /// `XDG_STATE_HOME`.
    pub xdg_state_home: Option<PathBuf>,
}

impl DataDir {
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

    /// `greenroom.dataDir`, else `$XDG_STATE_HOME/greenroom`, else `.greenroom` beside the config.
    pub fn data_dir(&self, config: &RootConfig) -> Result<PathBuf> {
        if let Some(dir) = config.optional_string("greenroom.dataDir")? {
            return Ok(self.cwd.join(dir));
        }
        if let Some(state) = self.xdg_state_home.as_deref().filter(|dir| dir.is_absolute()) {
            return Ok(state.join("greenroom"));
        }
        let beside = config.file().and_then(|file| file.parent().map(Path::to_owned));
        Ok(beside.unwrap_or_else(|| self.cwd.clone()).join(".greenroom"))
    }
}

/// The directory for files of Greenroom's own. It may not be there yet, nor can it always be written: what needs it does less
/// then.
///
/// ```
/// use greenroom_config::DataDirectory;
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
    /// This one.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into().into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The default factory.
    pub fn factory(state: DataDir) -> ServiceFactory {
        let read = move |config: &RootConfig| state.data_dir(config).map(Self::at);
        let made = read.clone();
        service(async move |config: RootConfig| Ok(made(&config)?)).reads(read)
    }
}
