//! Plugins: whether they serve, and what is asked of them.

use std::{
    cmp::Reverse,
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom::{
    config::Masks,
    core::{
        InstanceMetadata,
        boot::{self, BootReport, StepKind},
    },
};

use crate::lately::{Load, Requests};

/// A plugin as operators see it.
#[derive(Clone, Debug)]
pub(crate) struct PluginSeen {
    pub(crate) id: Arc<str>,
    pub(crate) modules: Vec<Arc<str>>,
    pub(crate) state: PluginState,
    /// How long its start took.
    pub(crate) start: Option<Duration>,
    pub(crate) load: Load,
}

/// Whether it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PluginState {
    /// Its start has not ended.
    Starts,
    Serves,
    /// It failed to start, with this message.
    Failed(String),
}

pub(super) fn of(
    instance: &InstanceMetadata,
    report: &BootReport,
    requests: &Requests,
    masks: &Masks,
    now: SystemTime,
) -> Vec<PluginSeen> {
    let steps = report.steps();
    let plugin = |id: &Arc<str>, modules: &[Arc<str>]| {
        let mut own = steps.iter().filter(|step| step.kind == StepKind::Plugin);
        let step = own.find(|step| step.owner.as_ref().is_some_and(|owner| owner.plugin == *id));
        let state = match report.plugin(id) {
            boot::PluginState::Starting => PluginState::Starts,
            boot::PluginState::Started => PluginState::Serves,
            boot::PluginState::Failed(error) => PluginState::Failed(masks.all(&error.to_string())),
        };
        let (id, start) = (id.clone(), step.and_then(|step| step.took()));
        PluginSeen { load: requests.of(&id, now), id, modules: modules.to_vec(), state, start }
    };
    let installed = instance.installed_plugins().iter();
    let mut plugins: Vec<_> = installed.map(|found| plugin(&found.plugin_id, &found.modules)).collect();
    plugins.sort_by_key(|plugin| {
        (plugin.state == PluginState::Serves, Reverse(plugin.load.count), plugin.id.clone())
    });
    plugins
}
