//! Whom a fault, a failure or a step belongs to.

use std::{fmt, sync::Arc};

use greenroom_errors::Error;

/// Whom a fault, a failure or a step belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The plugin.
    pub plugin: Arc<str>,
    /// One of its modules.
    pub module: Option<Arc<str>>,
}

/// Something wrong with the graph.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Whom it fails; `None` rejects the start.
    pub owner: Option<Owner>,
    /// What is wrong.
    pub error: Error,
}

impl Fault {
    /// Each thing that is wrong by itself, of an error that stands for [several](Error::each).
    pub fn each(self) -> impl Iterator<Item = Self> {
        let owner = self.owner;
        self.error.each().map(move |error| Self { owner: owner.clone(), error })
    }
}

/// As Backstage names it when a start fails.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, module } = self;
        match module {
            None => write!(f, "Plugin '{plugin}'"),
            Some(module) => write!(f, "Module '{module}' for plugin '{plugin}'"),
        }
    }
}

/// The error, after whom it fails.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(owner) = &self.owner {
            write!(f, "{owner}: ")?;
        }
        self.error.fmt(f)
    }
}

/// A module whose plugin is not installed: it does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The plugin that it extends.
    pub plugin: Arc<str>,
    /// The module.
    pub module: Arc<str>,
}
