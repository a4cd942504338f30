//! What the first process of a container owes to the others: it inherits whoever has lost its parent, such as the git and mkdocs
//! of a child, and has to take the status of those that end. Else each stays in the table of processes for ever.

use std::{collections::HashSet, io, time::Duration};

use greenroom_context::spawn;
use rustix::process::{Pid, WaitId, WaitIdOptions, getpid, waitid};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::{Target, proc};

/// Whoever has started a process in here has taken its status by then: what is left is nobody's.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether we are the first process.
pub fn is_pid_1() -> bool {
    getpid() == Pid::INIT
}

/// From here on, processes that come to be our children by the death of their parents leave nothing behind. To be called once,
/// and only where there is nobody else for that: see [`is_pid_1`].
///
/// The status of `child` is never taken, and that of any other process that we have started not before its own waiter had a
/// second to take it.
///
/// # Errors
/// When the system lets nobody serve SIGCHLD.
pub fn reap_orphans(child: &Target) -> io::Result<()> {
    let mut ends = signal(SignalKind::child())?;
    let child = child.clone();
    spawn("orphans", async move {
        while ends.recv().await.is_some() {
            let mut seen = HashSet::new();
            loop {
                sleep(PATIENCE).await;
                seen = look(&child, &seen);
                if seen.is_empty() {
                    break;
                }
            }
        }
    });
    Ok(())
}

/// Takes the status of those that were seen before, and returns the others that have ended.
fn look(child: &Target, before: &HashSet<Pid>) -> HashSet<Pid> {
    let mut seen = HashSet::new();
    if !has_any_ended() {
        return seen;
    }
    let (own, child) = (Some(getpid()), child.pid());
    for process in proc::all().into_iter().filter(|process| process.parent == own && process.is_zombie) {
        if child == Some(process.pid.as_raw_pid().cast_unsigned()) {
            continue;
        }
        if before.contains(&process.pid) {
            let _ = waitid(WaitId::Pid(process.pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        } else {
            seen.insert(process.pid);
        }
    }
    seen
}

/// Without a look at every process. Nothing is taken.
fn has_any_ended() -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(waitid(WaitId::All, options), Ok(Some(_)))
}
