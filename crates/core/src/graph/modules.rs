//! The order of modules: who offers an extension point starts after all who contribute to it.

use greenroom_errors::Error;

use super::{Graph, PluginNode, cycles};

/// Fills in `after`; a circle is a fault of the plugin, and none of it runs.
///
/// Contract: plugin-59 to plugin-61, plugin-63.
pub(super) fn order(graph: &mut Graph) {
    for plugin in &mut graph.plugins {
        let after: Vec<Vec<usize>> = (0..plugin.modules.len()).map(|at| contributors(plugin, at)).collect();
        let circles = cycles::find(after.len(), |at| after[at].clone());
        if let Some(circle) = circles.first() {
            let chain = cycles::chain(circle, |at| &plugin.modules[at].id);
            let text = format!("Circular dependency detected for modules of plugin '{}', {chain}", plugin.id);
            plugin.faults.push(Error::conflict(text));
        }
        for (module, after) in plugin.modules.iter_mut().zip(after) {
            module.after = after;
        }
    }
}

fn contributors(plugin: &PluginNode, at: usize) -> Vec<usize> {
    let offers = &plugin.modules[at].offers;
    let contributes = |module: &super::ModuleNode| {
        module.dependencies.iter().any(|d| d.is_extension() && offers.contains(&d.id))
    };
    (0..plugin.modules.len()).filter(|other| contributes(&plugin.modules[*other])).collect()
}
