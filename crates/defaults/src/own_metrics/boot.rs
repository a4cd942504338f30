//! How the start went: how long it took, whole and by plugin, and which plugins serve.

use greenroom_core::{
    InstanceMetadata,
    boot::{BootReport, PluginState, StepKind},
};
use greenroom_metrics::{KeyValue, Metrics};

pub(super) fn tell(metrics: &Metrics, report: BootReport, metadata: InstanceMetadata) {
    let told = report.clone();
    metrics
        .observable_gauge("greenroom.boot.duration")
        .unit("s")
        .description("How long the start took, once it has ended.")
        .observe(move |now| {
            if let Some(result) = told.result() {
                now.observe(result.took.as_secs_f64(), &[]);
            }
        });
    let told = report.clone();
    metrics
        .observable_gauge("greenroom.boot.plugin.duration")
        .unit("s")
        .description("From when a plugin's start was begun until it had ended.")
        .observe(move |now| {
            for step in told.steps().iter().filter(|step| step.kind == StepKind::Plugin) {
                if let (Some(ended), Some(owner)) = (step.ended, &step.owner) {
                    now.observe((ended - step.began).as_secs_f64(), &[plugin(&owner.plugin)]);
                }
            }
        });
    metrics
        .observable_gauge("greenroom.plugin.up")
        .description("1 for a plugin that has started, 0 for one that has not yet or that failed to.")
        .observe(move |now| {
            for installed in metadata.installed_plugins() {
                let is_up = matches!(report.plugin(&installed.plugin_id), PluginState::Started);
                now.observe(u8::from(is_up), &[plugin(&installed.plugin_id)]);
            }
        });
}

fn plugin(id: &str) -> KeyValue {
    KeyValue::new("backstage.plugin.id", id.to_owned())
}
