//! The whole graph of a backend, assembled and checked before any factory or init runs.
//!
//! [`Assembly`] sorts what was added, runs loaders and calls the register functions; [`check`] walks the result. They collect
//! [`Fault`](crate::Fault)s instead of stopping at the first. A fault with an owner fails that plugin or module and obeys boot
//! policy; one without rejects the start.

mod assemble;
mod check;
mod cycles;
mod ids;
mod load;
mod modules;
mod services;

use std::{collections::HashMap, sync::Arc};

use greenroom_errors::Error;

pub(crate) use assemble::Assembly;
pub(crate) use load::load;
pub(crate) use services::{Installed, Origin, Services};

use crate::{
    env::{ExtensionPoint, Init},
    feature::Middleware,
    inject::Dependency,
    metadata::{InstalledPlugin, InstanceMetadata},
    owner::{Fault, Orphan, Owner},
};

/// A plugin that will run, or that failed already.
pub(crate) struct PluginNode {
    pub(crate) id: Arc<str>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) init: Option<Init>,
    pub(crate) modules: Vec<ModuleNode>,
    pub(crate) faults: Vec<Error>,
}

/// A module of a plugin.
pub(crate) struct ModuleNode {
    pub(crate) id: Arc<str>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) init: Option<Init>,
    pub(crate) offers: Vec<&'static str>,
    /// Modules of the same plugin that finish before this one begins.
    pub(crate) after: Vec<usize>,
    pub(crate) faults: Vec<Error>,
}

/// An extension point and the plugin whose modules may use it.
pub(crate) struct OfferedPoint {
    pub(crate) plugin: Arc<str>,
    pub(crate) point: ExtensionPoint,
}

/// What became of the features.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) services: Services,
    pub(crate) plugins: Vec<PluginNode>,
    pub(crate) points: HashMap<&'static str, OfferedPoint>,
    /// What wraps extension points on their way to modules, in order.
    pub(crate) middleware: Vec<Middleware>,
    pub(crate) orphans: Vec<Orphan>,
    /// Ids that will be refused by Backstage some day, with the warning's text.
    pub(crate) warnings: Vec<String>,
    /// Faults that reject the start.
    pub(crate) unowned: Vec<Error>,
}

impl Graph {
    pub(crate) fn plugin_mut(&mut self, id: &str) -> Option<&mut PluginNode> {
        self.plugins.iter_mut().find(|plugin| &*plugin.id == id)
    }

    /// Takes in faults that were found elsewhere; one of a module that is not loaded harms nobody.
    pub(crate) fn blame(&mut self, faults: &[Fault]) {
        for Fault { owner, error } in faults {
            let Some(owner) = owner else {
                self.unowned.push(error.clone());
                continue;
            };
            let Some(plugin) = self.plugin_mut(&owner.plugin) else { continue };
            match &owner.module {
                None => plugin.faults.push(error.clone()),
                Some(id) => {
                    let modules = plugin.modules.iter_mut().filter(|module| module.id == *id);
                    modules.for_each(|module| module.faults.push(error.clone()));
                }
            }
        }
    }

    /// All faults, those without an owner first.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let fault = |owner, error: &Error| Fault { owner, error: error.clone() };
        let mut all: Vec<_> = self.unowned.iter().map(|error| fault(None, error)).collect();
        for plugin in &self.plugins {
            let owner = |module| Some(Owner { plugin: plugin.id.clone(), module });
            all.extend(plugin.faults.iter().map(|error| fault(owner(None), error)));
            for module in &plugin.modules {
                all.extend(module.faults.iter().map(|error| fault(owner(Some(module.id.clone())), error)));
            }
        }
        all
    }

    pub(crate) fn metadata(&self, instance_id: Arc<str>) -> InstanceMetadata {
        InstanceMetadata::new(
            instance_id,
            self.plugins
                .iter()
                .map(|plugin| InstalledPlugin {
                    plugin_id: plugin.id.clone(),
                    modules: plugin.modules.iter().map(|module| module.id.clone()).collect(),
                })
                .collect(),
        )
    }
}

/// The faults of one owner as one error that stands for each.
pub(crate) fn one_error(faults: &[Error]) -> Option<Error> {
    faults.iter().cloned().reduce(Error::and)
}
