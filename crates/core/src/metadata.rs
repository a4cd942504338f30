//! Who am I, and who else is here: services that the backend itself provides.

use std::sync::Arc;

use greenroom_errors::Error;

use crate::{Service, scope};

/// The plugin that asks. Backstage's `core.pluginMetadata`; cannot be overridden.
#[derive(Clone, Debug)]
pub struct PluginMetadata(Arc<str>);

impl PluginMetadata {
    pub(crate) fn new(id: Arc<str>) -> Self {
        Self(id)
    }

    /// The plugin's id; modules see their plugin's (contract: plugin-112).
    pub fn id(&self) -> &str {
        &self.0
    }
}

impl Service for PluginMetadata {
    const ID: &'static str = "core.pluginMetadata";
    type Scope = scope::Plugin;
}

/// What is installed. Backstage's `core.rootInstanceMetadata`; cannot be overridden.
#[derive(Clone, Debug)]
pub struct InstanceMetadata {
    id: Arc<str>,
    plugins: Arc<[InstalledPlugin]>,
}

/// One installed plugin, running or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledPlugin {
    /// Its id.
    pub plugin_id: Arc<str>,
    /// The ids of its modules, in the order they were added.
    pub modules: Vec<Arc<str>>,
}

impl InstanceMetadata {
    pub(crate) fn new(id: Arc<str>, plugins: Vec<InstalledPlugin>) -> Self {
        Self { id, plugins: plugins.into() }
    }

    /// The instance's id: that of [`Backend::with_instance_id`](crate::Backend::with_instance_id), or a random UUID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// In the order they were added; modules without their plugin are absent (contract: plugin-111).
    pub fn installed_plugins(&self) -> &[InstalledPlugin] {
        &self.plugins
    }
}

impl Service for InstanceMetadata {
    const ID: &'static str = "core.rootInstanceMetadata";
    type Scope = scope::Root;
}

/// A random UUID (version 4).
pub(crate) fn random_id() -> Result<Arc<str>, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::new(format!("no random bytes: {error}")))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = |range: std::ops::Range<usize>| -> String {
        bytes[range].iter().map(|byte| format!("{byte:02x}")).collect()
    };
    Ok([hex(0..4), hex(4..6), hex(6..8), hex(8..10), hex(10..16)].join("-").into())
}
