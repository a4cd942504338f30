//! Why a start failed.

use std::sync::Arc;

use greenroom_errors::{Error, describe};

use crate::{
    boot::{BootResult, Failure, PluginResult},
    owner::{Fault, Owner},
};

/// Why a start failed. Its text is Backstage's.
#[derive(Debug)]
pub enum StartError {
    /// The graph is wrong; nothing ran. Every fault is listed, those with an owner too.
    Graph(Vec<Fault>),
    /// The boot policy could not be read, or the logger not be made.
    Boot(Error),
    /// What features declare is wrong, as the boot says. The faults are listed as those of a graph.
    Declared(Vec<Fault>),
    /// A root service could not be made.
    Service {
        /// Its id.
        id: &'static str,
        /// What its factory said, unchanged.
        error: Error,
    },
    /// Plugins or modules failed that may not (Backstage's `BackendStartupError`).
    Plugins(Arc<BootResult>),
}

impl StartError {
    /// As an error with Backstage's name, for the log.
    pub fn to_error(&self) -> Error {
        match self {
            Self::Boot(error) | Self::Service { error, .. } => error.clone(),
            Self::Graph(faults) | Self::Declared(faults) if faults.len() == 1 => faults[0].error.clone(),
            Self::Graph(_) | Self::Declared(_) => Error::new(self.to_string()),
            Self::Plugins(_) => Error::named("BackendStartupError", self.to_string()),
        }
    }

    /// Each thing that failed, with its owner; what policy permits is not among them.
    pub fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Boot(error) | Self::Service { error, .. } => {
                vec![Fault { owner: None, error: error.clone() }]
            }
            Self::Graph(faults) | Self::Declared(faults) => faults.clone(),
            Self::Plugins(result) => result.plugins.iter().flat_map(of_plugin).collect(),
        }
    }

    /// Whether it happened before there was anybody to tell: no observer, and so no log, knows of it.
    pub fn is_untold(&self) -> bool {
        matches!(self, Self::Graph(_) | Self::Boot(_))
    }
}

fn of_plugin(plugin: &PluginResult) -> impl Iterator<Item = Fault> {
    let owner = |module| Some(Owner { plugin: plugin.plugin_id.clone(), module });
    let own = plugin.failure.iter().map(move |failure| (owner(None), failure));
    let modules = plugin.modules.iter();
    let modules = modules.flat_map(move |module| {
        module.failure.iter().map(move |failure| (owner(Some(module.module_id.clone())), failure))
    });
    let all = modules.chain(own).filter(|(_, failure)| !failure.allowed);
    all.map(|(owner, failure)| Fault { owner, error: failure.error.clone() })
}

impl std::error::Error for StartError {}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let result = match self {
            Self::Boot(error) | Self::Service { error, .. } => return error.fmt(f),
            Self::Graph(faults) | Self::Declared(faults) => match &**faults {
                [one] => return one.error.fmt(f),
                _ => {
                    f.write_str("Backend startup failed due to the following errors:")?;
                    return faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"));
                }
            },
            Self::Plugins(result) => result,
        };
        f.write_str("Backend startup failed due to the following errors:")?;
        for plugin in &result.plugins {
            let id = &plugin.plugin_id;
            for module in &plugin.modules {
                let who = format!("Module '{}' for plugin '{id}'", module.module_id);
                line(f, &who, module.failure.as_ref())?;
            }
            line(f, &format!("Plugin '{id}'"), plugin.failure.as_ref())?;
        }
        Ok(())
    }
}

fn line(f: &mut std::fmt::Formatter<'_>, who: &str, failure: Option<&Failure>) -> std::fmt::Result {
    let Some(failure) = failure.filter(|failure| !failure.allowed) else { return Ok(()) };
    let seen = describe(&failure.error);
    write!(f, "\n  {who} startup failed; caused by {}: {}", seen.name, seen.message)
}
