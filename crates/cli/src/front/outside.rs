//! What is seen of the Node backend from outside, because it is a child: its main thread, what its log costs, and its files.

use std::sync::{Arc, OnceLock};

use greenroom::{context::spawn_blocking, logging::Logger, prelude::*};
use greenroom_plugin_gateway::{Drifted, Gateway, LogSpend};
use greenroom_proxy::{LookAtThread, MainThread, ThreadState};
use greenroom_wrap::{
    ChildCommand, Drift, MainThread as Seen, Output, Spent, ThreadState as Does, who_listens_on,
};

/// Has the page and the JSON tell what its log costs and which of its files have changed. Whoever starts it tells the latter.
pub(super) fn tell(
    gateway: &Gateway,
    output: Option<&Output>,
    command: &ChildCommand,
    logger: &Logger,
) -> Drift {
    if let Some(output) = output.cloned() {
        gateway.set_log_spend(move || output.spend().into_iter().map(spent).collect());
    }
    let logger = logger.clone();
    let on_drift = move |drifted: &greenroom_wrap::Drifted| {
        let (file, kind) = (drifted.file.display(), drifted.kind.as_str());
        let logger = logger.child(fields! { drift: kind, file: file.to_string() });
        logger.warn(format!("{file} has changed since the Node backend started, which may still run with what it was: restart it to be sure"));
    };
    let drift = Drift::start(command, Box::new(on_drift));
    let asked = drift.clone();
    gateway.set_drift(move || asked.drifted().into_iter().map(drifted).collect());
    drift
}

fn spent(Spent { plugin, level, records, bytes, recent_records, recent_bytes }: Spent) -> LogSpend {
    LogSpend { plugin, level, records, bytes, recent_records, recent_bytes }
}

fn drifted(greenroom_wrap::Drifted { file, kind, since }: greenroom_wrap::Drifted) -> Drifted {
    Drifted { file, kind: kind.as_str(), since }
}

/// How the main thread is looked at of a child that listens there. A shell or a package manager may be in between: who listens is looked
/// for once, beside who asks.
pub(super) fn main_thread(pid: u32, port: u16) -> LookAtThread {
    let listens = Arc::new(OnceLock::new());
    let is_looked_for = OnceLock::new();
    Arc::new(move || {
        if is_looked_for.set(()).is_ok() {
            let found = listens.clone();
            drop(spawn_blocking("who listens", move || {
                let _ = found.set(who_listens_on(pid, port).unwrap_or(pid));
            }));
        }
        let Seen { cpu, state } = Seen::of(*listens.get()?)?;
        let state = match state {
            Does::Runs => ThreadState::Runs,
            Does::Waits => ThreadState::Waits,
            Does::Stopped => ThreadState::Stopped,
        };
        Some(MainThread { cpu, state })
    })
}
