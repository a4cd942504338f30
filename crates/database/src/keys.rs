//! Where things stand in the config: for all plugins, and for one.

use greenroom_config::{Result, RootConfig, all};

pub(crate) const KEY: &str = "backend.database";

/// Where a plugin's part of the config is.
pub(crate) struct Keys<'a> {
    pub(crate) plugin: &'a str,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(plugin: &'a str) -> Self {
        Self { plugin }
    }

    /// A key of all plugins.
    pub(crate) fn base(name: &str) -> String {
        format!("{KEY}.{name}")
    }

    /// The same of this one.
    pub(crate) fn own(&self, name: &str) -> String {
        format!("{KEY}.plugin.{}.{name}", self.plugin)
    }

    /// Whether something is on, for this plugin or for all.
    pub(crate) fn flag(&self, config: &RootConfig, name: &str, otherwise: bool) -> Result<bool> {
        let (own, base) =
            all((config.optional_boolean(&self.own(name)), config.optional_boolean(&Self::base(name))))?;
        Ok(own.or(base).unwrap_or(otherwise))
    }
}
