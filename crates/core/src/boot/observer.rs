//! What happens while a backend starts and stops, for whoever writes it down.

use std::{sync::Arc, time::Duration};

use greenroom_context::TaskFault;
use greenroom_errors::Error;

use super::{BootReport, BootResult, Step};
use crate::{
    lifecycle::Phase,
    owner::{Orphan, Owner},
    start_error::StartError,
};

/// One thing that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum BootEvent<'a> {
    /// The ids' own warnings, and what else is odd and tolerated.
    Warning(&'a str),
    /// A module whose plugin is not installed; it does not run.
    Orphan(&'a Orphan),
    /// Plugins begin to start; their ids, sorted.
    Started(&'a [Arc<str>]),
    /// Some are still at it: at 1, 2, 4, 7, 12, 20 … s, then each minute.
    Progress {
        /// Finished since the last time.
        newly: &'a [Arc<str>],
        /// Not finished.
        pending: &'a [Arc<str>],
    },
    /// All have finished.
    Completed {
        /// Finished since the last time.
        newly: &'a [Arc<str>],
    },
    /// A plugin or module failed.
    Failed {
        /// Which.
        owner: &'a Owner,
        /// Why.
        error: &'a Error,
        /// Whether policy permits it.
        allowed: bool,
        /// How many plugins are still starting.
        waiting_for: usize,
    },
    /// A plugin blames one of its modules for what it contributed.
    Reported {
        /// The module.
        owner: &'a Owner,
        /// What is wrong with it.
        error: &'a Error,
        /// Whether policy permits it.
        allowed: bool,
        /// The start was over already: it changes nothing.
        late: bool,
    },
    /// Hooks of a phase begin.
    HooksBegan {
        /// The plugin, or the backend itself.
        plugin: Option<&'a str>,
        /// Which phase.
        phase: Phase,
        /// How many.
        count: usize,
    },
    /// A hook has ended, or was given up.
    HookEnded {
        /// The plugin, or the backend itself.
        plugin: Option<&'a str>,
        /// Which phase.
        phase: Phase,
        /// The hook's name.
        name: &'a str,
        /// How long it took.
        took: Duration,
        /// Why it failed, if it did.
        error: Option<&'a Error>,
    },
    /// A step of the boot report is done.
    StepDone(&'a Step),
    /// The backend is up.
    Ready {
        /// How the start ended.
        result: &'a BootResult,
        /// What it did.
        report: &'a BootReport,
    },
    /// The start failed.
    StartFailed(&'a StartError),
    /// A signal asks the backend to stop, by its name, such as `SIGTERM`. A second one will end the process.
    Signal(&'a str),
    /// Something of this process asks the backend to stop, and why, such as `the child process has ended`. No signal came yet.
    StopAsked(&'a str),
    /// What a stop has been waiting for, for a second and longer: hooks as `plugin: name`, tasks as `plugin/name`.
    StopWaits(&'a [String]),
    /// A second signal, by its name: the process ends at once.
    Forced(&'a str),
    /// A background task panicked, or was spawned too late.
    TaskFault(&'a TaskFault),
    /// Background tasks that did not end in time, as `plugin/name`.
    TasksLeft(&'a [String]),
}

/// Told what happens, on whichever thread it happens.
pub trait BootObserver: Send + Sync + 'static {
    /// Something happened.
    fn on(&self, event: &BootEvent<'_>);

    /// Nothing more will come: write out what is held back. Called at most twice, before a process ends.
    fn close(&self) {}
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl BootObserver for Silent {
    fn on(&self, _: &BootEvent<'_>) {}
}
