//! What is seen of the Node backend from outside, because it is a child: its main thread, what its log costs, and its files.

use std::{
    mem::replace,
    sync::Arc,
    time::{Duration, Instant},
};

use greenroom::{config::Masks, context::spawn_blocking, logging::Logger, prelude::*};
use greenroom_plugin_gateway::Gateway;
use greenroom_proxy::{LookAtThread, MainThread, ThreadState};
use greenroom_wrap::{
    ChildCommand, Drift, MainThread as Seen, Output, Spent, ThreadState as Does, who_listens_on,
};
use parking_lot::Mutex;

/// Has the page and the JSON tell what its log costs and which of its files have changed. Whoever starts it tells the latter.
pub(super) fn tell(
    gateway: &Gateway,
    output: Option<&Output>,
    command: &ChildCommand,
    config: &RootConfig,
    logger: &Logger,
) -> Drift {
    if let Some((output, config)) = output.cloned().zip(Some(config.clone())) {
        gateway.set_log_spend(move || {
            let masks = config.masks();
            output.spend().into_iter().map(|of| masked(of, &masks)).collect()
        });
    }
    let logger = logger.clone();
    let on_drift = move |drifted: &greenroom_wrap::Drifted| {
        let (file, kind) = (drifted.file.display(), drifted.kind.as_str());
        let logger = logger.child(fields! { drift: kind, file: file.to_string() });
        logger.warn(format!("{file} has changed since the Node backend started, which may still run with what it was: restart it to be sure"));
    };
    let drift = Drift::start(command, Box::new(on_drift));
    let asked = drift.clone();
    gateway.set_drift(move || asked.drifted());
    drift
}

/// Whoever prints a line chooses its plugin.
fn masked(spent: Spent, masks: &Masks) -> Spent {
    Spent { plugin: spent.plugin.map(|plugin| masks.all(&plugin)), ..spent }
}

/// How the main thread is looked at of a child that listens there.
pub(super) fn main_thread(pid: u32, port: u16) -> LookAtThread {
    let listener = Arc::new(Listener { root: pid, port, known: Mutex::default() });
    Arc::new(move || {
        let Seen { cpu, state } = listener.main_thread()?;
        let state = match state {
            Does::Runs => ThreadState::Runs,
            Does::Waits => ThreadState::Waits,
            Does::Stopped => ThreadState::Stopped,
        };
        Some(MainThread { cpu, state })
    })
}

/// After so long without a look another process may have the number of the one that was looked at.
const TRUSTED: Duration = Duration::from_secs(1);

/// Who listens there: the child, or whatever it has started. A shell or a package manager may be in between, and a tool that watches
/// files starts Node again.
struct Listener {
    root: u32,
    port: u16,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    pid: Option<u32>,
    /// When it was found or looked at last.
    at: Option<Instant>,
    is_looked_for: bool,
}

impl Listener {
    /// Its main thread. `None` while it is looked for, beside who asks: at the first look in a while, and when it is gone. Nobody else is
    /// looked at in its place, who would be seen to wait.
    fn main_thread(self: &Arc<Self>) -> Option<Seen> {
        let mut known = self.known.lock();
        if known.at.replace(Instant::now()).is_none_or(|at| at.elapsed() >= TRUSTED) {
            known.pid = None;
        }
        let seen = known.pid.and_then(Seen::of);
        if seen.is_none() && !replace(&mut known.is_looked_for, true) {
            let asked = self.clone();
            drop(spawn_blocking("who listens", move || {
                let pid = who_listens_on(asked.root, asked.port);
                *asked.known.lock() = Known { pid, at: Some(Instant::now()), is_looked_for: false };
            }));
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, process::id};

    use super::*;

    fn listener(port: u16) -> Arc<Listener> {
        Arc::new(Listener { root: id(), port, known: Mutex::default() })
    }

    /// What is seen after a search that a look has begun.
    async fn seen(listener: &Arc<Listener>) -> Option<Seen> {
        assert_eq!(listener.main_thread(), None, "it is looked for");
        while listener.known.lock().is_looked_for {
            tokio::task::yield_now().await;
        }
        listener.main_thread()
    }

    #[tokio::test]
    async fn who_listens_is_looked_at_and_nobody_else_in_its_place() {
        let socket = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        assert!(seen(&listener(socket.local_addr().unwrap().port())).await.is_some());
        assert_eq!(seen(&listener(1)).await, None, "we do not listen there");
    }

    #[tokio::test]
    async fn who_listens_is_looked_for_again_once_it_is_gone_or_was_not_looked_at_for_long() {
        let socket = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let ours = listener(socket.local_addr().unwrap().port());
        assert!(seen(&ours).await.is_some());
        ours.known.lock().pid = Some(u32::MAX);
        assert!(seen(&ours).await.is_some(), "the one that was known is gone");
        let long_ago = Instant::now().checked_sub(TRUSTED).unwrap();
        *ours.known.lock() = Known { pid: Some(1), at: Some(long_ago), is_looked_for: false };
        assert!(seen(&ours).await.is_some());
        assert_eq!(ours.known.lock().pid, Some(id()), "the number may be another program's");
    }
}
