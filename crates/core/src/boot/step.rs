//! One part of a start, and what it waited for.

use std::{sync::Arc, time::Duration};

use crate::owner::Owner;

/// One part of a start. Times are counted from [`BootReport::began_at`](super::BootReport::began_at).
#[derive(Clone, Debug)]
pub struct Step {
    /// Its place in [`BootReport::steps`](super::BootReport::steps).
    pub id: StepId,
    /// What it is.
    pub kind: StepKind,
    /// Whose it is; `None` for the backend itself.
    pub owner: Option<Owner>,
    /// The service's id, the hook's name, the plugin's or module's id, where a loader was made.
    pub name: Arc<str>,
    /// What had to end before it could: the step that the one who asked for it had waited for last, then all that it asked
    /// for itself, in that order.
    pub waited_for: Vec<StepId>,
    /// When it was asked for.
    pub began: Duration,
    /// When its own function was called, its dependencies made; `None` as long as it waits, and if that failed.
    pub called: Option<Duration>,
    /// When it ended; `None` while it is at work.
    pub ended: Option<Duration>,
    /// Whether it ended with an error.
    pub failed: bool,
}

impl Step {
    /// How long it took, what it waited for included; `None` while it is at work.
    pub fn took(&self) -> Option<Duration> {
        Some(self.ended?.saturating_sub(self.began))
    }

    /// How long its own function took.
    pub fn worked(&self) -> Option<Duration> {
        Some(self.ended?.saturating_sub(self.called?))
    }
}

/// Which step of a start: a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepId(pub(super) usize);

impl StepId {
    /// The position, from 0.
    pub fn index(self) -> usize {
        self.0
    }
}

/// What a [`Step`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StepKind {
    /// The start as a whole, which waits for all others.
    Start,
    /// A feature loader.
    Loader,
    /// Register functions and the graph check.
    Graph,
    /// How to boot is decided: config is there, and the logger.
    Policy,
    /// A service is made.
    Service,
    /// What a factory makes once for all plugins is made.
    RootContext,
    /// A plugin: its eager services, its modules, its init.
    Plugin,
    /// A module, and its init.
    Module,
    /// A startup hook.
    StartupHook,
}

impl StepKind {
    /// A word for log fields.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Loader => "loader",
            Self::Graph => "graph",
            Self::Policy => "policy",
            Self::Service => "service",
            Self::RootContext => "rootContext",
            Self::Plugin => "plugin",
            Self::Module => "module",
            Self::StartupHook => "startupHook",
        }
    }
}
