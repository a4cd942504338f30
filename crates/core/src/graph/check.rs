//! Missing services, two types behind one id, extension points out of reach, cycles.

use std::collections::HashSet;

use greenroom_errors::Error;

use super::{Graph, Installed, cycles};
use crate::{Service, inject::Dependency, instances::BUILT_IN, metadata::InstanceMetadata, scope::ScopeKind};

pub(super) fn two_types(id: &str, asked: &str, provided: &str) -> Error {
    Error::new(format!("Service '{id}' is asked for as `{asked}` but provided as `{provided}`"))
}

/// Adds every fault that the wiring itself shows.
pub(super) fn check(graph: &mut Graph, boot: &[Dependency]) {
    graph.unowned.extend(cycles::services(&graph.services));
    let eager = |scope| -> Vec<usize> {
        let is = |service: &Installed| service.eager && service.factory.scope == scope;
        (0..graph.services.installed.len()).filter(|at| is(&graph.services.installed[*at])).collect()
    };
    let mut walk = Walk { graph, user: "root", seen: HashSet::new(), faults: vec![] };
    walk.init(boot, "the boot", None);
    eager(ScopeKind::Root).into_iter().for_each(|at| walk.service(at));
    let (rootwide, unowned) = (walk.seen, walk.faults);

    let per_plugin = eager(ScopeKind::Plugin);
    let mut owned = vec![];
    for (p, plugin) in graph.plugins.iter().enumerate() {
        let mut walk = Walk { graph, user: &plugin.id, seen: rootwide.clone(), faults: vec![] };
        per_plugin.iter().for_each(|at| walk.service(*at));
        walk.init(&plugin.dependencies, &format!("plugin '{}'", plugin.id), None);
        owned.push((p, None, std::mem::take(&mut walk.faults)));
        for (m, module) in plugin.modules.iter().enumerate() {
            let who = format!("module '{}' for plugin '{}'", module.id, plugin.id);
            walk.init(&module.dependencies, &who, Some(&module.id));
            owned.push((p, Some(m), std::mem::take(&mut walk.faults)));
        }
    }
    graph.unowned.extend(unowned);
    for (p, m, faults) in owned {
        let plugin = &mut graph.plugins[p];
        match m {
            None => plugin.faults.extend(faults),
            Some(m) => plugin.modules[m].faults.extend(faults),
        }
    }
}

/// What is wrong with a loader's dependencies. What is installed is not known yet.
pub(super) fn loader(graph: &Graph, dependencies: &[Dependency], description: &str) -> Vec<Error> {
    let mut walk = Walk { graph, user: "root", seen: HashSet::new(), faults: vec![] };
    let mut missing = walk.follow(dependencies.iter());
    missing.extend(dependencies.iter().filter(|d| d.id == InstanceMetadata::ID));
    if !missing.is_empty() {
        let missing: Vec<_> = missing.iter().map(|d| d.reference()).collect();
        walk.faults.push(Error::new(format!(
            "No service available for the following ref(s): {}, depended on by feature loader {description}",
            missing.join(", ")
        )));
    }
    walk.faults
}

/// Follows what one user needs, down to the root.
struct Walk<'a> {
    graph: &'a Graph,
    user: &'a str,
    seen: HashSet<usize>,
    faults: Vec<Error>,
}

impl<'a> Walk<'a> {
    fn service(&mut self, at: usize) {
        if !self.seen.insert(at) {
            return;
        }
        let graph: &'a Graph = self.graph;
        let service = &graph.services.installed[at];
        let id = service.factory.id;
        let missing = self.follow(service.dependencies());
        if !missing.is_empty() {
            let missing: Vec<_> = missing.iter().map(|d| format!("'{}'", d.id)).collect();
            self.faults.push(Error::new(format!(
                "Failed to instantiate service '{id}' for '{}' because the following dependent services are missing: {}",
                self.user,
                missing.join(", ")
            )));
        }
    }

    /// Walks on, and returns what nobody provides.
    fn follow(&mut self, dependencies: impl Iterator<Item = &'a Dependency>) -> Vec<&'a Dependency> {
        let mut missing = vec![];
        for dependency in dependencies.filter(|d| !d.is_extension()) {
            match self.graph.services.get(dependency.id) {
                Some(service) if service.factory.type_id != dependency.type_id => {
                    let (asked, provided) = (dependency.type_name, service.factory.type_name);
                    self.faults.push(two_types(dependency.id, asked, provided));
                }
                Some(_) => {
                    for at in self.graph.services.positions(dependency.id) {
                        self.service(*at);
                    }
                }
                None if BUILT_IN.contains(&dependency.id) || dependency.optional || dependency.many => {}
                None => missing.push(dependency),
            }
        }
        missing
    }

    fn init(&mut self, dependencies: &'a [Dependency], who: &str, module: Option<&str>) {
        let mut missing = self.follow(dependencies.iter());
        for dependency in dependencies.iter().filter(|d| d.is_extension()) {
            match self.graph.points.get(dependency.id) {
                None if dependency.optional => {}
                None => missing.push(dependency),
                Some(offered) if &*offered.plugin != self.user => self.faults.push(Error::new(format!(
                    "Illegal dependency: Module '{}' for plugin '{}' attempted to depend on extension point '{}' for plugin '{}'. Extension points can only be used within their plugin's scope.",
                    module.unwrap_or_default(), self.user, dependency.id, offered.plugin
                ))),
                Some(offered) if offered.point.type_id != dependency.type_id => self.faults.push(two_types(
                    dependency.id,
                    dependency.type_name,
                    offered.point.type_name,
                )),
                Some(_) => {}
            }
        }
        if !missing.is_empty() {
            let missing: Vec<_> = missing.iter().map(|d| d.reference()).collect();
            self.faults.push(Error::new(format!(
                "Service or extension point dependencies of {who} are missing for the following ref(s): {}",
                missing.join(", ")
            )));
        }
    }
}
