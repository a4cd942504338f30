//! Where Greenroom keeps files of its own.

use std::path::{Path, PathBuf};

use greenroom::config::{ConfigError, ConfigOptions, RootConfig};

/// `greenroom.dataDir`, else `$XDG_STATE_HOME/greenroom`, else `.greenroom` beside the config.
pub(crate) fn find(config: &RootConfig, options: &ConfigOptions) -> Result<PathBuf, ConfigError> {
    if let Some(dir) = config.optional_string("greenroom.dataDir")? {
        return Ok(options.cwd.join(dir));
    }
    if let Some(state) = options.env.get("XDG_STATE_HOME").filter(|dir| Path::new(dir).is_absolute()) {
        return Ok(Path::new(state).join("greenroom"));
    }
    let beside = config.files().first().and_then(|file| file.parent().map(Path::to_owned));
    Ok(beside.unwrap_or_else(|| options.cwd.clone()).join(".greenroom"))
}

/// A path as people type it: relative if it is below the working directory.
pub(crate) fn shown(path: &Path, cwd: &Path) -> String {
    path.strip_prefix(cwd).unwrap_or(path).display().to_string()
}
