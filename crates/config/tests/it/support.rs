//! A directory with config files, and an environment that is nobody's.

use std::path::PathBuf;

use greenroom_config::{ConfigError, ConfigOptions, RootConfig};
use serde_json::Value as Json;

pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) options: ConfigOptions,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cwd = dir.path().canonicalize().unwrap();
        Self { dir, options: ConfigOptions { cwd, ..ConfigOptions::default() } }
    }

    /// Writes a file; the place for its directories is made.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.options.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.options.args = args.iter().map(|arg| (*arg).to_owned()).collect();
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.options.cwd.join(path)
    }

    pub(crate) fn load(&self) -> RootConfig {
        self.try_load().unwrap()
    }

    pub(crate) fn try_load(&self) -> Result<RootConfig, ConfigError> {
        RootConfig::load(&self.options)
    }

    /// The error of loading, with the directory's name taken out.
    pub(crate) fn fails(&self) -> String {
        let error = self.try_load().unwrap_err();
        self.plain(&format!("{}: {error}", error.name()))
    }

    pub(crate) fn plain(&self, text: &str) -> String {
        assert!(self.dir.path().exists());
        text.replace(self.options.cwd.to_str().unwrap(), "/cwd")
    }
}

/// Loads one `app-config.yaml`.
pub(crate) fn yaml(text: &str) -> World {
    World::new().file("app-config.yaml", text)
}

pub(crate) fn whole(config: &RootConfig) -> Json {
    config.get("").unwrap()
}

/// Renders an error as a person sees it, without colours, and wide: directory names differ in length.
pub(crate) fn rendered(error: &ConfigError) -> String {
    let mut out = String::new();
    let theme = miette::GraphicalTheme::unicode_nocolor();
    miette::GraphicalReportHandler::new_themed(theme).with_width(400).render_report(&mut out, error).unwrap();
    out
}
