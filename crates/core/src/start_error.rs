//! Why a start failed.

use std::sync::Arc;

use greenroom_errors::{Error, describe};

use crate::{
    boot::{BootResult, PluginResult},
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
        match (self, &*self.faults()) {
            (Self::Plugins(_), _) => Error::named("BackendStartupError", self.to_string()),
            (_, [only]) => only.error.clone(),
            _ => Error::new(self.to_string()),
        }
    }

    /// Each thing that failed by itself, with its owner; what policy permits is not among them.
    pub fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Boot(error) | Self::Service { error, .. } => {
                Fault { owner: None, error: error.clone() }.each().collect()
            }
            Self::Graph(faults) | Self::Declared(faults) => {
                faults.iter().cloned().flat_map(Fault::each).collect()
            }
            Self::Plugins(result) => result.plugins.iter().flat_map(of_plugin).collect(),
        }
    }

    /// Whether it happened before there was anybody to tell: no observer, and so no log, knows of it.
    pub fn is_untold(&self) -> bool {
        matches!(self, Self::Graph(_) | Self::Boot(_))
    }
}

/// Modules come first, as in Backstage's text.
fn of_plugin(plugin: &PluginResult) -> impl Iterator<Item = Fault> {
    let owner = |module| Some(Owner { plugin: plugin.plugin_id.clone(), module });
    let modules = plugin.modules.iter();
    let modules = modules.map(move |module| (owner(Some(module.module_id.clone())), module.failure.as_ref()));
    let all = modules.chain([(owner(None), plugin.failure.as_ref())]);
    let failed =
        all.filter_map(|(owner, failure)| Some((owner, failure.filter(|failure| !failure.allowed)?)));
    failed.flat_map(|(owner, failure)| Fault { owner, error: failure.error.clone() }.each())
}

impl std::error::Error for StartError {}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let faults = self.faults();
        if let (Self::Boot(_) | Self::Service { .. } | Self::Graph(_) | Self::Declared(_), [only]) =
            (self, &*faults)
        {
            return only.error.fmt(f);
        }
        f.write_str("Backend startup failed due to the following errors:")?;
        faults.iter().try_for_each(|fault| match (self, &fault.owner) {
            (Self::Plugins(_), Some(owner)) => {
                let seen = describe(&fault.error);
                write!(f, "\n  {owner} startup failed; caused by {}: {}", seen.name, seen.message)
            }
            _ => write!(f, "\n  {fault}"),
        })
    }
}
