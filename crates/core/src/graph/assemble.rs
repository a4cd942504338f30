//! From features to a graph: registrations, extension points, defaults of what is asked for.

use std::{collections::HashSet, sync::Arc};

use greenroom_errors::Error;

use super::{Graph, ModuleNode, OfferedPoint, Origin, PluginNode, check, ids, modules};
use crate::{
    declarations::Declarations,
    env::{ExtensionPoint, Registrations},
    feature::{Feature, FeatureLoader, Module, Plugin, plugin},
    inject::Dependency,
    owner::Orphan,
    service::{Decorator, ServiceFactory},
};

/// Features sorted by kind, services installed; nothing has been called yet.
#[derive(Default)]
pub(crate) struct Assembly {
    pub(crate) graph: Graph,
    pub(crate) loaders: Vec<FeatureLoader>,
    pub(crate) adopts_orphans: bool,
    pub(crate) declarations: Declarations,
    decorators: Vec<Decorator>,
    plugins: Vec<Plugin>,
    modules: Vec<Module>,
}

impl Assembly {
    pub(crate) fn new(defaults: Vec<ServiceFactory>, features: Vec<Feature>) -> Self {
        let mut assembly = Self::default();
        for factory in defaults {
            assembly.declarations.take_in_default(&factory);
            assembly.install(factory, Origin::Default, &HashSet::new());
        }
        assembly.loaders = assembly.add(features, &Origin::Added, &HashSet::new());
        assembly
    }

    /// Sorts features in, and returns the loaders among them.
    pub(crate) fn add(
        &mut self,
        features: Vec<Feature>,
        origin: &Origin,
        made: &HashSet<usize>,
    ) -> Vec<FeatureLoader> {
        let mut loaders = vec![];
        for feature in features {
            self.declarations.take_in(&feature);
            match feature {
                Feature::Service(factory) => self.install(factory, origin.clone(), made),
                Feature::Decorator(decorator) => self.decorators.push(decorator),
                Feature::Plugin(plugin) => self.plugins.push(plugin),
                Feature::Module(module) => self.modules.push(module),
                Feature::Loader(loader) => loaders.push(loader),
                Feature::Middleware(middleware) => self.graph.middleware.push(middleware),
            }
        }
        loaders
    }

    fn install(&mut self, factory: ServiceFactory, origin: Origin, made: &HashSet<usize>) {
        self.graph.unowned.extend(self.graph.services.install(factory, origin, made).err());
    }

    /// Puts decorators on what is installed, those for services that are not there yet aside.
    ///
    /// What has an instance already cannot be wrapped any more.
    pub(crate) fn decorate(&mut self, made: &HashSet<usize>) {
        for decorator in std::mem::take(&mut self.decorators) {
            let (id, graph) = (decorator.id, &mut self.graph);
            let Some(&at) = graph.services.positions(id).first() else {
                self.decorators.push(decorator);
                continue;
            };
            let service = &mut graph.services.installed[at];
            if service.factory.type_id != decorator.type_id {
                graph.unowned.push(check::two_types(id, decorator.type_name, service.factory.type_name));
            } else if made.contains(&at) {
                let text = format!("Unable to decorate service {id}, service has already been instantiated");
                graph.unowned.push(Error::new(text));
            } else {
                service.decorators.push(decorator);
            }
        }
    }

    /// Calls the register functions and checks the whole; `boot` is what the boot itself asks for.
    pub(crate) fn finish(mut self, boot: &[Dependency], made: &HashSet<usize>) -> Graph {
        std::mem::take(&mut self.plugins).into_iter().for_each(|plugin| add_plugin(&mut self.graph, plugin));
        for module in std::mem::take(&mut self.modules) {
            if self.adopts_orphans && self.graph.plugin_mut(&module.plugin).is_none() {
                let empty = plugin(module.plugin.clone(), |env| env.register_init(async || Ok(())));
                add_plugin(&mut self.graph, empty);
            }
            add_module(&mut self.graph, module);
        }
        add_defaults_asked_for(&mut self.graph, boot);
        self.decorate(made);
        let mut graph = self.graph;
        for decorator in self.decorators {
            let id = decorator.id;
            let text = format!("Service '{id}' cannot be decorated because no implementation is installed");
            graph.unowned.push(Error::new(text));
        }
        modules::order(&mut graph);
        check::check(&mut graph, boot);
        graph
    }
}

fn add_plugin(graph: &mut Graph, plugin: Plugin) {
    let checked = ids::plugin(&plugin.id);
    if let Some(first) = graph.plugin_mut(&plugin.id) {
        // Neither copy runs (contract: plugin-77).
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
pub(crate) fn add_defaults_asked_for(graph: &mut Graph, also: &[Dependency]) {
    let inits = graph.plugins.iter().flat_map(|plugin| {
        plugin.dependencies.iter().chain(plugin.modules.iter().flat_map(|module| &module.dependencies))
    });
    let installed = graph.services.installed.iter().flat_map(|service| service.dependencies());
    let mut asked: Vec<Dependency> = inits.chain(installed).chain(also).cloned().collect();
    while let Some(dependency) = asked.pop() {
        if dependency.is_extension() || graph.services.get(dependency.id).is_some() {
            continue;
        }
        if let Some(factory) = (dependency.default)() {
            asked.extend(factory.dependencies.iter().cloned());
            asked.extend(factory.root_context.iter().flat_map(|root| root.dependencies.clone()));
            graph.services.install_fallback(factory);
        }
    }
}
