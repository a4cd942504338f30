//! What a start did, and how long each part took.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_errors::Error;

use crate::owner::{Orphan, Owner};

/// The timed result of a start. The same facts as Backstage's start result, and the times that it lacks.
#[derive(Clone, Debug)]
pub struct BootReport {
    /// When start was called.
    pub began_at: SystemTime,
    /// How long the start took, hooks included.
    pub took: Duration,
    /// Whether it succeeded; permitted failures count as success.
    pub outcome: Outcome,
    /// Plugins in order of completion; failed registrations come first.
    pub plugins: Vec<PluginResult>,
    /// Modules that did not run because their plugin is not installed.
    pub orphans: Vec<Orphan>,
    /// Every service, module, init and hook, in order of completion.
    pub steps: Vec<Step>,
}

/// Whether a start succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No failure, or permitted ones.
    Success,
    /// Something that may not fail failed.
    Failure,
}

/// How one plugin fared.
#[derive(Clone, Debug)]
pub struct PluginResult {
    /// Its id.
    pub plugin_id: Arc<str>,
    /// When its init was called, its dependencies made; `None` if it failed before or has none.
    pub begin_at: Option<SystemTime>,
    /// When its init ended.
    pub result_at: SystemTime,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// Its modules, in order of completion.
    pub modules: Vec<ModuleResult>,
}

/// How one module fared.
#[derive(Clone, Debug)]
pub struct ModuleResult {
    /// Its id.
    pub module_id: Arc<str>,
    /// When its init was called, its dependencies made; `None` if it failed before or has none.
    pub begin_at: Option<SystemTime>,
    /// When its init ended.
    pub result_at: SystemTime,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

/// A failure, and whether policy permits it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: Error,
    /// Whether the start goes on.
    pub allowed: bool,
}

/// One timed part of a start.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it was.
    pub kind: StepKind,
    /// Whose it was; `None` for the backend itself.
    pub owner: Option<Owner>,
    /// The service's id, the hook's name, or the plugin's or module's id.
    pub name: String,
    /// When it began, counted from [`BootReport::began_at`].
    pub began: Duration,
    /// How long it took, what it waited for included.
    pub took: Duration,
    /// Whether it succeeded.
    pub ok: bool,
}

/// What a [`Step`] was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Register functions and the graph check.
    Graph,
    /// A service was made.
    Service,
    /// A module's init.
    Module,
    /// A plugin's init.
    Plugin,
    /// A startup hook.
    StartupHook,
}

impl StepKind {
    /// A word for log fields.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Service => "service",
            Self::Module => "module",
            Self::Plugin => "plugin",
            Self::StartupHook => "startupHook",
        }
    }
}
