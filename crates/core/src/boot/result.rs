//! How a start ended.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_errors::Error;

use crate::owner::Orphan;

/// How a start ended: the same facts as Backstage's start result.
#[derive(Clone, Debug)]
pub struct BootResult {
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

impl PluginResult {
    /// Its own failure, else that of one of its modules.
    pub fn any_failure(&self) -> Option<&Failure> {
        let of_modules = || self.modules.iter().find_map(|module| module.failure.as_ref());
        self.failure.as_ref().or_else(of_modules)
    }
}

/// Where a plugin is, with its modules.
#[derive(Clone, Debug)]
pub enum PluginState {
    /// Its start has not ended, or not in order: a failure is told once all plugins have settled.
    Starting,
    /// It serves.
    Started,
    /// It failed to start, or one of its modules did.
    Failed(Error),
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
