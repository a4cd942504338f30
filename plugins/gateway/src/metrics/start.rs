//! How the start of a Node backend went, as its own lines tell it: in the same metrics as our own plugins, under the same names.

use greenroom::{
    auth::is_plugin_id,
    metrics::{Metrics, Observation},
    prelude::*,
};
use greenroom_node_log::facts::{BootStep, NodeBoot, StepState};

use crate::Gateway;

/// What both tell, as the backend's own metrics say it of its own plugins.
const UP: (&str, &str) =
    ("greenroom.plugin.up", "1 for a plugin that has started, 0 for one that has not yet or that failed to.");
const TOOK: (&str, &str) =
    ("greenroom.boot.plugin.duration", "From when a plugin's start was begun until it had ended.");

/// Tells them of those that are not plugins of this backend: one name has one owner here, and requests go to ours.
pub(super) fn tell(metrics: &Metrics, gateway: &Gateway, metadata: InstanceMetadata) {
    let of = |look: fn(&BootStep) -> Option<f64>| {
        let (gateway, metadata) = (gateway.clone(), metadata.clone());
        move |now: &Observation<'_>| {
            let Some(boot) = gateway.boot() else { return };
            let is_ours = |id: &str| metadata.installed_plugins().iter().any(|own| &*own.plugin_id == id);
            for plugin in plugins(&boot, is_ours) {
                if let Some(value) = look(plugin) {
                    now.observe(value, &[KeyValue::new("backstage.plugin.id", plugin.plugin.clone())]);
                }
            }
        }
    };
    let is_up = |plugin: &BootStep| Some(f64::from(u8::from(plugin.state == StepState::Ready)));
    metrics.observable_gauge(UP.0).description(UP.1).observe(of(is_up));
    // A line tells of the end of several plugins at once: they had ended by then.
    let took = |plugin: &BootStep| plugin.took().map(|(_, at_most)| at_most.as_secs_f64());
    metrics.observable_gauge(TOOK.0).unit("s").description(TOOK.1).observe(of(took));
}

/// The plugins. A line may name anything: what no plugin can be called is none.
fn plugins(boot: &NodeBoot, is_ours: impl Fn(&str) -> bool) -> impl Iterator<Item = &BootStep> {
    let plugins = boot.steps().iter().filter(|step| step.module.is_none() && step.state != StepState::Orphan);
    plugins.filter(move |step| is_plugin_id(&step.plugin) && !is_ours(&step.plugin))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use greenroom_node_log::{Reader, Stream};

    use super::*;

    fn booted(lines: &[&str]) -> NodeBoot {
        let mut boot = NodeBoot::new(SystemTime::UNIX_EPOCH);
        for (second, message) in lines.iter().enumerate() {
            let line =
                format!("{{\"level\":\"info\",\"message\":\"{message}\",\"service\":\"backstage\"}}\n");
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(second as u64);
            let note = &mut |record: greenroom_node_log::Record<'_>| boot.note(&record, || at);
            Reader::new(Stream::Stdout).push(line.as_bytes(), Instant::now(), note);
        }
        boot
    }

    #[test]
    fn a_plugin_is_nodes_if_it_can_be_one_and_is_not_ours() {
        let boot = booted(&["Plugin initialization started: 'catalog', 'rum', 'no plugin'"]);
        let found: Vec<_> = plugins(&boot, |id| id == "rum").map(|step| &*step.plugin).collect();
        assert_eq!(found, ["catalog"]);
    }
}
