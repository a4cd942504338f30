//! From features to a graph: overrides, registrations, extension points, defaults of what is asked for.

use std::{collections::HashMap, sync::Arc};

use greenroom_errors::Error;

use super::{Graph, ModuleNode, OfferedPoint, Orphan, PluginNode, check, ids, modules};
use crate::{
    env::{ExtensionPoint, Registrations},
    feature::{Feature, Module, Plugin},
    inject::Dependency,
    instances::BUILT_IN,
    service::{Decorator, ServiceFactory},
};

/// Sorts the features, calls the register functions, checks the whole; `boot` is what the boot itself asks for.
pub(crate) fn assemble(defaults: Vec<ServiceFactory>, features: Vec<Feature>, boot: &[Dependency]) -> Graph {
    let mut graph = Graph::default();
    let (mut added, mut decorators, mut plugins, mut extenders) = (vec![], vec![], vec![], vec![]);
    for feature in features {
        match feature {
            Feature::Service(factory) => added.push(factory),
            Feature::Decorator(decorator) => decorators.push(decorator),
            Feature::Plugin(plugin) => plugins.push(plugin),
            Feature::Module(module) => extenders.push(module),
        }
    }
    install(&mut graph, defaults, added);
    plugins.into_iter().for_each(|plugin| add_plugin(&mut graph, plugin));
    extenders.into_iter().for_each(|module| add_module(&mut graph, module));
    add_defaults_asked_for(&mut graph, boot);
    decorators.into_iter().for_each(|decorator| add_decorator(&mut graph, decorator));
    modules::order(&mut graph);
    check::check(&mut graph, boot);
    graph
}

/// Defaults, then what was added: the first of an id replaces the default in its place.
fn install(graph: &mut Graph, defaults: Vec<ServiceFactory>, added: Vec<ServiceFactory>) {
    let mut explicit: HashMap<&str, bool> = HashMap::new();
    for (factory, is_default) in
        defaults.into_iter().map(|f| (f, true)).chain(added.into_iter().map(|f| (f, false)))
    {
        let id = factory.id;
        if BUILT_IN.contains(&id) {
            graph.unowned.push(Error::new(format!("The {id} service cannot be overridden")));
            continue;
        }
        match explicit.insert(id, is_default) {
            Some(was_default) if was_default == is_default => {
                graph
                    .unowned
                    .push(Error::new(format!("Duplicate service implementations provided for {id}")));
            }
            Some(_) => {
                let at = graph.services.index[id];
                let place = &mut graph.services.installed[at];
                place.eager = factory.is_eager();
                place.factory = factory;
            }
            None => {
                let eager = factory.is_eager();
                graph.services.push(factory, eager);
            }
        }
    }
}

fn add_plugin(graph: &mut Graph, plugin: Plugin) {
    let checked = ids::plugin(&plugin.id);
    if let Some(first) = graph.plugin_mut(&plugin.id) {
        // Neither copy runs (plugin-system §11, 77).
        let again = Error::new(format!("Plugin '{}' is already registered", plugin.id));
        if first.faults.is_empty() {
            first.faults.push(again);
        }
        return;
    }
    let said = (plugin.register)();
    let mut faults = said.errors;
    match checked {
        Ok(warning) => graph.warnings.extend(warning),
        Err(error) => faults.push(error),
    }
    if said.init.is_none() && faults.is_empty() {
        faults.push(Error::new(format!("registerInit was not called by register in {}", plugin.id)));
    }
    faults.extend(offer(graph, &plugin.id, said.extension_points));
    let (dependencies, init) = said.init.map_or((vec![], None), |(d, i)| (d, Some(i)));
    graph.plugins.push(PluginNode { id: plugin.id, dependencies, init, modules: vec![], faults });
}

fn add_module(graph: &mut Graph, module: Module) {
    let checked = ids::module(&module.plugin, &module.id);
    let Some(plugin) = graph.plugin_mut(&module.plugin) else {
        graph.orphans.push(Orphan { plugin: module.plugin, module: module.id });
        return;
    };
    let again = plugin.modules.iter().any(|other| other.id == module.id);
    let Registrations { extension_points, init, errors: mut faults } =
        if again { Registrations::default() } else { (module.register)() };
    if again {
        let text = format!("Module '{}' for plugin '{}' is already registered", module.id, module.plugin);
        faults.push(Error::new(text));
    }
    match checked {
        Ok(warning) => graph.warnings.extend(warning),
        Err(error) => faults.push(error),
    }
    if init.is_none() && faults.is_empty() {
        let text =
            format!("registerInit was not called by register in {} module for {}", module.id, module.plugin);
        faults.push(Error::new(text));
    }
    let offers = extension_points.iter().map(|point| point.id).collect();
    faults.extend(offer(graph, &module.plugin, extension_points));
    let (dependencies, init) = init.map_or((vec![], None), |(d, i)| (d, Some(i)));
    let node = ModuleNode { id: module.id, dependencies, init, offers, after: vec![], faults };
    if let Some(plugin) = graph.plugin_mut(&module.plugin) {
        plugin.modules.push(node);
    }
}

/// Records extension points; one that somebody offers already is a fault of the second.
fn offer(graph: &mut Graph, plugin: &Arc<str>, points: Vec<ExtensionPoint>) -> Vec<Error> {
    let mut faults = vec![];
    for point in points {
        if graph.points.contains_key(point.id) {
            faults.push(Error::new(format!("ExtensionPoint with ID '{}' is already registered", point.id)));
        } else {
            graph.points.insert(point.id, OfferedPoint { plugin: plugin.clone(), point });
        }
    }
    faults
}

/// A service that is asked for and not installed comes from its default factory, if its type has one.
fn add_defaults_asked_for(graph: &mut Graph, boot: &[Dependency]) {
    let inits = graph.plugins.iter().flat_map(|plugin| {
        plugin.dependencies.iter().chain(plugin.modules.iter().flat_map(|module| &module.dependencies))
    });
    let installed = graph.services.installed.iter().flat_map(|service| service.dependencies());
    let mut asked: Vec<Dependency> = inits.chain(installed).chain(boot).cloned().collect();
    while let Some(dependency) = asked.pop() {
        if dependency.is_extension() || graph.services.position(dependency.id).is_some() {
            continue;
        }
        if let Some(factory) = (dependency.default)() {
            asked.extend(factory.dependencies.iter().cloned());
            graph.services.push(factory, false);
        }
    }
}

fn add_decorator(graph: &mut Graph, decorator: Decorator) {
    let id = decorator.id;
    let Some(at) = graph.services.position(id) else {
        let text = format!("Service '{id}' cannot be decorated because no implementation is installed");
        graph.unowned.push(Error::new(text));
        return;
    };
    let service = &mut graph.services.installed[at];
    if service.factory.type_id != decorator.type_id {
        graph.unowned.push(check::two_types(id, decorator.type_name, service.factory.type_name));
        return;
    }
    service.decorators.push(decorator);
}
