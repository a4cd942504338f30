//! What a failure means, and how long things may take: values given to the boot, read from config elsewhere.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{BootObserver, Silent};
use crate::owner::Fault;

/// What a plugin's or module's failure means for the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The start fails, once all plugins have settled.
    #[default]
    Abort,
    /// The start goes on without it.
    Continue,
}

/// What a failed start means for the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStartFailure {
    /// It stops, and exits with code 1.
    #[default]
    Exit,
    /// It serves what did start until it is told to stop, as Node does; readiness stays 503.
    Serve,
}

/// `backend.startup`: who may fail.
///
/// ```
/// use greenroom_core::boot::{BootPolicy, OnFailure};
///
/// let policy = BootPolicy { plugin_default: OnFailure::Continue, ..BootPolicy::default() };
/// assert_eq!(policy.plugin("catalog"), OnFailure::Continue);
/// assert_eq!(policy.module("catalog", "github"), OnFailure::Abort);
/// ```
#[derive(Clone, Debug, Default)]
pub struct BootPolicy {
    /// For plugins that are not named.
    pub plugin_default: OnFailure,
    /// For modules that are not named; a plugin's permission does not cover its modules.
    pub module_default: OnFailure,
    /// By plugin id.
    pub plugins: HashMap<String, PluginPolicy>,
    /// What a failed start means.
    pub on_start_failure: OnStartFailure,
}

/// The policy of one plugin.
#[derive(Clone, Debug, Default)]
pub struct PluginPolicy {
    /// For the plugin itself.
    pub on_failure: Option<OnFailure>,
    /// By module id.
    pub modules: HashMap<String, OnFailure>,
}

impl BootPolicy {
    /// What the failure of a plugin means.
    pub fn plugin(&self, plugin: &str) -> OnFailure {
        self.plugins.get(plugin).and_then(|p| p.on_failure).unwrap_or(self.plugin_default)
    }

    /// What the failure of a module means.
    pub fn module(&self, plugin: &str, module: &str) -> OnFailure {
        let own = self.plugins.get(plugin).and_then(|p| p.modules.get(module));
        own.copied().unwrap_or(self.module_default)
    }
}

/// How long a hook of each phase, and the end of tasks, may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// 60 s.
    pub startup_hook: Duration,
    /// 10 s.
    pub before_shutdown_hook: Duration,
    /// 10 s.
    pub plugin_shutdown_hook: Duration,
    /// 10 s, for root shutdown hooks and later phases.
    pub shutdown_hook: Duration,
    /// 10 s, for background tasks to end.
    pub tasks: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let ten = Duration::from_secs(10);
        Self {
            startup_hook: Duration::from_secs(60),
            before_shutdown_hook: ten,
            plugin_shutdown_hook: ten,
            shutdown_hook: ten,
            tasks: ten,
        }
    }
}

/// All that a boot is told.
#[derive(Clone)]
pub struct Boot {
    /// Who may fail.
    pub policy: BootPolicy,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// Who is told what happens.
    pub observer: Arc<dyn BootObserver>,
    /// What is wrong with features by their [declarations](crate::Declare). One without an owner rejects the start.
    pub faults: Vec<Fault>,
}

impl Default for Boot {
    fn default() -> Self {
        Self {
            policy: BootPolicy::default(),
            deadlines: Deadlines::default(),
            observer: Arc::new(Silent),
            faults: Vec::new(),
        }
    }
}
