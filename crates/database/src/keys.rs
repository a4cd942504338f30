//! Where things stand in the config: for all plugins, and for one.

use greenroom_config::{Result, RootConfig, all};

pub(crate) const KEY: &str = "backend.database";

/// Where a plugin's part of the config is.
#[derive(Clone, Copy)]
pub(crate) struct Keys<'a> {
    /// `None` where nothing is said of a single plugin.
    plugin: Option<&'a str>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(plugin: &'a str) -> Self {
        Self { plugin: Some(plugin) }
    }

    /// Those of all plugins alone.
    pub(crate) fn of_all() -> Self {
        Self { plugin: None }
    }

    /// A key of all plugins.
    pub(crate) fn base(name: &str) -> String {
        format!("{KEY}.{name}")
    }

    /// The same of this one.
    pub(crate) fn own(self, name: &str) -> Option<String> {
        self.plugin.map(|plugin| format!("{KEY}.plugin.{plugin}.{name}"))
    }

    /// What the plugin's own key says, by what reads it.
    pub(crate) fn read_own<T>(
        self,
        name: &str,
        read: impl Fn(&str) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        self.own(name).map_or(Ok(None), |key| read(&key))
    }

    /// Whether something is on, for this plugin or for all.
    pub(crate) fn flag(self, config: &RootConfig, name: &str, otherwise: bool) -> Result<bool> {
        let read = |key: &str| config.optional_boolean(key);
        let (own, base) = all((self.read_own(name, read), read(&Self::base(name))))?;
        Ok(own.or(base).unwrap_or(otherwise))
    }
}
