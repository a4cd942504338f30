//! Who am I, and who else is here: services that the backend itself provides.

use std::sync::Arc;

use crate::{Service, scope};

/// The plugin that asks. Backstage's `core.pluginMetadata`; cannot be overridden.
#[derive(Clone, Debug)]
pub struct PluginMetadata(Arc<str>);

impl PluginMetadata {
    pub(crate) fn new(id: Arc<str>) -> Self {
        Self(id)
    }

    /// The plugin's id; modules see their plugin's (plugin-system §11, 121).
    pub fn id(&self) -> &str {
        &self.0
    }
}

impl Service for PluginMetadata {
    const ID: &'static str = "core.pluginMetadata";
    type Scope = scope::Plugin;
}

/// What is installed. Backstage's `core.rootInstanceMetadata`; cannot be overridden.
#[derive(Clone, Debug, Default)]
pub struct InstanceMetadata(Arc<[InstalledPlugin]>);

/// One installed plugin, running or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledPlugin {
    /// Its id.
    pub plugin_id: Arc<str>,
    /// The ids of its modules, in the order they were added.
    pub modules: Vec<Arc<str>>,
}

impl InstanceMetadata {
    pub(crate) fn new(plugins: Vec<InstalledPlugin>) -> Self {
        Self(plugins.into())
    }

    /// In the order they were added; modules without their plugin are absent (plugin-system §11, 120).
    pub fn installed_plugins(&self) -> &[InstalledPlugin] {
        &self.0
    }
}

impl Service for InstanceMetadata {
    const ID: &'static str = "core.rootInstanceMetadata";
    type Scope = scope::Root;
}
