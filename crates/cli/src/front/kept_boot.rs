//! Keeps how each start of a Node backend that we run went, beside our own starts: for `greenroom boot`, `why` and `probes`.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom::logging::Logger;
use greenroom_boot_document::{BootDocument, KeptBoots};
use greenroom_node_log::facts::{NodeBoot, Outcome};
use greenroom_plugin_gateway::Gateway;
use greenroom_wrap::{LastExit, State};
use parking_lot::Mutex;
use tokio::{sync::Notify, time::timeout};

/// A start that goes on is looked at so often: no line comes once Node is ready.
const STARTING: Duration = Duration::from_secs(2);

/// The same once it is over: a tool that watches files may start Node again, in the same process.
const STARTED: Duration = Duration::from_secs(20);

/// Keeps each start once.
#[derive(Clone)]
pub(super) struct Keeper(Arc<Inner>);

struct Inner {
    gateway: Gateway,
    boots: KeptBoots,
    logger: Logger,
    /// When the start began that was kept last.
    kept: Mutex<Option<SystemTime>>,
    begins: Notify,
}

impl Keeper {
    pub(super) fn new(gateway: Gateway, data_dir: &Path, logger: Logger) -> Self {
        let (boots, begins) = (KeptBoots::in_dir(data_dir), Notify::new());
        Self(Arc::new(Inner { gateway, boots, logger, kept: Mutex::default(), begins }))
    }

    /// Notes a state of the process, and how it has ended: it may have ended before anybody looked. Blocks: on a small file.
    pub(super) fn note(&self, state: &State, exit: Option<&LastExit>) {
        match state {
            State::Starting { .. } | State::Running { .. } => self.0.begins.notify_one(),
            State::Ended { .. } | State::Failed { .. } => {
                let boot = self.0.gateway.boot();
                let Some((boot, exit)) = boot.zip(exit).filter(|(boot, exit)| is_over(boot, exit)) else {
                    return;
                };
                let why = exit.detail.as_deref().unwrap_or(&exit.sentence);
                self.keep(&boot, BootDocument::of_node(&boot).cut_off(why));
            }
        }
    }

    /// Looks at the starts of processes that stay.
    pub(super) async fn run(self) {
        let mut before = None;
        loop {
            let boot = self.0.gateway.boot();
            let is_settled = match boot.as_ref().map(NodeBoot::outcome) {
                Some(Outcome::Started(_)) => true,
                // Others may fail after the first one.
                Some(Outcome::Failed(_)) => boot == before,
                Some(Outcome::Starting) | None => false,
            };
            if let Some(boot) = boot.as_ref().filter(|_| is_settled) {
                self.keep(boot, BootDocument::of_node(boot));
            }
            before = boot;
            // It begins anew at once, or is looked at anyway.
            let _ = timeout(if is_settled { STARTED } else { STARTING }, self.0.begins.notified()).await;
        }
    }

    fn keep(&self, boot: &NodeBoot, document: BootDocument) {
        let mut kept = self.0.kept.lock();
        if kept.replace(boot.began_at) == Some(boot.began_at) {
            return;
        }
        if let Err(error) = self.0.boots.push(document) {
            // Nothing is lost but a comparison.
            self.0.logger.debug(format!("How the Node backend started is not kept: {error}"));
        }
    }
}

/// Whether there is a start to keep of a process that has ended. Where no line told of plugins, nobody knows whether it had started.
fn is_over(boot: &NodeBoot, exit: &LastExit) -> bool {
    match boot.outcome() {
        Outcome::Started(_) | Outcome::Failed(_) => true,
        Outcome::Starting => exit.is_failure() && (boot.plugins_at.is_some() || boot.rejection.is_some()),
    }
}
